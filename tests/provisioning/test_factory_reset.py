"""With a LUKS2 volume in a file, which cryptsetup itself opens before and does not open after."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.provisioning.factory_reset import FactoryReset, run
from appliance.provisioning.problem import ProvisionError

PASSWORD = b"correct"


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    path = tmp_path / "var"
    path.write_bytes(bytes(32 << 20))
    cheap = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
    subprocess.run(
        ["/usr/sbin/cryptsetup", "luksFormat", "-q", "--type", "luks2", *cheap, str(path), "-"],
        input=PASSWORD,
        check=True,
    )
    return path


def opens(volume: Path) -> bool:
    command = ["/usr/sbin/cryptsetup", "open", "--test-passphrase", "--key-file", "-", str(volume)]
    return subprocess.run(command, input=PASSWORD, check=False).returncode == 0


def reset(volume: Path, tmp_path: Path, refuse: str = "") -> tuple[FactoryReset, list[str]]:
    """``refuse``: the word of cryptsetup or systemctl that fails."""
    done: list[str] = []

    def counted(command: Sequence[str]) -> int:
        done.append(command[1])
        if command[1] == refuse:
            return 1
        return 0 if command[0] == "systemctl" else run(command)

    return FactoryReset(volume, tmp_path / "efivars/FactoryReset", counted), done


def test_after_a_reset_no_password_opens_the_volume(volume: Path, tmp_path: Path) -> None:
    (tmp_path / "efivars").mkdir()
    machine, done = reset(volume, tmp_path)
    assert opens(volume)
    machine.erase()
    assert not opens(volume)
    # As systemd-repart of systemd 257 reads it: attributes, and a word in UTF-16 with its end.
    raw = (tmp_path / "efivars/FactoryReset").read_bytes()
    assert raw[:4] == b"\x07\0\0\0"
    assert raw[4:].decode("utf-16-le") == "yes\0"
    machine.restart()
    assert done == ["isLuks", "erase", "reboot"]


def test_the_request_comes_before_the_erasure(volume: Path, tmp_path: Path) -> None:
    machine, _ = reset(volume, tmp_path)
    with pytest.raises(ProvisionError, match="keeps no variables"):
        machine.erase()
    assert opens(volume)
    (tmp_path / "efivars").mkdir()
    machine, _ = reset(volume, tmp_path, refuse="erase")
    with pytest.raises(ProvisionError, match="were not erased"):
        machine.erase()
    assert (tmp_path / "efivars/FactoryReset").exists()
    # Once more, with the request that is there already.
    reset(volume, tmp_path)[0].erase()
    assert not opens(volume)


def test_a_machine_without_such_a_volume_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "efivars").mkdir()
    (tmp_path / "plain").write_bytes(bytes(1 << 20))
    for path in (tmp_path / "plain", tmp_path / "none"):
        with pytest.raises(ProvisionError, match="no encrypted volume"):
            reset(path, tmp_path)[0].erase()
    assert not (tmp_path / "efivars/FactoryReset").exists()


def test_a_restart_that_fails_is_said(volume: Path, tmp_path: Path) -> None:
    machine, _ = reset(volume, tmp_path, refuse="reboot")
    with pytest.raises(ProvisionError, match="does not restart"):
        machine.restart()
