"""How far a swapped face looks photographed with its target: contrast by scale, chroma by region.

Its own code, not the engine's: the canonical plane is all that they share.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from appliance.pipeline.appearance.tone import LUMA, log_colour
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.regions import (
    distance_to_outline,
    feature_weights,
    region_weights,
)
from appliance.pipeline.face_model.shape import facing
from appliance.pipeline.face_model.texture import UNIT_EYE_DISTANCE, TexturePlane
from appliance.pipeline.face_model.topology import eye_distance
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, shrunk_points, smoothstep
from appliance.pipeline.imaging.types import Float, Image

SIZE = 256  # texels of the canonical plane: one is ≈ 0.8 mm
SIGMAS = (1.5, 3.0, 6.0, 12.0, 24.0)  # texels: 0.12, 0.24, 0.48, 0.96, 1.92 cm
NEAR = (0.8, 1.25)  # contrast of a band, result over target, that counts as the target's
REGIONS = ("cheeks", "forehead", "lips")


@dataclass(frozen=True, slots=True)
class Look:
    """``contrast``: (5,) by band, finest first, result over target.

    ``chroma``: by region, the distance of the mean (log R - log G, log B - log G) from the
    target's; regions that are not seen are missing.
    """

    contrast: Float
    chroma: dict[str, float]

    @property
    def near(self) -> float:
        """The share of bands with the target's contrast."""
        return float(((self.contrast >= NEAR[0]) & (self.contrast <= NEAR[1])).mean())


class LookMeter:
    """Compares faces on the canonical plane, where both are seen."""

    def __init__(self, canonical: Canonical) -> None:
        self._canonical = canonical
        self._plane = TexturePlane(canonical, SIZE)
        skin = smoothstep(1 - self._spread(feature_weights(canonical)), 0.6, 1.0)
        self._skin = skin * smoothstep(self._spread(distance_to_outline(canonical)), 0.4, 1.4)
        parts = region_weights(canonical)
        self._regions = {name: self._spread(parts[name]) ** 2 for name in REGIONS}

    def compare(self, target: tuple[Image, Face], result: tuple[Image, Face]) -> Look:
        """Both are a picture and the face in it."""
        seen = [facing(face.mesh, self._canonical.triangles) for _, face in (target, result)]
        shown = self._spread(smoothstep(np.minimum(*seen), 0.1, 0.4)) * self._plane.covered
        skin = shown * self._skin
        before, after = (self._logs(*one) for one in (target, result))
        sizes = [contrasts(logs @ LUMA, skin) for logs in (after, before)]
        chroma = {}
        for name, place in self._regions.items():
            weight = place * shown * (~self._plane.mouth if name == "lips" else skin)
            if weight.sum() > 50:
                off = mean_chroma(after, weight) - mean_chroma(before, weight)
                chroma[name] = float(np.linalg.norm(off))
        return Look(sizes[0] / sizes[1], chroma)

    def _logs(self, image: Image, face: Face) -> Float:
        factor = max(1, int(eye_distance(face.points) / (UNIT_EYE_DISTANCE * SIZE) + 1 / 3))
        small, points = shrunk(image, factor), shrunk_points(face.points, factor)
        return log_colour(self._plane.unwrap(small, points).astype(np.float32))

    def _spread(self, values: Float) -> Float:
        return self._plane.interpolate(values[:, None])[..., 0]


def contrasts(luma: Float, skin: Float) -> Float:
    """The mean size of each band of (s, s) log luminance over (s, s) ``skin``, 0-1: (5,)."""
    weight = np.asarray(skin + 1e-3, np.float32)
    lit = np.asarray(luma * weight, np.float32)
    smooth = [images.blurred(lit, one) / images.blurred(weight, one) for one in SIGMAS]
    steps: list[Float] = [luma, *smooth]
    bands = [np.abs(fine - smooth) for fine, smooth in pairwise(steps)]
    return np.array([(band * skin).sum() / skin.sum() for band in bands], np.float32)


def mean_chroma(logs: Float, weight: Float) -> Float:
    """The weighted mean of (s, s, 3) log RGB as log R - log G and log B - log G: (2,)."""
    red, green, blue = np.einsum("ijc,ij->c", logs, weight) / weight.sum()
    return np.array([red - green, blue - green], np.float32)
