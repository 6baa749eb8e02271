"""A HID device for ``usbredir.py``: the descriptors and requests that each has."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

OUT, IN = 0x01, 0x81
"""The addresses of the endpoints."""

_INTERVAL = 5  # ms
_VENDOR, _VERSION = 0x1209, 0x0100  # pid.codes
_HID = 0x03
# The requests of USB 2.0, table 9-4, and of HID 1.11, section 7.2, by type and number.
_GET_DESCRIPTOR, _GET_REPORT_DESCRIPTOR, _GET_REPORT = (0x80, 6), (0x81, 6), (0xA1, 1)
_GET_STATUS = ((0x80, 0), (0x81, 0), (0x82, 0))
_SET = ((0x00, 9), (0x01, 11), (0x00, 1), (0x01, 1), (0x02, 1), (0x21, 0x0A), (0x21, 0x0B))
_DEVICE, _CONFIGURATION, _STRING = 1, 2, 3
_INTERFACE, _ENDPOINT, _HID_DESCRIPTOR, _REPORT = 4, 5, 0x21, 0x22
_ENGLISH = b"\x09\x04"


@dataclass(frozen=True)
class HidDevice:
    """One interface without a boot protocol, as ``usbredir.Device``.

    ``report``: the report descriptor. ``take`` hears what the machine sends, if it may send: then
    the device has an endpoint for that. ``packet``: bytes of the largest packet.
    """

    product: int
    name: str
    serial: str
    report: bytes
    packet: int
    take: Callable[[bytes], None]
    listens: bool

    @property
    def numbers(self) -> tuple[int, int, int]:
        """See ``usbredir.Device``."""
        return _VENDOR, self.product, _VERSION

    @property
    def interface(self) -> tuple[int, int, int]:
        """See ``usbredir.Device``."""
        return _HID, 0, 0

    @property
    def endpoints(self) -> dict[int, int]:
        """See ``usbredir.Device``."""
        return dict.fromkeys((OUT, IN) if self.listens else (IN,), _INTERVAL)

    def control(self, kind: int, request: int, value: int) -> bytes | None:
        """See ``usbredir.Device``."""
        asked = kind, request
        if asked == _GET_DESCRIPTOR:
            return self._descriptor(value >> 8, value & 0xFF)
        if asked == _GET_REPORT_DESCRIPTOR:
            return {_REPORT: self.report, _HID_DESCRIPTOR: self._hid()}.get(value >> 8)
        if asked == _GET_REPORT:
            return bytes(self.packet)
        if asked in _GET_STATUS:
            return b"\0\0"
        return b"" if asked in _SET else None

    def _descriptor(self, kind: int, number: int) -> bytes | None:
        if kind == _DEVICE:
            head = struct.pack("<BBHBBBB", 18, _DEVICE, 0x0200, 0, 0, 0, 64)
            return head + struct.pack("<HHHBBBB", *self.numbers, 1, 2, 3, 1)
        if kind == _CONFIGURATION:
            endpoints = [
                struct.pack("<BBBBHB", 7, _ENDPOINT, address, 3, self.packet, interval)
                for address, interval in self.endpoints.items()
            ]
            interface = struct.pack("<BBBBB", 9, _INTERFACE, 0, 0, len(endpoints))
            inside = interface + bytes([*self.interface, 0]) + self._hid() + b"".join(endpoints)
            # Powered by the bus, at most 100 mA.
            head = struct.pack("<BBHBBBBB", 9, _CONFIGURATION, 9 + len(inside), 1, 1, 0, 0x80, 50)
            return head + inside
        if kind == _STRING and number <= 3:
            strings = ("", "Lab", self.name, self.serial)
            text = strings[number].encode("utf-16-le") if number else _ENGLISH
            return bytes([2 + len(text), _STRING]) + text
        return None

    def _hid(self) -> bytes:
        size = len(self.report)
        return struct.pack("<BBHBBBH", 9, _HID_DESCRIPTOR, 0x0111, 0, 1, _REPORT, size)
