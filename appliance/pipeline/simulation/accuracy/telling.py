"""Which landmarks tell what a handle achieved, and which ones an operation leaves in place.

A landmark tells a handle whose move is largest there, or nearly so. Where the handles of a table
have none, such as the width of the bridge, nothing that a hand sets on a photo tells them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from appliance.pipeline.simulation.points import NAMED

_ALARE, _CHEILION, _GONION, _TOPS = (
    (f"right-{name}", f"left-{name}") for name in ("alare", "cheilion", "gonion", "brow-top")
)
_LABRALE = ("labrale-superius", "labrale-inferius")
_CHIN = ("pogonion", "menton")

TELLING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tip-projection": ("pronasale",),
        "tip-rotation": ("pronasale", "columella"),
        "hump": ("rhinion",),
        "radix": ("nasion",),
        "alar-width": _ALARE,
        "nose-deviation": ("pronasale",),
        "chin-projection": _CHIN,
        "chin-height": _CHIN,
        "jaw-width": _GONION,
        "lip-height": _LABRALE,
        "lip-volume": _LABRALE,
        "lip-corner": _CHEILION,
        "brow-height": _TOPS,
        "brow-arch": _TOPS,
    }
)
"""The landmarks that must be set by hand on both photos, by handle."""


def _named(*parts: str) -> frozenset[str]:
    return frozenset(
        name for name in NAMED if name.removeprefix("right-").removeprefix("left-") in parts
    )


_NOSE = _named("nasion", "rhinion", "pronasale", "columella", "subnasale", "alare")
_MOUTH = _named("cheilion", "labrale-superius", "labrale-inferius")
_JAW = _named("sublabiale", "pogonion", "menton", "gonion")
_BROWS = _named("brow-inner", "brow-top", "brow-outer")
_REGIONS = (_NOSE, _MOUTH, _JAW, _BROWS)

RESTLESS = _MOUTH | _JAW | _BROWS
"""Landmarks that expression and the posture of the jaw move, even in faces at rest."""


def landmarks_for(handles: Iterable[str]) -> frozenset[str]:
    """Those that are compared where these handles were operated on.

    Of the regions that the handles are in, only what tells them: an operation of the tip may have
    moved the wings as well. Of all others everything, since they show how the head is turned.
    """
    telling = frozenset(name for handle in handles for name in TELLING[handle])
    touched = [region for region in _REGIONS if region & telling]
    return telling | (NAMED.keys() - frozenset().union(*touched))
