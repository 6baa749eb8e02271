"""Colour spaces that files name by numbers, and the ICC profiles that say the same.

A profile is a matrix and a curve, as ICC.1:2022 (version 4.4) describes them in 8.3.3 and 10.18.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Point: TypeAlias = tuple[float, float]
"""A colour as x and y of CIE 1931."""


@dataclass(frozen=True, slots=True)
class Primaries:
    """The colours that white and the three channels stand for."""

    white: Point
    red: Point
    green: Point
    blue: Point


@dataclass(frozen=True, slots=True)
class Curve:
    """How a sample X of 0-1 becomes light: (a·X + b)^gamma from ``d`` on, c·X below.

    ``table``, if it is not empty, says it instead: light, 0-65535, at even steps of X.
    """

    gamma: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    table: tuple[int, ...] = ()


_D65 = (0.3127, 0.3290)
# ITU-T H.273, table 2; SMPTE RP 431-2 and EG 432-1 for P3; Adobe RGB (1998), 4.3.1.
BT_709 = Primaries(_D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE_RGB_PRIMARIES = Primaries(_D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_C = (0.310, 0.316)
_BT_601 = Primaries(_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
PRIMARIES = {
    1: BT_709,
    4: Primaries(_C, (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)),
    5: Primaries(_D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: _BT_601,
    7: _BT_601,
    8: Primaries(_C, (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)),
    9: Primaries(_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: Primaries((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: Primaries(_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: Primaries(_D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
"""By H.273's ColourPrimaries."""

# IEC 61966-2-1; ITU-R BT.709-6 and BT.2020-2, whose curves are the same to 12 bits; SMPTE ST 240.
SRGB_CURVE = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_BT_709_CURVE = Curve(1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
CURVES = {
    1: _BT_709_CURVE,
    4: Curve(2.2),
    5: Curve(2.8),
    6: _BT_709_CURVE,
    7: Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4.0, 0.0913),
    8: Curve(1.0),
    13: SRGB_CURVE,
    14: _BT_709_CURVE,
    15: _BT_709_CURVE,
}
"""By H.273's TransferCharacteristics, those of ordinary pictures."""

HDR_CURVES = frozenset((16, 18))
"""H.273's numbers of PQ and HLG."""

# Of a coordinate, and of an exponent: what files that mean sRGB say instead of it, rounded.
_NEAR_POINT, _NEAR_GAMMA = 0.003, 0.03
_DISPLAY_GAMMA = 2.2
# Further from a display's curve, 8 bits have too few steps in the shadows to find and draw a face.
_USUAL_GAMMAS = (1.7, 2.7)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D50 = np.array([0.9642, 1.0, 0.8249])  # ICC.1:2022, 7.2.16
_MAX_TABLE = 4096
_HEADER = 128  # bytes of a profile


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """What the numbers of a picture mean. The default is sRGB."""

    primaries: Primaries = BT_709
    curve: Curve = SRGB_CURVE

    @property
    def is_srgb(self) -> bool:
        """Whether it is sRGB, or as near to it as files that mean sRGB are."""
        curve = self.curve
        is_plain = curve.d == 0 and not curve.table
        is_near = is_plain and abs(curve.gamma - _DISPLAY_GAMMA) <= _NEAR_GAMMA
        return (curve == SRGB_CURVE or is_near) and _distance(self.primaries) <= _NEAR_POINT

    @property
    def is_far_from_displays(self) -> bool:
        """Whether its curve is one of computing, such as linear light, not of looking."""
        curve = self.curve
        low, high = _USUAL_GAMMAS
        return curve.d == 0 and not curve.table and not low <= curve.gamma <= high

    def icc(self) -> bytes | None:
        """The profile; ``None`` for sRGB. Raises ``ValueError`` for colours that span no space."""
        return None if self.is_srgb else _profile(self)


