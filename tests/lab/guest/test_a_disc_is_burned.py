"""The burner and its unit, with a drive and a blank disc; outside, the disc is read once more."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from appliance.protocols import burner_api as api
from appliance.wire.client import Client
from appliance.wire.message import CallError
from tests.lab.guest.visitor import shell

SOCKET = Path("/run/appliance/burner.sock")
DRIVE = Path("/dev/sr0")
RELEASE = Path(__file__).parent / "release"
BURN = api.Burn("RELEASE_12_AND_1_MORE", 1_764_500_000)


def burn() -> list[api.Burning]:
    client = Client.to(SOCKET)
    folder = os.open(RELEASE, os.O_RDONLY | os.O_DIRECTORY)
    try:
        answers = client.follow(f"{api.NAME}.Burn", BURN, gives=api.Burning, descriptors=[folder])
        return [answer for answer, _ in answers]
    finally:
        os.close(folder)
        client.close()


def test_only_the_burner_can_write_the_drive() -> None:
    shell("udevadm settle")
    status = DRIVE.stat()
    assert shell(f"stat -c '%U %G %a' {DRIVE}") == "appliance-burner appliance-disc 640"
    assert stat.S_ISBLK(status.st_mode)
    for user, code in (
        ("appliance-burner", "0"),
        ("appliance-disc", "1"),
        ("appliance-kiosk", "1"),
    ):
        tried = f"setpriv --reuid {user} --regid {user} --clear-groups test -w {DRIVE}; echo $?"
        assert shell(tried) == code


def test_only_the_broker_reaches_the_burner() -> None:
    assert shell(f"stat -c '%U %G %a' {SOCKET}") == "appliance-broker root 600"


def test_a_folder_is_burned_closed_and_read_back() -> None:
    *parts, last = burn()
    assert parts
    # Read outside, by what the disc is compared with there.
    print(f"burned {last.sha256} {last.size}")
    toc = shell(f"xorriso -no_rc -outdev {DRIVE} -toc 2>&1", check=False)
    assert "is written , is closed" in toc


def test_there_is_no_second_session() -> None:
    with pytest.raises(CallError) as refused:
        burn()
    assert refused.value.error == api.error_name("NotBlank")
    shell("systemctl is-active appliance-burner.service")
