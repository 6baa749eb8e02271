"""A workspace on a segment of a block device: a loop device, without the kernel's device-mapper.

What is formatted there is opened in tests/lab.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import SessionError
from appliance.keeper import tools, volume
from appliance.keeper.volume import BLOCK, Backing, Canary, LuksVolume, Owner

MIB = 1 << 20
SIZE, START = 2 * MIB, 4 * MIB
FILLED = b"\xaa"


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    """Of 8 MiB, all written."""
    image = tmp_path / "disk"
    image.write_bytes(FILLED * (8 * MIB))
    path = _run("losetup", "--find", "--show", str(image))
    yield Path(path)
    _run("losetup", "--detach", path)


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _backing(device: Path) -> Backing:
    return Backing(device, SIZE, START, device=True)


def test_its_own_segment_is_discarded_and_no_other(device: Path) -> None:
    _backing(device).discard()
    _run("blockdev", "--flushbufs", str(device))
    written = device.read_bytes()
    assert written[START : START + SIZE] == bytes(SIZE)
    assert written[:START] == FILLED * START
    assert written[START + SIZE :] == FILLED * (8 * MIB - START - SIZE)


def test_a_block_is_read_from_its_own_segment(device: Path) -> None:
    with device.open("r+b", buffering=0) as raw:
        raw.seek(START + BLOCK)
        raw.write(b"\xbb" * BLOCK)
    assert _backing(device).read(BLOCK) == b"\xbb" * BLOCK
    assert _backing(device).read(0) == FILLED * BLOCK


def test_what_was_read_before_does_not_hide_what_was_written_below(
    device: Path, tmp_path: Path
) -> None:
    # A mapping holds the device open, so what udev has read of it stays in memory.
    with device.open("rb") as held:
        held.read()
        with (tmp_path / "disk").open("r+b") as below:
            below.seek(START)
            below.write(b"\xbb" * BLOCK)
        assert _backing(device).read(0) == b"\xbb" * BLOCK


def test_a_canary_that_outlives_the_discard_is_found(device: Path) -> None:
    backing = _backing(device)
    kept = Canary(b"plain" * 16, 0, backing.read(0))
    made = LuksVolume("w0", backing, 1000, canaries=(kept,))
    assert made.found() == 1
    made.discard()
    _run("blockdev", "--flushbufs", str(device))
    assert made.found() == 0


def test_a_policy_without_discard_leaves_the_blocks_and_trusts_the_key(device: Path) -> None:
    backing = _backing(device)
    made = LuksVolume("w0", backing, 1000, discards=False)
    made.canaries = (Canary(b"plain" * 16, 0, backing.read(0)),)
    made.discard()
    assert backing.read(0) == FILLED * BLOCK
    assert made.found() == 0


def test_a_device_that_cannot_discard_fails_the_step(tmp_path: Path) -> None:
    with pytest.raises(SessionError):
        Backing(tmp_path / "none", SIZE, START, device=True).discard()


def test_cryptsetup_gets_the_segment_and_nothing_else(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is formatted for real, on the device that stands for the mapping of the segment."""
    called: list[tuple[str, ...]] = []
    dumped: list[dict[str, Any]] = []
    mapping = "/dev/mapper/appliance-w2-segment"

    def run(*command: str, key: int | None = None, pass_fds: Sequence[int] = ()) -> str:
        called.append(command)
        if command[1] == "luksFormat":
            assert command[-1] == mapping
            tools.run(*command[:-1], str(device), key=key, pass_fds=pass_fds)
            dump = (
                "cryptsetup",
                "luksDump",
                "--dump-json-metadata",
                f"/proc/self/fd/{pass_fds[0]}",
            )
            dumped.append(json.loads(tools.run(*dump, pass_fds=pass_fds)))
        return ""

    monkeypatch.setattr(volume, "run", run)
    monkeypatch.setattr(LuksVolume, "_format", lambda *_: None)
    monkeypatch.setattr(LuksVolume, "_plant", lambda *_: None)
    monkeypatch.setattr(volume, "describe", lambda *_: None)
    made = LuksVolume("w2", _backing(device), 1000)
    made.make(Owner(990, 990))
    made.drop()
    mapped, _, opened = called
    table = f"0 {SIZE // 512} linear {device} {START // 512}"
    assert mapped == ("dmsetup", "create", "appliance-w2-segment", "--table", table)
    segment = dumped[0]["segments"]["0"]
    assert (segment["offset"], segment["encryption"], segment["sector_size"]) == (
        "0",
        "aes-xts-plain64",
        BLOCK,
    )
    assert dumped[0]["keyslots"]["0"]["key_size"] == 64
    assert opened[:2] == ("cryptsetup", "open")
    assert opened[opened.index("--device-size") + 1] == str(SIZE)
    assert opened[-2:] == (mapping, "appliance-w2")
    # The header went to memory: the device holds what it held.
    assert device.read_bytes() == FILLED * (8 * MIB)


@pytest.mark.parametrize(
    ("listed", "removed"),
    [
        ("No devices found\n", []),
        ("appliance-w2\t(254:0)\nappliance-w21\t(254:1)\n", ["appliance-w2"]),
        (
            "appliance-w2-segment\t(254:0)\nappliance-w2\t(254:1)\n",
            ["appliance-w2", "appliance-w2-segment"],
        ),
        ("appliance-w2-segment\t(254:0)\n", ["appliance-w2-segment"]),
    ],
)
def test_mappings_are_removed_from_the_top_down(
    monkeypatch: pytest.MonkeyPatch, listed: str, removed: list[str]
) -> None:
    taken: list[str] = []

    def run(*command: str) -> str:
        if command[1] == "ls":
            return listed
        taken.append(command[-1])
        return ""

    monkeypatch.setattr(volume, "run", run)
    LuksVolume("w2", Backing(Path("/dev/null"), SIZE, START, device=True), 1000).close()
    assert taken == removed
