"""A USB device that is outside the machine: QEMU's usb-redir asks for it on a socket.

The usb-host side of the protocol of spice's usbredir (docs/usb-redirection-protocol.md there,
version 0.7, and usbredirproto.h). QEMU is the usb-guest; the device is plugged in while the
connection lasts. Only what a device with control and interrupt transfers needs is spoken.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from threading import Lock, Thread
from typing import Protocol


class _Packet(IntEnum):
    HELLO = 0
    DEVICE_CONNECT = 1
    RESET = 3
    INTERFACE_INFO = 4
    EP_INFO = 5
    SET_CONFIGURATION = 6
    GET_CONFIGURATION = 7
    CONFIGURATION_STATUS = 8
    SET_ALT_SETTING = 9
    GET_ALT_SETTING = 10
    ALT_SETTING_STATUS = 11
    START_INTERRUPT_RECEIVING = 15
    STOP_INTERRUPT_RECEIVING = 16
    INTERRUPT_RECEIVING_STATUS = 17
    CONTROL = 100
    INTERRUPT = 103


_VERSION = b"face-appliance lab".ljust(64, b"\0")
# connect_device_version, ep_info_max_packet_size, 64bits_ids, 32bits_bulk_length: at a controller
# of USB 3 QEMU takes no device without the last three, whether or not it has bulk endpoints.
_CAPABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6
_CAP_64_BIT_IDS = 1 << 5
_ENDPOINTS = 32  # in the tables of endpoints: 16 out, 16 in; and of interfaces
_INVALID, _CONTROL_TYPE, _INTERRUPT_TYPE = 255, 0, 3
_SUCCESS, _STALL = 0, 4
_FULL_SPEED = 1
_IN = 0x80
_CONTROL_HEAD = struct.Struct("<BBBBHHH")
_INTERRUPT_HEAD = struct.Struct("<BBH")


class Device(Protocol):
    """What is plugged in: one configuration with one interface, and interrupt endpoints."""

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Vendor, product, and the device's version."""
        ...

    @property
    def interface(self) -> tuple[int, int, int]:
        """Class, subclass and protocol."""
        ...

    @property
    def endpoints(self) -> dict[int, int]:
        """The interval of each interrupt endpoint, by its address."""
        ...

    @property
    def packet(self) -> int:
        """Bytes of the largest packet of each."""
        ...

    @property
    def take(self) -> Callable[[bytes], None]:
        """Is called with each packet from the machine, at an interrupt endpoint."""
        ...

    def control(self, kind: int, request: int, value: int) -> bytes | None:
        """Answer a control transfer, ``None`` to refuse it: bmRequestType, bRequest, wValue."""
        ...


