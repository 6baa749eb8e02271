"""Contrast by scale: a source's bands, as strong as the target's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.pipeline.appearance.look.bands import (
    BLOCKS,
    SIGMAS,
    Bands,
    bounded,
    local_energy,
    mean,
)
from appliance.pipeline.appearance.look.planes import FINE, Zones, to_side
from appliance.pipeline.imaging.types import Float

# By band, finest first. How much less and more contrast skin may get in a place, then over the
# whole face. Detail may grow, but what is broad is a shadow or a fold, whose growth looks wrong.
PLACE = ((0.6, 1.3), (0.6, 1.3), (0.5, 1.2), (0.4, 1.15), (0.35, 1.1))
WHOLE = ((0.8, 1.3), (0.8, 1.3), (0.7, 1.1), (0.7, 1.1), (0.7, 1.1))
# How much of the contrast that is still missing the target's own skin gives: light of its scene.
# Anything finer would be its own beard and wrinkles, drawn through the other face.
FILLED = (0.0, 0.0, 0.0, 0.5, 0.5)
# How much of a band survives when it is drawn: warping between pixels is a low-pass.
DRAWN = (0.7, 0.85, 1.0, 1.0, 1.0)
SHARPER = (0.7, 1.5)  # how much less and more of their finest detail features may get
OVER = 1.1  # contrast aimed at, over the target's: limits and filters take some away again
NOISE = np.float32(1e-5)  # squared log luminance, added to energies: a byte's rounding
LEAST = 1e-3  # the same for mean sizes


@dataclass(frozen=True, slots=True)
class MatchedBand:
    """One band of a source, matched to a target; all are (s, s).

    ``gain``: what it was multiplied by. ``missing``: share of the target's band that the source
    lacks, 0-1, so that both together have the target's energy.
    """

    band: Float
    gain: Float
    missing: Float


def matched_band(
    zones: Zones, number: int, own: Float, target: Bands, skin: Float, *, feature_gain: float = 1.0
) -> MatchedBand:
    """Band ``number`` of a source, ``own`` (s, s), with the target's contrast.

    Lips, brows and eyes keep their own, but for ``feature_gain``: it is much of a likeness.
    ``skin``: (s, s) how far both faces show skin in a place, 0-1.
    """
    other = target.details[number]
    reach = max(1.5, 2 * SIGMAS[number] * BLOCKS / FINE)  # twice as wide as the band itself
    limited = bounded(other, skin)
    wanted = local_energy(limited**2, skin, reach) + NOISE
    drawn = DRAWN[number] ** 2 * local_energy(bounded(own, skin) ** 2, skin, reach) + NOISE
    place = np.clip(np.sqrt(wanted / drawn), *PLACE[number])
    gain = to_side(place, zones.size)
    whole = OVER * (mean(np.abs(other), skin) + LEAST)
    whole /= DRAWN[number] * mean(np.abs(gain * own), skin) + LEAST
    whole = float(np.clip(whole, *WHOLE[number]))
    gain *= whole
    gain += zones.feature * (np.float32(feature_gain) - gain)
    lacking = np.sqrt(np.clip(1 - (whole * place) ** 2 * drawn / wanted, 0, 1))
    missing = to_side(lacking, zones.size) * zones.skin
    band = gain * own
    if FILLED[number]:
        band += FILLED[number] * missing * limited
    return MatchedBand(band, gain, missing)


def matched_bands(
    zones: Sequence[Zones],
    source: Sequence[Float],
    target: Bands,
    skin: Sequence[Float],
    features: Float,
) -> list[MatchedBand]:
    """All five bands of a source; ``zones`` and ``skin`` for each of them.

    ``features``: (s, s), fine, how far both faces show lips, brows and eyes in a place, 0-1.
    """
    sharper = _sharpening(source, target.details, features)
    rows = enumerate(zip(zones, source, skin, strict=True))
    return [
        matched_band(zone, number, own, target, where, feature_gain=1.0 if number else sharper)
        for number, (zone, own, where) in rows
    ]


def _sharpening(source: Sequence[Float], target: Sequence[Float], features: Float) -> float:
    """How much stronger a source's features must be in the finest band to be as sharp.

    Sharp is what has as much in the finest band as in the next: a matter of lenses, and not of how
    dark a brow is. Of either face all bands, of which the first two, (s, s) each, are used.
    """
    own, other = (
        np.sqrt((mean(finest**2, features) + NOISE) / (mean(fine**2, features) + NOISE))
        for finest, fine in (source[:2], target[:2])
    )
    return float(np.clip(other / own * DRAWN[1] / DRAWN[0], *SHARPER))
