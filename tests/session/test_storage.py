"""The settings of a policy reach the keepers."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.keeper.__main__ import volume_of
from appliance.keeper.volume import Backing, LuksVolume, MemoryVolume, Volume
from appliance.policy.load import load
from appliance.session.storage import as_environment


def _volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str) -> Volume:
    file = tmp_path / "policy.yaml"
    file.write_text(policy)
    for line in as_environment(load(file)).splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    return volume_of("w2")


def test_a_sparse_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = _volume(tmp_path, monkeypatch, "workspace: {size_mib: 64, inodes: 1000}")
    assert isinstance(volume, LuksVolume)
    assert volume.backing == Backing(Path("/var/lib/appliance/workspace/w2"), 64 << 20)
    assert (volume.inodes, volume.discards) == (1000, True)


def test_a_segment_of_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = _volume(
        tmp_path,
        monkeypatch,
        "workspace: {backing: device, device: /dev/vg/lv, size_mib: 64}\n"
        "wipe: {method: cryptographic-erase}",
    )
    assert isinstance(volume, LuksVolume)
    assert volume.backing == Backing(Path("/dev/vg/lv"), 64 << 20, 128 << 20, device=True)
    assert not volume.discards


def test_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = _volume(tmp_path, monkeypatch, "workspace: {backend: memory, size_mib: 64}")
    assert isinstance(volume, MemoryVolume)
    assert volume.size == 64 << 20
