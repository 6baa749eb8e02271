"""The security key as QEMU's usb-redir sees it: this test is QEMU."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.image.security_key import SecurityKey

_CAPABILITIES = 0xFF
_HELLO, _CONNECT, _INTERFACES, _ENDPOINTS = 0, 1, 4, 5
_CONTROL, _INTERRUPT, _START, _STATUS = 100, 103, 15, 17
_INIT = 0x86


class Qemu:
    """Its end of one connection."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket, _ = listening.accept()
        self._socket.settimeout(30)
        # Both say hello with short numbers.
        kind, length, _ = struct.unpack("<III", self._exactly(12))
        assert kind == _HELLO
        (self.capabilities,) = struct.unpack_from("<I", self._exactly(length), 64)
        hello = b"test".ljust(64, b"\0") + struct.pack("<I", _CAPABILITIES)
        self._socket.sendall(struct.pack("<III", _HELLO, len(hello), 0) + hello)

    def say(self, kind: int, number: int, body: bytes) -> None:
        self._socket.sendall(struct.pack("<IIQ", kind, len(body), number) + body)

    def hear(self) -> tuple[int, int, bytes]:
        kind, length, number = struct.unpack("<IIQ", self._exactly(16))
        return kind, number, self._exactly(length)

    def has_hung_up(self) -> bool:
        return self._socket.recv(1) == b""

    def close(self) -> None:
        self._socket.close()

    def control(self, kind: int, request: int, value: int, length: int) -> tuple[int, bytes]:
        """Status and data of a control transfer."""
        self.say(_CONTROL, 7, struct.pack("<BBBBHHH", 0x80, request, kind, 0, value, 0, length))
        answer, number, body = self.hear()
        assert (answer, number) == (_CONTROL, 7)
        return body[3], body[10:]

    def _exactly(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            more = self._socket.recv(size - len(read))
            assert more
            read += more
        return read


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "port"))
        made.listen()
        yield made


@pytest.fixture
def key(tmp_path: Path, listening: socket.socket) -> Iterator[SecurityKey]:  # noqa: ARG001
    made = SecurityKey(tmp_path / "port", tmp_path / "keys", "1234", "SERIAL1")
    yield made
    made.pull()


def introduced(listening: socket.socket) -> Qemu:
    """After the device was described and plugged in."""
    qemu = Qemu(listening)
    assert qemu.capabilities & 0x70 == 0x70  # without these QEMU takes none at USB 3
    (kind, _, interfaces), (then, _, endpoints), (last, _, about) = (qemu.hear() for _ in range(3))
    assert (kind, then, last) == (_INTERFACES, _ENDPOINTS, _CONNECT)
    assert struct.unpack_from("<I", interfaces) == (1,)
    assert [interfaces[4 + 32 * at] for at in range(4)] == [0, 3, 0, 0]
    # Interrupt endpoints 1 out and 1 in, of 64 bytes; control at 0 both ways; no others.
    assert {at: kind for at, kind in enumerate(endpoints[:32]) if kind != 255} == {
        0: 0, 1: 3, 16: 0, 17: 3
    }  # fmt: skip
    assert struct.unpack_from("<H", endpoints, 96 + 2 * 17) == (64,)
    assert struct.unpack_from("<BBBBHH", about) == (1, 0, 0, 0, 0x1209, 0xF1D0)
    return qemu


def test_it_says_what_it_is(key: SecurityKey, listening: socket.socket) -> None:
    key.plug_in()
    qemu = introduced(listening)
    status, device = qemu.control(0x80, 6, 0x0100, 64)
    assert (status, device[:2], len(device)) == (0, b"\x12\x01", 18)
    status, configuration = qemu.control(0x80, 6, 0x0200, 255)
    assert struct.unpack_from("<H", configuration, 2) == (len(configuration),)
    # As much as was asked for, and no more.
    assert qemu.control(0x80, 6, 0x0200, 9) == (0, configuration[:9])
    _, serial = qemu.control(0x80, 6, 0x0303, 255)
    assert serial[2:].decode("utf-16-le") == "SERIAL1"
    assert qemu.control(0x81, 6, 0x2200, 255)[1].startswith(bytes.fromhex("06d0f1"))
    # A class request that no such device has is refused; the connection goes on.
    assert qemu.control(0xC0, 1, 0, 8) == (4, b"")
    assert qemu.control(0x80, 0, 0, 2) == (0, b"\0\0")
    qemu.close()


def test_frames_come_and_go_and_wait_until_they_are_asked_for(
    key: SecurityKey, listening: socket.socket
) -> None:
    key.plug_in()
    qemu = introduced(listening)
    nonce = os.urandom(8)
    frame = struct.pack(">IBH", 0xFFFFFFFF, _INIT, 8) + nonce
    qemu.say(_INTERRUPT, 9, struct.pack("<BBH", 1, 0, 64) + frame.ljust(64, b"\0"))
    assert qemu.hear() == (_INTERRUPT, 9, struct.pack("<BBH", 1, 0, 64))
    qemu.say(_START, 10, b"\x81")
    assert qemu.hear() == (_STATUS, 10, b"\0\x81")
    kind, _, body = qemu.hear()
    assert (kind, body[:4]) == (_INTERRUPT, struct.pack("<BBH", 0x81, 0, 64))
    assert body[4:].startswith(struct.pack(">IBH", 0xFFFFFFFF, _INIT, 17) + nonce)
    qemu.close()


def test_it_can_be_pulled_and_plugged_in_again(key: SecurityKey, listening: socket.socket) -> None:
    key.plug_in()
    qemu = introduced(listening)
    key.pull()
    assert qemu.has_hung_up()
    qemu.close()
    key.plug_in()
    introduced(listening).close()
