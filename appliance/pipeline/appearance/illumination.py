"""The light on a face: what is left of its colours when everything small is smoothed away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.pipeline.appearance.face_coverings import (
    PIECES,
    Worn,
    find,
    within,
)
from appliance.pipeline.appearance.skin import distance_from_skin, median_colour
from appliance.pipeline.appearance.tone import contrast, log_colour
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Float, Image
from appliance.pipeline.face_model.regions import features
from appliance.pipeline.face_model.topology import OVAL, SKIN_POINTS, eye_distance
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, shrunk_points

REACH = (
    4.0  # cm: standard deviation of the smoothing; less follows shadows closer and loses likeness
)
SAMPLING = 40.0  # eye distance, in pixels, at which colours are sampled: one stands for ≈ 2 mm
OUTLIER = (
    0.45  # distance from the skin's median colour beyond which a point is hair, glare or shadow
)


@dataclass(frozen=True, slots=True)
class Light:
    """What :class:`LightMeter` measures.

    ``field``: (478, 3) log RGB at each mesh point. ``mean``: (3,) over the skin that was seen.
    ``contrast``: see :func:`appliance.pipeline.appearance.tone.contrast`. ``worn``: what covers
    part of the face and was left out of the rest.
    """

    field: Float
    mean: Float
    contrast: float
    worn: Worn | None = None


class LightMeter:
    """Low-pass of the colours on the mesh, in log RGB, by a Gaussian over the canonical face.

    Lips, brows and eyes have a colour of their own and do not count as light.
    """

    def __init__(self, face: Canonical, reach: float = REACH) -> None:
        gaps = np.linalg.norm(face.xyz[:, None] - face.xyz[None], axis=2)
        skin = 1 - features(face)
        skin[SKIN_POINTS:] = 0
        skin[OVAL] = 0  # where hair begins
        self._skin = skin
        self._within = {piece.name: within(piece, face) for piece in PIECES}
        self._kernel = np.exp(-0.5 * (gaps / reach) ** 2).astype(np.float32)

    def measure(self, image: Image, points: Float, seen: Float) -> Light:
        """The light on the face whose mesh lies at (478, 2) ``points`` of an RGB picture.

        Both as :func:`sampled` gives them. ``seen``: (478,) how far each point may be trusted, 0-1.
        """
        colours = _colours(image, points)
        logs = log_colour(colours)
        worn = find(logs, seen)
        bare = 1 - worn.share(logs, self._within[worn.piece.name]) if worn else 1.0
        weight = self._skin * seen * bare + 1e-6
        middle = median_colour(logs, weight)
        weight *= np.exp(-0.5 * (distance_from_skin(logs - middle) / OUTLIER) ** 2)
        kernel = self._kernel * weight
        field = (kernel @ logs) / kernel.sum(axis=1, keepdims=True)
        mean = weight @ field / weight.sum()
        return Light(field.astype(np.float32), mean, contrast(colours, field, weight), worn)


def sampled(image: Image, points: Float) -> tuple[Image, Float]:
    """The picture and mesh points of a face shrunk until a pixel is a few millimetres of skin."""
    factor = max(1, int(eye_distance(points) / SAMPLING))
    return shrunk(image, factor), shrunk_points(points, factor)


def _colours(image: Image, points: Float) -> Float:
    return np.asarray(images.sampled(image, points[None])[0], np.float32)