def with_srgb_curve(pixels: NDArray[np.generic], curve: Curve) -> NDArray[np.uint16]:
    """``pixels``, of any shape, 0-255 or 0-65535 by ``curve``, as 0-65535 by that of sRGB."""
    most = np.iinfo(pixels.dtype).max  # type: ignore[type-var]
    light = (np.arange(most + 1) / most) ** curve.gamma
    linear = light <= 0.0031308
    moved = np.where(linear, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table = np.round(moved * 65535).astype(np.uint16)
    return np.asarray(table[pixels], np.uint16)


def gamma_of(icc: bytes) -> float | None:
    """The exponent of a profile of ours whose curve is nothing else, or ``None``."""
    if len(icc) < _HEADER + 4 or icc[_HEADER - 28 : _HEADER] != bytes(28):
        return None
    (count,) = struct.unpack_from(">I", icc, _HEADER)
    for place in range(_HEADER + 4, min(_HEADER + 4 + 12 * count, len(icc) - 11), 12):
        signature, at, size = struct.unpack_from(">4sII", icc, place)
        curve = icc[at : at + size]
        if signature == b"gTRC" and len(curve) == 16 and curve[:10] == b"para" + bytes(6):
            (value,) = struct.unpack(">i", curve[12:])
            return float(value / 65536) if value > 0 else None
    return None


def _distance(primaries: Primaries) -> float:
    """How far the furthest coordinate is from that of sRGB."""
    ours = np.array([primaries.white, primaries.red, primaries.green, primaries.blue])
    srgb = np.array([BT_709.white, BT_709.red, BT_709.green, BT_709.blue])
    return float(np.abs(ours - srgb).max())


def _to_xyz(primaries: Primaries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3, 3) from linear RGB to XYZ of D50, and (3, 3) the adaptation in it."""
    points = (primaries.red, primaries.green, primaries.blue)
    if any(y <= 0 or x < 0 for x, y in (*points, primaries.white)):
        raise ValueError("no colour")
    columns = np.array([_xyz(point) for point in points]).T
    if abs(np.linalg.det(columns)) < 1e-3:
        raise ValueError("the primaries span no space")
    white = _xyz(primaries.white)
    matrix = columns * np.linalg.solve(columns, white)
    gains = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adaptation = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD
    return adaptation @ matrix, adaptation


def _xyz(point: Point) -> NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


@cache
def _profile(space: ColourSpace) -> bytes:
    matrix, adaptation = _to_xyz(space.primaries)
    curve = _curve_tag(space.curve)
    name = "RGB"
    red, green, blue = (_xyz_tag(matrix[:, column]) for column in range(3))
    tags = {
        b"desc": _text_tag(name),
        b"cprt": _text_tag("CC0"),
        b"wtpt": _xyz_tag(_D50),
        b"chad": b"sf32" + bytes(4) + _fixed(adaptation),
        b"rXYZ": red,
        b"gXYZ": green,
        b"bXYZ": blue,
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = bytearray(struct.pack(">I", len(tags))), bytearray()
    places: dict[bytes, int] = {}
    start = _HEADER + 4 + 12 * len(tags)
    for signature, value in tags.items():
        if value not in places:
            places[value] = start + len(body)
            body += value + bytes(-len(value) % 4)
        table += signature + struct.pack(">II", places[value], len(value))
    size = start + len(body)
    # ICC.1:2022, 7.2: no preferred program, version 4.4, a display's profile, no date.
    header = struct.pack(">I4xI4s4s4s12x4s", size, 0x04400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    header = header.ljust(68, b"\0") + _fixed(_D50)
    return header.ljust(_HEADER, b"\0") + bytes(table + body)


def _fixed(values: NDArray[np.float64]) -> bytes:
    """As s15Fixed16Number."""
    scaled = np.clip(np.round(values.ravel() * 65536), -(2**31), 2**31 - 1)
    return scaled.astype(">i4").tobytes()


def _xyz_tag(values: NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _text_tag(text: str) -> bytes:
    """``text``, of ASCII, in English."""
    # UTF-16, big-endian; Python would load its codec with the first use.
    raw = b"".join(bytes((0, ord(letter))) for letter in text)
    return b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(raw), 28) + raw


def _curve_tag(curve: Curve) -> bytes:
    if curve.table:
        wanted = min(len(curve.table), _MAX_TABLE)
        steps = np.linspace(0, len(curve.table) - 1, wanted)
        values = np.interp(steps, np.arange(len(curve.table)), curve.table)
        return b"curv" + struct.pack(">4xI", wanted) + np.round(values).astype(">u2").tobytes()
    if curve.d == 0 and (curve.a, curve.b) == (1.0, 0.0):
        return b"para" + struct.pack(">4xHH", 0, 0) + _fixed(np.array([curve.gamma]))
    numbers = np.array([curve.gamma, curve.a, curve.b, curve.c, curve.d])
    return b"para" + struct.pack(">4xHH", 3, 0) + _fixed(numbers)
