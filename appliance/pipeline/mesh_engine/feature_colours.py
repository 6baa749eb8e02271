"""The colours of lips and irises: measured on both faces, and given to the target's own.

Where the target's mouth or gaze is not the source's, no photo of the source shows such lips or such
an eye, and stretched ones would be invented. The target's own have the right form, light and
highlights; in the source's colour they stay the same person's while a mouth opens and closes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.appearance.illumination import Light
from appliance.pipeline.appearance.tone import BLACK, LUMA, log_colour
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    LEFT_IRIS,
    OUTER_LIPS,
    RIGHT_EYE,
    RIGHT_IRIS,
    eye_distance,
    eye_openness,
)
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float, Image

MEMORY = 50  # frames that the mean of a face's own colours reaches back
# Where an iris is sampled: in radii of it, between pupil and rim, and in directions, from the right
# of the picture on over below, that leave out what the upper lid covers.
RADII = (0.5, 0.65, 0.8)
DIRECTIONS = np.radians(np.arange(-15, 196, 15))
SHOWN = (0.03, 0.06)  # lid openness, in eye distances, between which an iris comes to be seen
LIGHTER = (-0.7, 0.4)  # log luminance by which a feature may change; more looks painted or blind
EVEN = 0.8  # how far its hue becomes the other one's; the rest is its own play of hues
HIGHLIGHT = (0.6, 1.1)  # log luminance over the feature's own between which a pixel is a reflection
SOFT = 0.012  # eye distances over which the change of colour comes in
FIXED = 4  # bits of a pixel's fraction that OpenCV draws with

EYES = ((RIGHT_EYE, RIGHT_IRIS), (LEFT_EYE, LEFT_IRIS))
_LOGS = log_colour(np.arange(256, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class FeatureColours:
    """Of the lips, the right iris and the left one.

    ``colours``: (3, 3) log RGB, less that of skin in the same light. ``shown``: (3,) how far each
    is seen, 0-1: lids may hide an iris.
    """

    colours: Float
    shown: Float

    @classmethod
    def measure(cls, image: Image, points: Float, light: Light) -> FeatureColours:
        """Of the face whose mesh lies at (478, 2) ``points`` of an RGB picture, 0-255."""
        mouth = (points[OUTER_LIPS] + points[INNER_LIPS]) / np.float32(2)
        irises = [_iris_places(points[at : at + 5]) for _, at in EYES]
        logs = _logs_at(image, np.vstack([mouth, *irises]))  # one look is faster than three
        lips, *eyes = np.split(logs, [len(mouth), len(mouth) + len(irises[0])])
        rows = [_median(lips - light.field[OUTER_LIPS])]
        rows += [_median(iris) - light.field[at] for iris, (_, at) in zip(eyes, EYES, strict=True)]
        open_lids = smoothstep(np.array(eye_openness(points), np.float32), *SHOWN)
        return cls(np.stack(rows).astype(np.float32), np.append(np.float32(1), open_lids))


class FeatureMemory:
    """The mean colours of one face's features over the frames of a shot, where they were seen."""

    def __init__(self) -> None:
        self._colours: Float = np.zeros((3, 3), np.float32)
        self._weight: Float = np.full(3, 1e-3, np.float32)

    def observe(self, found: FeatureColours, covered: Float | None = None) -> Float:
        """The mean with one more frame: (3, 3), as ``FeatureColours.colours``.

        ``covered``: (478,) 0-1, how far hands are in front of each mesh point.
        """
        seen = found.shown if covered is None else found.shown * (1 - _of_features(covered))
        self._weight = np.minimum(self._weight + seen, MEMORY)
        share = (seen / self._weight)[:, None]
        self._colours = self._colours + share * (found.colours - self._colours)
        return self._colours


@dataclass(frozen=True, slots=True)
class Recolouring:
    """``own`` and ``wanted``: (3, 3), as ``FeatureColours.colours``. ``shares``: (3,) 0-1."""

    own: Float
    wanted: Float
    shares: Float


def recoloured(image: Image, points: Float, light: Light, change: Recolouring) -> Image:
    """A copy of the (h, w, 3) picture with other lips and irises, at (478, 2) ``points``.

    Their light and shade stay; their hue becomes more even.
    """
    result = image.copy()
    soft = max(SOFT * eye_distance(points), 0.6)
    rings = (OUTER_LIPS, RIGHT_EYE, LEFT_EYE)
    skins = (light.field[OUTER_LIPS].mean(axis=0), light.field[RIGHT_IRIS], light.field[LEFT_IRIS])
    for number in np.flatnonzero(change.shares > 0).tolist():
        ring = points[rings[number]]
        low = np.maximum(np.floor(ring.min(axis=0) - 3 * soft), 0).astype(int)
        high = np.ceil(ring.max(axis=0) + 3 * soft).astype(int)
        window = result[low[1] : max(high[1], 0), low[0] : max(high[0], 0)]
        if window.size:
            mask = _mask(points - low.astype(np.float32), number, window.shape[:2])
            mask = images.blurred(mask, soft) * change.shares[number]
            own, wanted = change.own[number], change.wanted[number]
            window[:] = _recoloured(window, mask, skins[number], own, wanted)
    return result


def _of_features(values: Float) -> Float:
    """The mean of (478,) values over each feature's points: (3,)."""
    parts = (OUTER_LIPS, slice(RIGHT_IRIS, RIGHT_IRIS + 5), slice(LEFT_IRIS, LEFT_IRIS + 5))
    return np.array([values[part].mean() for part in parts], np.float32)


def _recoloured(window: Image, mask: Float, skin: Float, own: Float, wanted: Float) -> Image:
    logs = _LOGS[window] - skin
    luma = logs @ LUMA
    mask = mask * (1 - smoothstep(luma - own @ LUMA, *HIGHLIGHT))
    lighter = np.clip((wanted - own) @ LUMA, *LIGHTER)
    hue = (wanted - wanted @ LUMA) - (logs - luma[..., None])
    changed = np.exp(logs + skin + mask[..., None] * (lighter + EVEN * hue)) - BLACK
    return np.asarray(np.clip(changed + 0.5, 0, 255), np.uint8)


def _mask(points: Float, number: int, shape: tuple[int, ...]) -> Float:
    """(h, w): 1 on the lips, or on what the lids show of an iris, else 0."""
    if number == 0:
        return _filled(points[OUTER_LIPS], shape) * (1 - _filled(points[INNER_LIPS], shape))
    ring, at = EYES[number - 1]
    radius = _radius(points[at : at + 5])
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    rim = points[at] + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return _filled(points[ring], shape) * _filled(rim, shape)


def _filled(polygon: Float, shape: tuple[int, ...]) -> Float:
    mask = np.zeros(shape, np.float32)
    corners = np.rint(polygon * (1 << FIXED)).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1.0, cv2.LINE_8, FIXED)
    return mask


def _median(rows: Float) -> Float:
    """Of each column of (n, c) ``rows``: (c,)."""
    ordered = np.sort(rows, axis=0)
    return np.asarray((ordered[(len(rows) - 1) // 2] + ordered[len(rows) // 2]) / 2, np.float32)


def _iris_places(iris: Float) -> Float:
    ways = np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)], axis=1)
    return np.vstack([iris[0] + _radius(iris) * share * ways for share in RADII])


def _radius(iris: Float) -> float:
    return float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())


def _logs_at(image: Image, places: Float) -> Float:
    at = np.asarray(places[None], np.float32)
    return log_colour(np.asarray(images.remapped(image, at)[0], np.float32))
