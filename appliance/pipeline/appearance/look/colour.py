"""Chroma by region, and the whites of the eyes."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.appearance.look.bands import local_energy, mean
from appliance.pipeline.appearance.look.face_look import FaceLook
from appliance.pipeline.appearance.look.planes import Zones, to_side
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float

TARGETS_REGION = 0.65  # share of a region's own chroma, on cheeks or forehead, that is the target's
SOURCES_REGION = 0.35  # share of the rest that stays the source's
FINE = (0.3, 1.2)  # how much less and more chroma detail may get, in a place of the skin
FEATURE_FINE = (0.5, 1.1)  # the same for lips, brows and eyes as a whole
FAINT = 5e-3  # log, added to spreads of chroma
TARGETS_LIPS = 0.35  # how far the lips' colour moves towards the target's: the rest is their own
BRIGHT = (-0.1, 0.2)  # log luminance over skin between which an eye's opening turns to white
OWN_WHITE = 0.5  # share of an iris's and a white's own chroma around their mean
DIMMED = (0.0, 0.1)  # log luminance over skin between which it counts as bright
LEAST_WHITE = 0.4  # the lowest brightness, over its own, that an eye's white may be dimmed to
NEAR = 4.0  # blocks around a place whose chroma detail is compared
LEAST = 3.0  # texels of a region below which it is left alone


def matched_chroma(zones: Zones, source: FaceLook, target: FaceLook, both: Float) -> Float:
    """The (s, s, 2) chroma of the source as the target's picture would have it.

    Broad chroma on skin is light and make-up: it follows the target, region by region. Detail has
    the target's strength. ``both``: (s, s) where both faces show skin, 0-1.
    """
    own, other = source.chroma - source.regional, target.chroma - target.regional
    change = _strength(own, other, both)
    spread = [np.sqrt(mean(_square(one), both)) + FAINT for one in (other, own)]
    whole = float(np.clip(spread[0] / spread[1], *FEATURE_FINE))
    strength = whole + zones.skin * (change - np.float32(whole))
    detail = np.asarray(own * strength[..., None], np.float32)
    lips = zones.lips * target.seen_broad
    if lips.sum() > LEAST:
        wanted, is_now = _mean_colour(other, lips), _mean_colour(detail, zones.lips)
        detail += TARGETS_LIPS * (wanted - is_now) * zones.lips[..., None]
    kept = SOURCES_REGION * (1 - TARGETS_REGION) * source.regional
    chroma = TARGETS_REGION * target.regional + kept + detail
    return _with_whites(zones, np.asarray(chroma, np.float32), source, target)


def dimmed_whites(zones: Zones, source: Float, target: Float) -> Float:
    """By how much the whites of eyes are dimmed so that none outshines the target's: (s, s), <= 1.

    It is a factor of log luminance and of its detail. ``source`` and ``target``: (s, s) log
    luminance over the skin's.
    """
    eyes = zones.eyes > 0.5
    own, other = (float(np.percentile(np.maximum(one[eyes], 0), 95)) for one in (source, target))
    share = float(np.clip((other + 0.02) / (own + 0.02), LEAST_WHITE, 1))
    bright = smoothstep(source, *DIMMED)
    return np.asarray(1 + zones.eyes * bright * (share - 1), np.float32)


def _with_whites(zones: Zones, chroma: Float, source: FaceLook, target: FaceLook) -> Float:
    """``chroma`` whose whites are as white as the target's: all people's are of one colour."""
    own = zones.eyes * smoothstep(to_side(source.bands.smooth, zones.size), *BRIGHT)
    other = (
        zones.eyes
        * smoothstep(to_side(target.bands.smooth, zones.size), *BRIGHT)
        * target.seen_broad
    )
    if min(own.sum(), other.sum()) < LEAST:
        return chroma
    middle = _mean_colour(source.chroma, own)
    white = _mean_colour(target.chroma, other) + OWN_WHITE * (source.chroma - middle)
    return np.asarray(chroma + own[..., None] * (white - chroma), np.float32)


def _strength(own: Float, other: Float, both: Float) -> Float:
    """(s, s): how much stronger the target's chroma detail is around each place."""
    energies = [local_energy(_square(one), both, NEAR) + FAINT**2 for one in (other, own)]
    return to_side(np.clip(np.sqrt(energies[0] / energies[1]), *FINE), both.shape[0])


def _square(chroma: Float) -> Float:
    return np.asarray(chroma[..., 0] ** 2 + chroma[..., 1] ** 2, np.float32)


def _mean_colour(values: Float, weight: Float) -> Float:
    total = np.einsum("ijc,ij->c", values, weight)
    return np.asarray(total / max(float(weight.sum()), 1e-6), np.float32)
