"""Neither what others leave on the machine nor what a worker does changes an erasure record."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.guest.visitor import Broker, all_events, inside_worker, shell, until, worker_runs

SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - where every user may write
PREFIX = "another-user"


@pytest.fixture
def clutter() -> Iterator[None]:
    """A sparse file of 1 TiB (as large as may be), a pipe and a tree in each, of another user."""
    for folder in SHARED:
        make = (
            f"truncate -s 1T {folder}/{PREFIX}-1 || truncate -s 64G {folder}/{PREFIX}-1; "
            f"mkfifo {folder}/{PREFIX}-2; mkdir -p {folder}/{PREFIX}-3/a/b/c"
        )
        shell(f'setpriv --reuid appliance-kiosk --clear-groups sh -c "{make}"')
    yield
    shell("; ".join(f"rm -rf {folder}/{PREFIX}-*" for folder in SHARED))


def _records(key: str) -> list[dict[str, Any]]:
    """What keepers logged about a key."""
    return [
        event
        for event in all_events()
        if event["kind"] == "workspace-erased" and event["key"] == key
    ]


@pytest.mark.usefixtures("clutter")
def test_the_keeper_s_record_is_whole_whatever_lies_around(broker: Broker) -> None:
    session, _ = broker.open()
    erasure = broker.close(session)
    assert erasure.clean
    (record,) = _records(erasure.key)
    assert (record["before"], record["after"]) == (erasure.before, 0)
    assert record["search"] == "whole"
    assert "failed" not in record


def test_a_worker_cannot_reach_what_its_erasure_is_measured_by(broker: Broker) -> None:
    session, _ = broker.open()
    worker_runs("w0")
    work = "/run/appliance/workspace"
    assert inside_worker("w0", f"dd if=/dev/zero of={work}/filler bs=64k; rm {work}/filler").ok
    inside_worker("w0", f"rm -rf {work}/* {work}/.[!.]*; dd if=/dev/zero of={work}/again bs=64k")
    erasure = broker.close(session)
    assert (erasure.clean, erasure.before, erasure.after) == (True, 4, 0)
    assert _records(erasure.key)[-1]["before"] == 4


def test_a_file_of_the_worker_outside_its_workspace_fails_the_wipe(broker: Broker) -> None:
    session, _ = broker.open()
    left = Path("/tmp/left")  # noqa: S108
    left.write_bytes(b"pixels")
    shell(f"chown appliance-w0: {left}")
    erasure = broker.close(session)
    assert not erasure.clean
    assert _records(erasure.key)[-1]["failed"] == "probe"
    left.unlink()
    assert broker.close(session).clean


def _make_w7() -> bytes:
    """What a keeper answers to the order to make a workspace; it wipes when this hangs up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as keeper:
        keeper.connect("/run/appliance/keeper/w7.sock")
        keeper.send(b"make")
        try:
            return keeper.recv(4096)
        except ConnectionResetError:  # it ended before it read the order
            return b""


@pytest.mark.usefixtures("broker")
def test_what_the_settings_program_prints_cannot_name_a_disk() -> None:
    settings = Path("/run/appliance/storage")
    before = settings.read_text()
    try:
        for text in ("LD_PRELOAD=/tmp/x.so\n", "luks /dev/vda 64 1000 discard\n"):
            settings.write_text(text)
            assert _make_w7() == b""  # it ended
        assert shell("dmsetup ls") == "No devices found"
    finally:
        settings.write_text(before)
    assert _make_w7() == b"{}"
    until(lambda: shell("dmsetup ls") == "No devices found")
