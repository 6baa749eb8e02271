"""The handles of simulations, with the widest bounds that a policy may set.

They are those of the pipeline's own table, which a policy cannot read; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

HandleName: TypeAlias = Literal[
    "tip-projection",
    "tip-rotation",
    "hump",
    "radix",
    "alar-width",
    "bridge-width",
    "nose-deviation",
    "chin-projection",
    "chin-height",
    "chin-width",
    "jaw-width",
    "lip-height",
    "lip-volume",
    "lip-corner",
    "brow-height",
    "brow-arch",
    "lid-crease",
    "lid-openness",
    "cheek",
    "symmetry",
]
"""As policies and the ledger name them. The ledger's format has them: none may be dropped."""

WIDEST: Mapping[HandleName, tuple[float, float]] = MappingProxyType(
    {
        "tip-projection": (-4, 4),
        "tip-rotation": (-8, 10),
        "hump": (-3, 3),
        "radix": (-3, 3),
        "alar-width": (-5, 4),
        "bridge-width": (-4, 4),
        "nose-deviation": (-4, 4),
        "chin-projection": (-6, 6),
        "chin-height": (-5, 5),
        "chin-width": (-8, 8),
        "jaw-width": (-10, 8),
        "lip-height": (-2, 2),
        "lip-volume": (-1.5, 2.5),
        "lip-corner": (-3, 3),
        "brow-height": (-3, 4),
        "brow-arch": (-2, 3),
        "lid-crease": (-1.5, 1.5),
        "lid-openness": (-1.5, 1.5),
        "cheek": (-4, 4),
        "symmetry": (0, 100),
    }
)
"""The least and the most of each, in its unit: mm, degrees or percent."""

LONGEST_DRAG = 10.0
"""Millimetres."""
