"""What changes a source's texture so that it looks photographed with the target."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.appearance.look.bands import FINE_BANDS, mean
from appliance.pipeline.appearance.look.colour import dimmed_whites, matched_chroma
from appliance.pipeline.appearance.look.contrast import matched_bands
from appliance.pipeline.appearance.look.face_look import FaceLook
from appliance.pipeline.appearance.look.hard_light import (
    limited,
    targets_at_the_border,
    with_dim_shine,
    without_bright_patches,
    without_one_sided_light,
)
from appliance.pipeline.appearance.look.planes import BROAD, FINE, LookPlanes, to_side
from appliance.pipeline.appearance.tone import BLACK, LUMA
from appliance.pipeline.imaging.types import Float

TARGETS_REST = 0.4  # share of the smoothest shades that is the target's
REST = (0.3, 1.0)  # how much less and more the source's may get
LEVEL = 0.3  # log luminance by which skin as a whole is made darker or brighter at most


@dataclass(frozen=True, slots=True)
class Correction:
    """A change of log colours on the planes of :class:`LookPlanes`.

    ``luma``: (s, s) on the fine plane, ``chroma``: (s, s, 2) on the broad one, to add. ``finest``:
    (s, s), fine, by how much more than once the finest detail counts. ``grain``: (s, s), broad,
    share of the target's own finest detail that is missing, 0-1.
    """

    luma: Float
    chroma: Float
    finest: Float
    grain: Float

    def towards(self, other: Correction, share: float) -> Correction:
        """This one, but ``other`` for a ``share``, 0-1."""
        part = np.float32(share)
        return Correction(
            self.luma + part * (other.luma - self.luma),
            self.chroma + part * (other.chroma - self.chroma),
            self.finest + part * (other.finest - self.finest),
            self.grain + part * (other.grain - self.grain),
        )


def correction(planes: LookPlanes, source: FaceLook, target: FaceLook, gain: float) -> Correction:
    """What makes ``source`` look like ``target``; ``gain``: how much brighter its light is."""
    broad, own, other = planes.broad, source.bands, target.bands
    seen = np.minimum(source.seen, target.seen)
    shown = planes.fine.measured * seen * (source.seen > 0.5)
    skin = to_side(shown, BROAD)
    rest, targets_rest = own.rest - mean(own.rest, skin), other.rest - mean(other.rest, skin)
    *wide, rest = without_one_sided_light(broad, [*own.details[FINE_BANDS:], rest])
    zones = [planes.zones(band) for band in other.details]
    where = [shown if zone is planes.fine else skin for zone in zones]
    features = planes.fine.feature * seen
    bands = matched_bands(zones, [*own.details[:FINE_BANDS], *wide], other, where, features)
    shades = sum((one.band for one in bands[FINE_BANDS:]), start=_rest(rest, targets_rest, skin))
    targets = sum(other.details[FINE_BANDS:], start=targets_rest)
    shades = limited(broad, shades, targets, skin)
    shades = without_bright_patches(broad, shades, targets, skin)
    shades = targets_at_the_border(broad, shades, targets, source.seen_broad, target.seen_broad)
    shades += np.clip(mean(to_side(other.smooth, BROAD) - shades, skin), -LEVEL, LEVEL)
    shades = with_dim_shine(broad, shades, gain)
    luma = to_side(shades, FINE) + bands[1].band - own.smooth
    whites = dimmed_whites(planes.fine, own.smooth, other.smooth)
    luma += (whites - 1) * own.smooth
    chroma = matched_chroma(broad, source, target, skin) - source.chroma
    finest = bands[0].gain * whites - 1
    return Correction(luma, chroma, finest, to_side(bands[0].missing, BROAD))


def corrected(texture: Float, tone: Float, smooth: Float, change: Correction) -> Float:
    """The (h, h, 3) RGB ``texture`` of a source, 0-255, with ``change`` applied.

    ``tone``: (3,) log RGB of its skin. ``smooth``: (s, s) its log luminance over that, without the
    finest detail.
    """
    side = texture.shape[0]
    detail = cv2.log(np.maximum(texture @ LUMA, 0) + BLACK) - float(tone @ LUMA)
    detail -= to_side(smooth, side)
    detail *= to_side(change.finest, side)
    detail += to_side(change.luma, side)
    factor = cv2.exp(detail)
    colours = np.asarray(cv2.exp(_of_chroma(change.chroma)), np.float32)
    factors = cv2.multiply(to_side(colours, side), cv2.merge([factor, factor, factor]))
    result = cv2.multiply(texture + BLACK, factors)
    return np.asarray(np.maximum(result - BLACK, 0), np.float32)


def _rest(own: Float, other: Float, both: Float) -> Float:
    """The smoothest shades: mostly the target's, and the source's no stronger than those."""
    sizes = [np.sqrt(mean(one * one, both)) for one in (other, own)]
    share = float(np.clip(sizes[0] / max(sizes[1], 1e-3), *REST))
    return np.asarray(TARGETS_REST * other + (1 - TARGETS_REST) * share * own, np.float32)


def _of_chroma(chroma: Float) -> Float:
    """(s, s, 3) log RGB of a change of chroma (s, s, 2) = R - G, B - G at the same luminance."""
    red, blue = chroma[..., 0], chroma[..., 1]
    green = -LUMA[0] * red - LUMA[2] * blue
    return np.asarray(np.stack([green + red, green, green + blue], axis=-1), np.float32)