class Plug:
    """``device``, plugged into the machine whose usb-redir listens at ``path``."""

    def __init__(self, path: Path, device: Device) -> None:
        self._device = device
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._sending = Lock()
        self._receiving: set[int] = set()
        self._waiting: list[tuple[int, bytes]] = []
        self._next_packet = 0
        self._configuration = 1
        self._long_ids = False
        self._thread = Thread(target=self._serve, daemon=True)
        self._say(_Packet.HELLO, _VERSION + struct.pack("<I", _CAPABILITIES))
        self._thread.start()

    def pull(self) -> None:
        """Pull it out; QEMU takes the end of the connection for that."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def give(self, endpoint: int, data: bytes) -> None:
        """A packet to the machine, now or as soon as it asks at ``endpoint``."""
        with self._sending:
            self._waiting.append((endpoint, data))
        self._flush()

    def _serve(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                self._answer(*self._read())

    def _read(self) -> tuple[int, int, bytes]:
        # The first message has a short number: neither side knows yet what the other can do.
        head = struct.Struct("<IIQ" if self._long_ids else "<III")
        kind, length, number = head.unpack(self._exactly(head.size))
        return kind, number, self._exactly(length)

    def _exactly(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            more = self._socket.recv(size - len(read))
            if not more:
                raise EOFError
            read += more
        return read

    def _say(self, kind: _Packet, body: bytes, number: int = 0) -> None:
        with self._sending:
            head = struct.pack("<IIQ" if self._long_ids else "<III", kind, len(body), number)
            self._socket.sendall(head + body)

    def _answer(self, kind: int, number: int, body: bytes) -> None:
        match kind:
            case _Packet.HELLO:
                (theirs,) = struct.unpack_from("<I", body, len(_VERSION))
                self._long_ids = bool(theirs & _CAP_64_BIT_IDS)
                self._introduce()
            case _Packet.RESET:
                self._receiving.clear()
            case _Packet.SET_CONFIGURATION:
                self._configuration = body[0]
                self._say(_Packet.CONFIGURATION_STATUS, bytes([_SUCCESS, body[0]]), number)
            case _Packet.GET_CONFIGURATION:
                status = bytes([_SUCCESS, self._configuration])
                self._say(_Packet.CONFIGURATION_STATUS, status, number)
            case _Packet.SET_ALT_SETTING | _Packet.GET_ALT_SETTING:
                self._say(_Packet.ALT_SETTING_STATUS, bytes([_SUCCESS, body[0], 0]), number)
            case _Packet.START_INTERRUPT_RECEIVING:
                self._receiving.add(body[0])
                status = bytes([_SUCCESS, body[0]])
                self._say(_Packet.INTERRUPT_RECEIVING_STATUS, status, number)
                self._flush()
            case _Packet.STOP_INTERRUPT_RECEIVING:
                self._receiving.discard(body[0])
                status = bytes([_SUCCESS, body[0]])
                self._say(_Packet.INTERRUPT_RECEIVING_STATUS, status, number)
            case _Packet.CONTROL:
                self._control(number, body)
            case _Packet.INTERRUPT:
                endpoint, _, length = _INTERRUPT_HEAD.unpack_from(body)
                self._say(
                    _Packet.INTERRUPT, _INTERRUPT_HEAD.pack(endpoint, _SUCCESS, length), number
                )
                self._device.take(body[_INTERRUPT_HEAD.size :])
            case _:
                # A cancelled transfer was answered before; nothing else concerns such a device.
                pass

    def _introduce(self) -> None:
        """The device's interface and endpoints, then the device: that plugs it in."""
        interfaces = struct.pack("<I", 1) + b"".join(
            bytes([value]).ljust(_ENDPOINTS, b"\0") for value in (0, *self._device.interface)
        )
        kinds, intervals = bytearray([_INVALID] * _ENDPOINTS), bytearray(_ENDPOINTS)
        sizes = [0] * _ENDPOINTS
        for at in (0, _ENDPOINTS // 2):
            kinds[at], sizes[at] = _CONTROL_TYPE, self._device.packet
        for address, interval in self._device.endpoints.items():
            at = (address & 0x0F) + (_ENDPOINTS // 2 if address & _IN else 0)
            kinds[at], intervals[at], sizes[at] = _INTERRUPT_TYPE, interval, self._device.packet
        endpoints = bytes(kinds) + bytes(intervals) + bytes(_ENDPOINTS)
        self._say(_Packet.INTERFACE_INFO, interfaces)
        self._say(_Packet.EP_INFO, endpoints + struct.pack(f"<{_ENDPOINTS}H", *sizes))
        about = struct.pack("<BBBBHHH", _FULL_SPEED, 0, 0, 0, *self._device.numbers)
        self._say(_Packet.DEVICE_CONNECT, about)

    def _control(self, number: int, body: bytes) -> None:
        endpoint, request, kind, _, value, index, length = _CONTROL_HEAD.unpack_from(body)
        data = self._device.control(kind, request, value)
        given = b"" if data is None or not kind & _IN else data[:length]
        status = _STALL if data is None else _SUCCESS
        size = len(given) if kind & _IN else length
        head = _CONTROL_HEAD.pack(endpoint, request, kind, status, value, index, size)
        self._say(_Packet.CONTROL, head + given, number)

    def _flush(self) -> None:
        with self._sending:
            ready = [one for one in self._waiting if one[0] in self._receiving]
            self._waiting = [one for one in self._waiting if one[0] not in self._receiving]
            first, self._next_packet = self._next_packet, self._next_packet + len(ready)
        for number, (endpoint, data) in enumerate(ready, first):
            head = _INTERRUPT_HEAD.pack(endpoint, _SUCCESS, len(data))
            self._say(_Packet.INTERRUPT, head + data, number)
