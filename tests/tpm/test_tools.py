"""Programs that wait for the TPM: a slow one is waited for, one that hangs is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import TpmError
from appliance.tpm import tools


def _program(folder: Path, lines: str) -> str:
    program = folder / "tpm2_stand_in"
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)
    return str(program)


def test_a_tool_that_takes_its_time_is_waited_for(tmp_path: Path) -> None:
    done = tools.run(_program(tmp_path, "sleep 1; cat; exit 3"), data=b"answer")
    assert (done.returncode, done.stdout) == (3, b"answer")


def test_a_tool_that_hangs_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "LONGEST", 0.2)
    with pytest.raises(TpmError):
        tools.run(_program(tmp_path, "exec sleep infinity"))


def test_a_tool_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TpmError):
        tools.run(str(tmp_path / "none"))
