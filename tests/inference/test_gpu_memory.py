"""Free memory of the GPUs, from a stand-in for the driver's tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.inference.gpu_memory import least_free_mib


@pytest.mark.parametrize(
    ("printed", "free"),
    [
        ("echo 11019; echo 143771", 11019),
        ("echo 11019; exit 9", None),
        ("echo '[N/A]'", None),
        ("true", None),
    ],
)
def test_the_fullest_gpu_counts_and_malformed_output_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, free: int | None
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f'#!/bin/sh\n[ "$1" = --query-gpu=memory.free ] || exit 1\n{printed}\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert least_free_mib() == free


def test_without_the_tool_the_free_memory_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert least_free_mib() is None
