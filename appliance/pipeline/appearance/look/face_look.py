"""How one face looks: its luminance by scale and its chroma, without its light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.pipeline.appearance.look.bands import ELSEWHERE, Bands, smoothed
from appliance.pipeline.appearance.look.planes import BROAD, LookPlanes, fitting, to_side
from appliance.pipeline.appearance.tone import LUMA, log_colour
from appliance.pipeline.imaging.geometry import shrunk, shrunk_points
from appliance.pipeline.imaging.types import Float, Image

REGION = 6.0  # texels of the broad plane, ≈ 1 cm: smoother chroma is a region's own


@dataclass(frozen=True, slots=True)
class FaceLook:
    """One face on the planes of :class:`LookPlanes`.

    ``seen`` and ``seen_broad``: how far each place of the fine and the broad plane shows the
    face's own surface, 0-1. ``bands``: of its log luminance. ``chroma``: (s, s, 2) on the broad
    plane, log R - log G and log B - log G; all without the light. ``regional``: (s, s, 2) the part
    of ``chroma`` that is smooth over skin.
    """

    seen: Float
    seen_broad: Float
    bands: Bands
    chroma: Float
    regional: Float


def face_look(planes: LookPlanes, logs: Float, seen: Float) -> FaceLook:
    """The look of a face whose fine plane shows ``logs``, (s, s, 3) log RGB without its light."""
    seen_broad = to_side(seen, BROAD)
    weight = np.maximum(planes.broad.skin * seen_broad, ELSEWHERE)
    small = to_side(logs, BROAD)
    chroma = np.ascontiguousarray(small[..., ::2] - small[..., 1:2])
    total = smoothed(weight, REGION)
    regional = smoothed(chroma * weight[..., None], REGION) / total[..., None]
    bands = Bands.of(logs @ LUMA, planes.fine.skin * seen)
    return FaceLook(seen, seen_broad, bands, chroma, regional)


def photographed_look(
    planes: LookPlanes, image: Image, points: Float, field: Float, seen: Float
) -> FaceLook:
    """The look of a face in an RGB picture, its mesh at (478, 2) ``points``.

    ``field``: (478, 3) log RGB, its light. ``seen``: (s, s) on the fine plane, see
    :class:`FaceLook`.
    """
    factor = fitting(points)
    small, places = shrunk(image, factor), shrunk_points(points, factor)
    shown = planes.plane.unwrap(small, places).astype(np.float32)
    return face_look(planes, log_colour(shown) - planes.plane.interpolate(field), seen)
