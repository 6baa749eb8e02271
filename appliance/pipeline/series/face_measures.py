"""What is measured of a face in a photo of a series: its expression, its light, what it wears."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.analysis.source_quality import sharpness
from appliance.pipeline.appearance.illumination import LightMeter, at_skin_resolution
from appliance.pipeline.appearance.skin import distance_from_skin
from appliance.pipeline.appearance.tone import LUMA, log_colour
from appliance.pipeline.appearance.visibility import VisibilityEstimator
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.regions import feature_weights
from appliance.pipeline.face_model.shape import facing
from appliance.pipeline.face_model.topology import (
    EYE_CORNERS,
    OVAL,
    SKIN_POINTS,
    eye_distance,
    eye_openness,
    indices,
    mouth_openness,
)
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, smoothstep
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.series.spectacle_bridge import BridgeFinder

SAMPLED = 160.0  # eye distance in pixels at which exposure is measured
BURNT = 250  # of 255, from which a channel holds no more detail
SEEN = (0.05, 0.35)  # cosines to the camera between which skin begins to count, and fully does
ASIDE = 2.5  # cm from the middle of the face, from which skin is a side's: the cheeks and temples
GAMMA = 2.2  # of sRGB, near enough for ratios of light
# The middle of the forehead on the canonical face, in cm: to either side, and above the origin.
FOREHEAD = (4.0, 5.6, 8.4)
HAIR = 0.5  # distance of a colour from the skin's, as for the engines, half way to surely hair
SURE = 0.5  # confidence from which a covering is one
CORNERS, LIPS = indices("61 291"), indices("13 14")
CHIN, TOP, TIP = 152, 10, 1
# Breadth of a mouth at rest over the eye distance, and how much more of it counts as much as the
# corners' rise: closed mouths have 0.49 to 0.65, smiling ones 0.65 to 0.84.
REST, BREADTH = 0.6, 0.5


@dataclass(frozen=True, slots=True)
class FaceMeasures:
    """One face of one photo. Lengths are in eye distances unless another unit is named.

    ``smile``: how far the corners of the mouth are drawn up and apart. ``mouth``, ``right_eye``,
    ``left_eye``: how far they are open. ``level``: degrees by which the line through the eyes falls
    to the right of the picture. ``tip``: how far the tip of the nose is below that line.
    ``sharpness``: see :mod:`appliance.pipeline.analysis.source_quality`. ``burnt``: share of the
    face, 0 to 1, without detail in the lights. ``brightest``: 99th percentile of its luma, 0 to
    255. ``side``: how many times as much light the left side gets as the right; below 1 it is the
    right that gets more. ``tone``: log luma of the skin. ``warmth``: its log ratio of red to blue.
    ``hair``: share of the forehead, 0 to 1, that does not look like skin. ``covering``: mask or
    sunglasses; empty without. ``has_frames``: whether whole frames of spectacles were found.
    ``bridge``: share of the breadth between the eyes, 0 to 1, that dark lines cross.
    """

    smile: float
    mouth: float
    right_eye: float
    left_eye: float
    level: float
    tip: float
    sharpness: float
    burnt: float
    brightest: float
    side: float
    tone: float
    warmth: float
    hair: float
    covering: str
    has_frames: bool
    bridge: float


class FaceMeter:
    """Measures faces; the networks have found them before."""

    def __init__(
        self, canonical: Canonical, meter: LightMeter, visibility: VisibilityEstimator
    ) -> None:
        self._canonical, self._meter, self._visibility = canonical, meter, visibility
        across, up = canonical.xyz[:, 0], canonical.xyz[:, 1]
        skin = 1 - feature_weights(canonical)
        skin[OVAL] = 0
        left = np.flatnonzero((across > ASIDE) & (skin > SURE))
        self._left = left[left < SKIN_POINTS]
        side, low, high = FOREHEAD
        forehead = (np.abs(across) < side) & (up > low) & (up < high)
        forehead[SKIN_POINTS:] = False
        self._bridge = BridgeFinder(canonical)
        self._forehead = visibility.on_plane(forehead.astype(np.float32)) > SURE

    def measure(self, image: Image, face: Face) -> FaceMeasures:
        """``image``: (h, w, 3) sRGB around the face, and ``face`` in its pixels."""
        points = face.points
        right, left = eye_openness(points)
        seen = smoothstep(facing(face.mesh, self._canonical.triangles), *SEEN)
        small, places = at_skin_resolution(image, points)
        light = self._meter.measure(small, places, seen)
        albedo = self._visibility.albedo(small, places, light)
        burnt, brightest = _exposure(image, points)
        return FaceMeasures(
            smile=_smile(points),
            mouth=mouth_openness(points),
            right_eye=right,
            left_eye=left,
            level=_level(points),
            tip=_tip(points),
            sharpness=sharpness(image, face),
            burnt=burnt,
            brightest=brightest,
            side=self._side(small, places, seen),
            tone=float(light.mean @ LUMA),
            warmth=float(light.mean[0] - light.mean[2]),
            hair=self._hair(albedo, seen),
            covering=light.covering.kind.name
            if light.covering is not None and light.covering.confidence > SURE
            else "",
            has_frames=bool(self._visibility.frames(albedo).any()),
            bridge=self._bridge.share(image, face),
        )

    def _side(self, small: Image, places: Float, seen: Float) -> float:
        """The median over pairs of places of the skin that mirror each other."""
        luma = log_colour(images.remapped(small, places[None])[0].astype(np.float32)) @ LUMA
        other = self._canonical.mirror[self._left]
        both = np.minimum(seen[self._left], seen[other]) > SURE
        if not both.any():
            return 1.0
        return float(np.exp(GAMMA * np.median((luma[self._left] - luma[other])[both])))

    def _hair(self, albedo: Float, seen: Float) -> float:
        shown = self._forehead * self._visibility.on_plane(seen)
        unlike = distance_from_skin(albedo) > HAIR
        return float((shown * unlike).sum() / max(float(shown.sum()), 1e-6))


def _smile(points: Float) -> float:
    unit = max(eye_distance(points), 1e-6)
    up = points[TOP] - points[CHIN]
    up = up / max(float(np.linalg.norm(up)), 1e-6)
    risen = float((points[CORNERS].mean(axis=0) - points[LIPS].mean(axis=0)) @ up) / unit
    right, left = points[CORNERS]
    return risen + BREADTH * (float(np.linalg.norm(left - right)) / unit - REST)


def _level(points: Float) -> float:
    right, left = points[EYE_CORNERS]
    return float(np.degrees(np.arctan2(left[1] - right[1], left[0] - right[0])))


def _tip(points: Float) -> float:
    below = points[TIP, 1] - points[EYE_CORNERS, 1].mean()
    return float(below) / max(eye_distance(points), 1e-6)


def _exposure(image: Image, points: Float) -> tuple[float, float]:
    """``burnt`` and ``brightest`` within the face's oval."""
    factor = max(1, int(eye_distance(points) / SAMPLED))
    small = shrunk(image, factor)
    inside = np.zeros(small.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(points[OVAL] / factor).astype(np.int32)], 1)
    colours = small[inside > 0]
    if not len(colours):
        return 0.0, 255.0
    burnt = float((colours.max(axis=1) >= BURNT).mean())
    return burnt, float(np.percentile(colours @ LUMA, 99))
