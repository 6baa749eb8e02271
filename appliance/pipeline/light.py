"""The light on a face: what is left of its colours when everything small is smoothed away."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.canonical import Canonical
from appliance.pipeline.face import Float, Image
from appliance.pipeline.regions import features
from appliance.pipeline.tone import contrast, log_colour
from appliance.pipeline.topology import OVAL, SKIN_POINTS, eye_distance

REACH = 3.5  # cm: standard deviation of the smoothing; 2.5 follows shadows closer, at the cost of likeness
SAMPLING = 40.0  # eye distance, in pixels, at which colours are sampled: a point stands for ≈ 2 mm
OUTLIER = 0.45  # natural-log units from the median beyond which a point is hair, glare or shadow


@dataclass(frozen=True, slots=True)
class Light:
    """``field``: (478, 3) log RGB at each mesh point. ``mean``: (3,) over the skin that was seen.
    ``contrast``: see :func:`appliance.pipeline.tone.contrast`.
    """

    field: Float
    mean: Float
    contrast: float


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
        self._kernel = np.exp(-0.5 * (gaps / reach) ** 2).astype(np.float32)

    def measure(self, image: Image, points: Float, seen: Float) -> Light:
        """The light on the face whose mesh lies at (478, 2) ``points`` of an RGB picture.

        ``seen`` (478,) tells how far each point may be trusted, 0–1.
        """
        colours = sample(image, points)
        logs = log_colour(colours)
        weight = self._skin * seen + 1e-6
        brightness = logs.mean(axis=1)
        middle = weighted_median(brightness, weight)
        weight *= np.exp(-0.5 * ((brightness - middle) / OUTLIER) ** 2)
        kernel = self._kernel * weight
        field = (kernel @ logs) / kernel.sum(axis=1, keepdims=True)
        mean = weight @ field / weight.sum()
        return Light(field.astype(np.float32), mean, contrast(colours, field, weight))


def sample(image: Image, points: Float) -> Float:
    """The colours, (n, 3) 0–255, around (n, 2) points of a mesh: a box of a few millimetres."""
    scale = min(1.0, SAMPLING / max(eye_distance(points), 1.0))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    ratio = np.array([size[0] / image.shape[1], size[1] / image.shape[0]])
    at = ((points + 0.5) * ratio - 0.5).astype(np.float32)
    taken = cv2.remap(small, at[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(taken[0], np.float32)


def weighted_median(values: Float, weights: Float) -> float:
    """The value with half of the weight on either side."""
    order = np.argsort(values)
    rising = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(rising, rising[-1] / 2)])
