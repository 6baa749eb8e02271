"""Who takes over the parser of policies prints anything: root chooses among known things.

Two programs without privileges print what systemd keeps as files: ``appliance-storage.service``
for keepers, ``appliance-gpu.service`` for the workers' unit.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from appliance.errors import SessionError
from appliance.keeper import settings
from appliance.keeper.volume import Backing, LuksVolume
from tests.keeper.standins import DEVICE, as_devices
from tests.paths import REPOSITORY

UNITS = REPOSITORY / "hardening/systemd"
SOUND = "luks file 64 1000 discard\n"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What the one program printed; root has named a device."""
    monkeypatch.setattr(settings, "SETTINGS", tmp_path / "storage")
    monkeypatch.setattr(settings, "DEVICE", tmp_path / "workspace-device")
    (tmp_path / "workspace-device").write_text(f"{DEVICE}\n")
    as_devices(monkeypatch, DEVICE, "/dev/sda")
    (tmp_path / "storage").write_text(SOUND)
    return tmp_path / "storage"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BACKEND=luks\nDEVICE=/dev/sda\nSIZE_MIB=64\nINODES=1000\nDISCARDS=yes\n",
        "LD_PRELOAD=/tmp/x.so\n" + SOUND,
        SOUND + "LD_PRELOAD=/tmp/x.so\n",
        SOUND + SOUND,
        SOUND.strip(),
        "luks /dev/sda 64 1000 discard\n",
        "luks device:/dev/sda 64 1000 discard\n",
        "luks file 63 1000 discard\n",
        "luks file 67108865 1000 discard\n",
        "luks file 64 999 discard\n",
        "luks file 64 100000001 discard\n",
        "luks file -64 1000 discard\n",
        "luks file \uff16\uff14 1000 discard\n",
        "luks file 64 1000 Discard\n",
        "luks file 64 1000 discard\r\n",
        "memory file 64,uid=0 1000 discard\n",
        "luks file " + "9" * 10_000 + " 1000 discard\n",
        "\0" * 300,
    ],
)
def test_a_keeper_takes_known_words_and_bounded_numbers_only(printed: Path, text: str) -> None:
    # The control: the sound line, in the same place, is taken.
    assert isinstance(settings.volume_of("w0"), LuksVolume)
    printed.write_text(text)
    with pytest.raises(SessionError):
        settings.volume_of("w0")


def test_bytes_that_are_no_text_are_refused(printed: Path) -> None:
    printed.write_bytes(b"\xff" + SOUND.encode())
    with pytest.raises(SessionError):
        settings.volume_of("w0")


def test_the_device_that_is_overwritten_is_the_one_that_root_named(printed: Path) -> None:
    printed.write_text("luks device 64 1000 discard\n")
    volume = settings.volume_of("w1")
    assert isinstance(volume, LuksVolume)
    assert volume.backing == Backing(Path(DEVICE), 64 << 20, 64 << 20, device=True)


@pytest.mark.parametrize("named", ["/etc/passwd", "dev/sda", "", "/dev/sda /dev/sdb"])
def test_what_root_named_must_be_a_block_device(printed: Path, named: str) -> None:
    printed.write_text("luks device 64 1000 discard\n")
    settings.DEVICE.write_text(named)
    with pytest.raises(SessionError, match="no block device"):
        settings.volume_of("w0")


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_device_named_in_a_file_that_others_can_write_is_refused(
    printed: Path, mode: int
) -> None:
    printed.write_text("luks device 64 1000 discard\n")
    settings.DEVICE.chmod(0o644)
    settings.volume_of("w0")
    settings.DEVICE.chmod(mode)
    with pytest.raises(SessionError, match="Others than root"):
        settings.volume_of("w0")


def test_a_device_named_in_another_user_s_file_or_behind_a_link_is_refused(printed: Path) -> None:
    printed.write_text("luks device 64 1000 discard\n")
    os.chown(settings.DEVICE, 64_007, 64_007)
    with pytest.raises(SessionError, match="Others than root"):
        settings.volume_of("w0")
    os.chown(settings.DEVICE, 0, 0)
    settings.volume_of("w0")
    real = settings.DEVICE.rename(printed.parent / "real")
    settings.DEVICE.symlink_to(real)
    with pytest.raises(SessionError, match="missing"):
        settings.volume_of("w0")


@pytest.mark.parametrize(
    "text", ["yes\n", "[Service]\nExecStartPre=+/bin/sh\n", "$(touch x)", "x" * 4096]
)
def test_what_is_printed_about_a_gpu_never_reaches_the_workers_unit(
    tmp_path: Path, text: str
) -> None:
    """The command of appliance-devices.service runs, with its files in a folder of the test."""
    service = (UNITS / "appliance-devices.service").read_text()
    (command,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", service, re.MULTILINE)
    asked = tmp_path / "gpu"
    installed = UNITS / "appliance-worker@.service.d/gpu.if-allowed"
    for path, place in (
        ("/run/appliance/gpu", asked),
        ("/usr/lib/systemd/system/appliance-worker@.service.d/gpu.if-allowed", installed),
    ):
        assert path in command
        command = command.replace(path, os.fspath(place))
    outputs = []
    for printed in (text, ""):
        asked.write_text(printed)
        outputs.append(subprocess.check_output(["/bin/sh", "-c", command], cwd=tmp_path))
    assert outputs == [installed.read_bytes(), b""]
    assert list(tmp_path.iterdir()) == [asked]


def _settings(unit: Path, *names: str) -> set[str]:
    found = re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE)
    return {value for name, value in found if name in names}


def test_no_unit_has_its_environment_from_a_file_but_the_one_that_a_keeper_writes() -> None:
    files = {
        unit.name: value
        for unit in UNITS.rglob("*.service")
        for value in _settings(unit, "EnvironmentFile", "PassEnvironment")
    }
    assert files == {"appliance-workspace@.service": "/run/appliance/%i.mount"}


def test_what_units_print_into_files_is_bounded_and_these_are_all() -> None:
    files = {
        value: unit
        for unit in UNITS.rglob("*.service")
        for value in _settings(unit, "StandardOutput", "StandardError")
        if ":" in value
    }
    assert files.keys() == {
        # Checked by keeper/settings.py.
        "truncate:/run/appliance/storage",
        # Not read by anything: only its size counts.
        "truncate:/run/appliance/gpu",
        # The workers' drop-in, copied by a process that reads no policy.
        "truncate:/run/appliance/worker-devices.conf",
    }
    for unit in files.values():
        assert _settings(unit, "LimitFSIZE") == {"4K"}
    copies = files["truncate:/run/appliance/worker-devices.conf"].read_text()
    assert "policy.yaml" not in copies
    assert "python" not in copies
