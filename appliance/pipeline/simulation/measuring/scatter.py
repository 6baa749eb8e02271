"""How far a landmark scatters: measured of the mesh network's, assumed of a hand's.

Repeatability, which is not accuracy: the same network proposes the same wrong place again and
again. On rendered heads it lies 2 mm off the truth on average.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SCATTER: Mapping[str, float] = MappingProxyType(
    {
        "trichion": 1.96,
        "glabella": 1.27,
        "nasion": 0.86,
        "pronasale": 1.23,
        "columella": 1.17,
        "subnasale": 1.02,
        "labrale superius": 0.70,
        "labrale inferius": 0.68,
        "sublabiale": 1.65,
        "pogonion": 1.97,
        "menton": 2.26,
        "right exocanthion": 0.52,
        "right endocanthion": 0.45,
        "left endocanthion": 0.51,
        "left exocanthion": 0.41,
        "right alare": 0.85,
        "left alare": 0.88,
        "right cheilion": 0.55,
        "left cheilion": 0.60,
        "right gonion": 1.61,
        "left gonion": 1.44,
        "right outline": 1.34,
        "left outline": 1.13,
    }
)
"""Standard deviation of x and of y, mm, over crops of the mesh network jittered in scale by 0.8 to
1.25, by 4 degrees and by 6 % of their side: twelve of each of seven portraits and twelve rendered
heads seen from the front, as ``tests/bench/repeatability.py`` prints it."""

BY_HAND = 0.7
"""The same of a point set by hand, mm: an assumption, no two people's clicks were compared."""

SYMMETRICAL = 1.5
"""Millimetres of asymmetry that the scatter alone makes of a symmetrical face, on average."""
