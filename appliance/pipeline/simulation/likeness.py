"""How much handles may ask for together, so that a face stays that of the same person.

Each handle's ``COSTS`` is what it takes at one of its bounds, at most, of the cosine similarity
(SFace) between a photo and its simulation, over the seven sample portraits
(``python -m tests.bench.simulation_identity``). Together handles take less than the sum of what
they take alone: at most 0.84 of it in 175 combinations of 4 to 20 handles. So :data:`MOST` of that
sum leaves 0.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from appliance.errors import HandleError
from appliance.pipeline.simulation.handles import HANDLES

LEAST = 0.8
"""The cosine similarity to the photo that every combination keeps."""

MOST = 0.23  # (1 - LEAST) / 0.84 is 0.238

COSTS: Mapping[str, float] = MappingProxyType({
    "tip-projection": 0.009, "tip-rotation": 0.022, "hump": 0.008, "radix": 0.014,
    "alar-width": 0.027, "bridge-width": 0.041, "nose-deviation": 0.014,
    "chin-projection": 0.009, "chin-height": 0.015, "chin-width": 0.017, "jaw-width": 0.028,
    "lip-height": 0.013, "lip-volume": 0.016, "lip-corner": 0.025,
    "brow-height": 0.105, "brow-arch": 0.058, "lid-crease": 0.020, "lid-openness": 0.023,
    "cheek": 0.024, "symmetry": 0.017,
})  # fmt: skip
"""By handle."""

_NAMED = 3  # handles that a refusal names


def cost(values: Mapping[str, float]) -> float:
    """Of the similarity that ``values`` by handle take at most, were it all that they take alone.

    Each within its bounds. A part of a bound takes less than that part.
    """
    return sum(_share(name, value) * COSTS[name] for name, value in values.items())


def check_likeness(values: Mapping[str, float]) -> None:
    """Raises ``HandleError`` for ``values`` by handle that together ask for another face."""
    if cost(values) <= MOST:
        return
    dearest = sorted(values, key=lambda name: -_share(name, values[name]) * COSTS[name])
    raise HandleError(
        "All that is asked for together would show another person's face.",
        f"Ask for less, above all of {', '.join(dearest[:_NAMED])}.",
    )


def _share(name: str, value: float) -> float:
    handle = HANDLES[name]
    return value / (handle.high if value > 0 else handle.low) if value else 0.0
