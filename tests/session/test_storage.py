"""The settings of a policy reach the keepers, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from appliance.errors import PolicyError
from appliance.keeper import settings
from appliance.keeper.volume import Backing, LuksVolume, MemoryVolume, Volume
from appliance.policy.load import load
from appliance.policy.policy import Workspace
from appliance.session.storage import as_line
from tests.keeper.standins import DEVICE, as_devices

ON_A_DEVICE = f"workspace: {{backing: device, device: {DEVICE}, size_mib: 64}}\n"


@pytest.fixture(autouse=True)
def _files_of_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a keeper looks; the device that root names is a block device."""
    monkeypatch.setattr(settings, "SETTINGS", tmp_path / "storage")
    monkeypatch.setattr(settings, "DEVICE", tmp_path / "workspace-device")
    (tmp_path / "workspace-device").write_text(f"{DEVICE}\n")
    as_devices(monkeypatch, DEVICE)


def _volume(tmp_path: Path, policy: str) -> Volume:
    file = tmp_path / "policy.yaml"
    file.write_text(policy)
    settings.SETTINGS.write_text(as_line(load(file), settings.DEVICE))
    return settings.volume_of("w2")


def test_a_sparse_file(tmp_path: Path) -> None:
    volume = _volume(tmp_path, "workspace: {size_mib: 64, inodes: 1000}")
    assert isinstance(volume, LuksVolume)
    assert volume.backing == Backing(Path("/var/lib/appliance/workspace/w2"), 64 << 20)
    assert (volume.inodes, volume.discards) == (1000, True)


def test_a_segment_of_a_device(tmp_path: Path) -> None:
    volume = _volume(tmp_path, f"{ON_A_DEVICE}wipe: {{method: cryptographic-erase}}")
    assert isinstance(volume, LuksVolume)
    assert volume.backing == Backing(Path(DEVICE), 64 << 20, 128 << 20, device=True)
    assert not volume.discards


@pytest.mark.parametrize("named", [None, "", "/dev/vg/another", f"{DEVICE}2"])
def test_a_device_that_root_has_not_allowed_is_refused(tmp_path: Path, named: str | None) -> None:
    if named is None:
        settings.DEVICE.unlink()
    else:
        settings.DEVICE.write_text(named)
    with pytest.raises(PolicyError):
        _volume(tmp_path, ON_A_DEVICE)


def test_memory(tmp_path: Path) -> None:
    volume = _volume(tmp_path, "workspace: {backend: memory, size_mib: 64}")
    assert isinstance(volume, MemoryVolume)
    assert volume.size == 64 << 20


def test_a_keeper_has_the_bounds_of_a_policy() -> None:
    types = get_type_hints(Workspace, include_extras=True)
    for name, allowed in (("size_mib", settings.SIZE_MIB), ("inodes", settings.INODES)):
        _, bounds = get_args(types[name])
        assert (allowed[0], allowed[-1]) == (bounds.ge, bounds.le)


@pytest.mark.parametrize("edge", [0, -1])
def test_the_largest_and_the_smallest_settings_are_understood(tmp_path: Path, edge: int) -> None:
    size_mib, inodes = settings.SIZE_MIB[edge], settings.INODES[edge]
    volume = _volume(tmp_path, f"workspace: {{size_mib: {size_mib}, inodes: {inodes}}}")
    assert isinstance(volume, LuksVolume)
    assert (volume.backing.size, volume.inodes) == (size_mib << 20, inodes)
