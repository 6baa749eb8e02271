"""A disc from outside in a drive: read in user space, by the kiosk's user alone, into a session."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.protocols import disc_api as api
from appliance.protocols import worker_api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from tests.lab.guest.visitor import Broker, all_events, connection, shell, until

SOCKET = Path("/run/appliance/disc.sock")
DRIVE = Path("/dev/sr0")
PATIENT = "Jane Canary"


def files(disc: Client) -> dict[str, api.File]:
    answer, _ = disc.call(f"{api.NAME}.List", api.List(), gives=api.Files)
    return {file.name: file for file in answer.files}


def opened(disc: Client, number: int) -> tuple[int, int]:
    answer, (descriptor,) = disc.call(
        f"{api.NAME}.Open", api.Open(number), gives=api.Opened, attached=1
    )
    return answer.size, descriptor


def as_user(user: str, command: str) -> bool:
    inner = f"setpriv --reuid {user} --regid {user} --clear-groups {command} >/dev/null 2>&1"
    return shell(f"{inner}; echo $?") == "0"


def test_the_kernel_reads_no_file_system_of_a_disc() -> None:
    shell("udevadm settle")
    # The control: the drive is there, with a disc in it.
    assert b"CD001" in DRIVE.read_bytes()[: 1 << 16]
    for name in ("isofs", "udf"):
        assert shell(f"modprobe {name} >/dev/null 2>&1; echo $?") != "0"
    known = Path("/proc/filesystems").read_text().split()
    assert "ext4" in known
    assert not {"iso9660", "udf"} & set(known)
    for kind in ("iso9660", "udf"):
        assert shell(f"mount -t {kind} -o ro {DRIVE} /mnt 2>/dev/null; echo $?") != "0"
    # Nor has udev looked into it.
    assert "ID_FS_TYPE" not in shell(f"udevadm info {DRIVE}")


def test_the_drive_is_read_by_the_disc_reader_and_written_by_the_burner() -> None:
    assert shell(f"stat -c '%U %G %a' {DRIVE}") == "appliance-burner appliance-disc 640"
    for user, reads, writes in (
        ("appliance-disc", True, False),
        ("appliance-burner", True, True),
        ("appliance-kiosk", False, False),
        ("appliance-broker", False, False),
        ("appliance-w0", False, False),
    ):
        assert as_user(user, f"test -r {DRIVE}") is reads, user
        assert as_user(user, f"test -w {DRIVE}") is writes, user


def test_only_the_kiosk_reaches_the_disc_reader() -> None:
    assert shell(f"stat -c '%U %G %a' {SOCKET}") == "appliance-kiosk root 600"
    call = f"""python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("{SOCKET}")'"""
    assert as_user("appliance-kiosk", call)
    for user in ("appliance-broker", "appliance-burner", "appliance-w0", "nobody"):
        assert not as_user(user, call), user


def test_a_photo_of_the_disc_becomes_an_item(broker: Broker) -> None:
    disc = Client.to(SOCKET)
    found = files(disc)
    assert set(found) == {f"/{PATIENT}/1.jpg", "/README"}
    session, handed = broker.open()
    worker = Client(Connection(connection(handed)))
    size, photo = opened(disc, found[f"/{PATIENT}/1.jpg"].number)
    disc.close()
    taken, _ = worker.call(
        f"{worker_api.NAME}.Import",
        worker_api.Import("source", "form 1", size, "disc"),
        gives=worker_api.Imported,
        descriptors=[photo],
    )
    os.close(photo)
    assert (taken.media, taken.width > 100) == ("photo", True)
    faces, _ = worker.call(
        f"{worker_api.NAME}.Inspect", worker_api.Inspect(taken.item), gives=worker_api.Faces
    )
    assert len(faces.faces) == 1
    worker.close()
    events = [event for event in all_events() if event.get("session") == session]
    (imported,) = [event for event in events if event["kind"] == "media-imported"]
    assert (imported["origin"], imported["size"]) == ("disc", size)
    assert broker.close(session).clean


def test_the_reader_runs_confined_and_says_no_name() -> None:
    unit = "appliance-disc.service"
    shown = shell(f"systemctl show -P DeviceAllow -P PrivateNetwork -P User {unit}")
    # systemd adds the clock, for reading, as nothing may set it (ProtectClock=).
    assert set(shown.splitlines()) == {"block-sr r", "char-rtc r", "yes", "appliance-disc"}
    # It ends with its last caller, as it has read names; once, and not by a failure.
    until(lambda: shell(f"systemctl show -P NRestarts {unit}") == "1")
    assert shell(f"systemctl show -P Result {unit}") == "success"
    assert PATIENT not in shell("journalctl -b --no-pager -u 'appliance*'")
