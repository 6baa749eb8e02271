"""What is left of a source's own light: shadows and highlights, limited by the target's.

All planes here are broad ones, (s, s), of log luminance; so is the unit of ``zones``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.pipeline.appearance.look.bands import ELSEWHERE, smoothed
from appliance.pipeline.appearance.look.planes import Zones
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float

HARDER = (0.08, 0.3)  # log luminance by which one half's shadow or glare exceeds the other's
HALF_REACH = 2.0  # texels over which the halves are compared, then over which they are joined
EXTREME = 0.95  # quantile of the target's own shades that the source's may reach
LIMITS = (0.06, 0.6)  # log luminance between which that limit lies
ROOM = 0.2  # log luminance by which skin may be brighter than the target's in the same place
KNEE = 0.08  # log luminance that may follow beyond it
PATCH_REACH = 8.0  # texels, 1.3 cm: the surroundings that a patch of light may outshine
PATCHES = (0.05, 0.6)  # log luminance by which it may, as the target's own do
PATCH_KNEE = 0.04  # log luminance that may follow beyond it
BORDER = (0.0, 0.7)  # cm inside the face over which the target's broad shades give way
FILTER = 3.0  # texels over which that share, and the target's shades, are smoothed
TARGETS_OWN = (0.5, 0.2)  # limit and knee of the target's shades where they are taken over
SHINE = 0.2  # log luminance from which skin mirrors a lamp, and does not follow the light


def without_one_sided_light(zones: Zones, bands: Sequence[Float]) -> list[Float]:
    """Broad bands, (s, s) each, with the mirrored half where one side lies in shadow or glare.

    A face is nearly its own mirror image and light is not, so of two mirrored places the plainer
    one shows more of the face. The source's fine detail stays where it is.
    """
    shade = smoothed(sum(bands, start=np.float32(0)) * zones.skin, HALF_REACH)
    harder = smoothstep(np.abs(shade) - np.abs(shade[:, ::-1]), *HARDER)
    share = smoothed(harder, HALF_REACH + 0.5) * zones.skin
    return [band + share * (band[:, ::-1] - band) for band in bands]


def limited(zones: Zones, shades: Float, target: Float, both: Float) -> Float:
    """The source's broad ``shades``, (s, s), no harder on skin than the ``target``'s, (s, s).

    ``both``: (s, s) where both faces show skin, 0-1.
    """
    seen = target[both > 0.5]
    if not seen.size:
        return shades
    dark, bright = np.clip(np.quantile(seen, [1 - EXTREME, EXTREME]) * [-1, 1], *LIMITS).tolist()
    soft = np.where(shades > 0, _soft(shades, bright, KNEE), _soft(shades, dark, KNEE))
    shades = np.asarray(shades + zones.skin * (soft - shades), np.float32)
    # Where the target is brightest by itself, a highlight of the source would burn out.
    ceiling = np.asarray(np.maximum(smoothed(target, FILTER), 0) + ROOM, np.float32)
    lower = ceiling - _above(np.asarray(ceiling - shades, np.float32))
    places = (zones.skin + zones.feature) * (1 - zones.eyes) * (1 - zones.lips)
    return np.asarray(shades + places * (lower - shades), np.float32)


def without_bright_patches(zones: Zones, shades: Float, target: Float, both: Float) -> Float:
    """Broad ``shades``, (s, s), that outshine no surroundings more than the ``target``'s do.

    Skin around a mouth keeps its own contrast, for it may be a beard. Where a lamp lit it next to a
    shadow that is lifted, it would stay as a bright patch: what is dark may be hair, but what is
    bright is light, if it is no lip. ``both``: (s, s) where both faces show skin, 0-1.
    """
    own, other = (_over_surroundings(zones, one) for one in (shades, target))
    seen = other[both > 0.5]
    if not seen.size:
        return shades
    most = float(np.clip(np.quantile(seen, EXTREME), *PATCHES))
    above = np.maximum(own, 0)
    places = (zones.skin + zones.mouth) * (1 - zones.lips)
    return np.asarray(shades + places * (_soft(above, most, PATCH_KNEE) - above), np.float32)


def targets_at_the_border(
    zones: Zones, shades: Float, target: Float, source_seen: Float, target_seen: Float
) -> Float:
    """Broad ``shades``, (s, s), that become the ``target``'s towards what stays the target's own.

    That is the outline of the face, and whatever the source does not show, such as a forehead
    below a fringe. ``source_seen`` and ``target_seen``: (s, s), 0-1.
    """
    inside = smoothstep(zones.depth, *BORDER)
    inside = inside * smoothed(source_seen, FILTER)
    share = (1 - inside) * zones.skin * smoothed(target_seen, FILTER / 2)
    return np.asarray(shades + share * (_soft(target, *TARGETS_OWN) - shades), np.float32)


def with_dim_shine(zones: Zones, shades: Float, gain: float) -> Float:
    """``shades`` with highlights that keep their absolute strength in a light ``gain`` brighter.

    A highlight is light that skin reflects without taking on its colour.
    """
    if gain <= 1:
        return shades
    above = np.maximum(shades - SHINE, 0) * zones.skin
    return np.asarray(shades - above * (1 - 1 / gain), np.float32)


def _over_surroundings(zones: Zones, shades: Float) -> Float:
    """How much brighter each place is than the skin around it: (s, s)."""
    weight = np.maximum(zones.skin, ELSEWHERE)
    around = smoothed(shades * weight, PATCH_REACH) / smoothed(weight, PATCH_REACH)
    return np.asarray(shades - around, np.float32)


def _above(room: Float) -> Float:
    """``room`` where there is some; where it is negative, no less than - ``KNEE``, smoothly."""
    return np.asarray(np.where(room < 0, KNEE * np.tanh(room / KNEE), room), np.float32)


def _soft(values: Float, limit: float, knee: float) -> Float:
    """``values`` up to ± ``limit``, and at most ``knee`` more, smoothly."""
    size = np.abs(values)
    beyond = np.copysign(limit + knee * np.tanh((size - limit) / knee), values)
    return np.asarray(np.where(size > limit, beyond, values), np.float32)
