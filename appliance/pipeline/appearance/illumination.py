"""The light on a face: its colours with all fine detail smoothed away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.pipeline.appearance.face_coverings import (
    COVERING_KINDS,
    Covering,
    covering_zone,
    find_covering,
)
from appliance.pipeline.appearance.skin import distance_from_skin, median_colour
from appliance.pipeline.appearance.tone import log_colour
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.regions import feature_weights
from appliance.pipeline.face_model.topology import OVAL, SKIN_POINTS, eye_distance
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, shrunk_points
from appliance.pipeline.imaging.types import Float, Image

# Standard deviation of the smoothing, cm; less follows shadows more closely and loses likeness.
REACH = 4.0
SAMPLING = 40.0  # eye distance, in pixels, at which colours are sampled: one stands for ≈ 2 mm
# Distance from the skin's median colour beyond which a point is hair, glare or shadow.
OUTLIER = 0.45


@dataclass(frozen=True, slots=True)
class Light:
    """What :class:`LightMeter` measures.

    ``field``: (478, 3) log RGB at each mesh point. ``mean``: (3,) log RGB over the
    visible skin. ``covering``: what covers part of the face and was left out of the measurement.
    """

    field: Float
    mean: Float
    covering: Covering | None = None


class LightMeter:
    """Low-pass of the colours on the mesh, in log RGB, by a Gaussian over the canonical face.

    Lips, brows and eyes have a colour of their own and do not count as light.
    """

    def __init__(self, canonical: Canonical, reach: float = REACH) -> None:
        gaps = np.linalg.norm(canonical.xyz[:, None] - canonical.xyz[None], axis=2)
        skin = 1 - feature_weights(canonical)
        skin[SKIN_POINTS:] = 0
        skin[OVAL] = 0  # where hair begins
        self._skin = skin
        self._zones = {kind.name: covering_zone(kind, canonical) for kind in COVERING_KINDS}
        self._kernel = np.exp(-0.5 * (gaps / reach) ** 2).astype(np.float32)

    def measure(self, image: Image, points: Float, seen: Float) -> Light:
        """The light on the face whose mesh lies at (478, 2) ``points`` of an RGB picture.

        Both as :func:`sampled` gives them. ``seen``: (478,) how far each point may be trusted, 0-1.
        """
        colours = _colours(image, points)
        logs = log_colour(colours)
        covering = find_covering(logs, seen)
        weight = self._skin * seen + 1e-6
        if covering is not None:
            weight = (
                self._skin * seen * (1 - covering.share(logs, self._zones[covering.kind.name]))
                + 1e-6
            )
        middle = median_colour(logs, weight)
        weight *= np.exp(-0.5 * (distance_from_skin(logs - middle) / OUTLIER) ** 2)
        sums = self._kernel @ np.column_stack([weight[:, None] * logs, weight])
        field = sums[:, :3] / sums[:, 3:]
        mean = weight @ field / weight.sum()
        return Light(field.astype(np.float32), mean, covering)


def at_skin_resolution(image: Image, points: Float) -> tuple[Image, Float]:
    """A face's (h, w, 3) picture and (478, 2) points, shrunk until a pixel is a few mm of skin."""
    factor = skin_factor(points)
    return shrunk(image, factor), shrunk_points(points, factor)


def skin_factor(points: Float) -> int:
    """By how much a picture of a face with (478, 2) ``points`` is shrunk for that."""
    return max(1, int(eye_distance(points) / SAMPLING))


def _colours(image: Image, points: Float) -> Float:
    return np.asarray(images.remapped(image, points[None])[0], np.float32)
