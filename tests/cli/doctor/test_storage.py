"""The TPM and the backend of workspaces: there, and not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli.doctor import storage
from appliance.policy.load import load
from appliance.policy.policy import Policy
from tests.cli.doctor.conftest import failing


def _policy(root: Path, workspace: str) -> Policy:
    file = root / "policy.yaml"
    file.write_text(f"workspace: {{{workspace}}}\n")
    return load(file)


@pytest.fixture
def crypt(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A kernel that encrypts, and the tools; the targets of its device-mapper."""
    (root / "proc/devices").write_text("Block devices:\n  7 loop\n254 device-mapper\n")
    (root / "usr/sbin").mkdir()
    for program in ("cryptsetup", "dmsetup", "mke2fs", "debugfs", "blkdiscard"):
        (root / "usr/sbin" / program).touch()
    targets = ["crypt            v1.28.0", "linear           v1.5.0"]
    monkeypatch.setattr(storage, "run_tool", lambda *_: (0, "\n".join(targets)))
    return targets


@pytest.mark.usefixtures("crypt")
def test_a_correct_machine_passes(root: Path) -> None:
    assert failing(list(storage.storage_checks(root, _policy(root, "backend: luks")))) == {}


def test_missing_dm_crypt_is_reported(root: Path, crypt: list[str]) -> None:
    del crypt[0]
    (root / "proc/devices").write_text("Block devices:\n  7 loop\n")
    (root / "usr/sbin/cryptsetup").unlink()
    found = failing(list(storage.storage_checks(root, _policy(root, "backend: luks"))))
    for expected in ("no device-mapper", "does not encrypt", "cryptsetup is not installed"):
        assert expected in found["dm-crypt"]


@pytest.mark.usefixtures("crypt")
def test_a_missing_tpm_is_reported(root: Path) -> None:
    (root / "dev/tpmrm0").unlink()
    found = failing(list(storage.storage_checks(root, _policy(root, "backend: luks"))))
    assert list(found) == ["TPM"]
    assert "anyone with the disk" in found["TPM"]


@pytest.mark.usefixtures("crypt")
def test_a_device_that_is_not_allowed_missing_or_no_block_device_is_reported(root: Path) -> None:
    policy = _policy(root, "backing: device, device: /dev/vg/lv")
    assert "has not named it" in failing(list(storage.storage_checks(root, policy)))["device"]
    (root / "etc/appliance").mkdir(parents=True, exist_ok=True)
    (root / "etc/appliance/workspace-device").write_text("/dev/vg/lv\n")
    assert "has not named" not in failing(list(storage.storage_checks(root, policy)))["device"]
    assert "does not exist" in failing(list(storage.storage_checks(root, policy)))["device"]
    (root / "dev/vg").mkdir(parents=True)
    (root / "dev/vg/lv").touch()
    assert "not a block device" in failing(list(storage.storage_checks(root, policy)))["device"]


def test_the_memory_backend_needs_tmpfs(root: Path) -> None:
    policy = _policy(root, "backend: memory")
    (root / "proc/filesystems").write_text("nodev\tsysfs\nnodev\ttmpfs\n\text4\n")
    assert failing(list(storage.storage_checks(root, policy))) == {}
    (root / "proc/filesystems").write_text("\text4\n")
    assert failing(list(storage.storage_checks(root, policy))) == {
        "memory": "the kernel has no tmpfs"
    }
