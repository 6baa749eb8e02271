"""Anthropometric landmarks as mesh points, and how far the network's proposals scatter.

Names and places are those of Farkas, "Anthropometry of the Head and Face" (2nd edition, 1994).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LANDMARKS: Mapping[str, int] = MappingProxyType(
    {
        "trichion": 10,
        "glabella": 9,
        "nasion": 168,
        "pronasale": 1,
        "columella": 19,
        "subnasale": 2,
        "labrale superius": 0,
        "labrale inferius": 17,
        "sublabiale": 18,
        "pogonion": 199,
        "menton": 152,
        "right exocanthion": 33,
        "right endocanthion": 133,
        "left endocanthion": 362,
        "left exocanthion": 263,
        "right alare": 129,
        "left alare": 358,
        "right cheilion": 61,
        "left cheilion": 291,
        "right gonion": 172,
        "left gonion": 397,
        "right outline": 234,
        "left outline": 454,
    }
)
"""Mesh points by name. The outline ends before the ears, at the level of the eyes' lower lids."""

NOT_PROPOSED = frozenset({"trichion"})
"""Landmarks that the mesh does not have: it ends on the forehead, below the hairline."""
