"""Whether 32 bytes are a public key of Ed25519 that only the owner of its secret can sign for.

The library that verifies signatures accepts any point of the curve. With a point of small order
one signature fits many files, and a point written in two ways is two keys. RFC 8032, section 5.1.3
(decoding), and libsodium's ge25519_is_canonical and ge25519_has_small_order.
"""

from __future__ import annotations

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int]
_NEUTRAL: _Point = (0, 1)


def is_sound(key: bytes) -> bool:
    """Whether ``key`` is the canonical form of a point of the curve that is not of small order."""
    point = _decoded(key)
    if point is None:
        return False
    for _ in range(3):  # the curve's cofactor is 8
        point = _doubled(point)
    return point != _NEUTRAL


def _decoded(key: bytes) -> _Point | None:
    if len(key) != 32:
        return None
    number = int.from_bytes(key, "little")
    y, odd = number & (2**255 - 1), number >> 255
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (x * x - square) % _P or (x == 0 and odd):
        return None
    return (x if x & 1 == odd else _P - x), y


def _doubled(point: _Point) -> _Point:
    """``point`` added to itself; the denominators are never 0 on this curve."""
    x, y = point
    product = _D * x * x * y * y % _P
    return (
        2 * x * y * pow(1 + product, -1, _P) % _P,
        (y * y + x * x) * pow(1 - product, -1, _P) % _P,
    )
