"""A source: what the mesh engine takes from photos of the person whose identity is applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.appearance.illumination import Light, LightMeter, at_skin_resolution
from appliance.pipeline.appearance.skin import HAIR, distance_from_skin
from appliance.pipeline.appearance.tone import LUMA, log_colour
from appliance.pipeline.appearance.visibility import VisibilityEstimator
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.nose import NoseCloser
from appliance.pipeline.face_model.regions import feature_weights, hair_prior
from appliance.pipeline.face_model.shape import PoseEstimator, facing
from appliance.pipeline.face_model.texture import UNIT_EYE_DISTANCE, TexturePlane
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    OUTER_LIPS,
    eye_distance,
    mouth_openness,
)
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import ramp, smoothstep
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.mesh_engine.feature_colours import FeatureColours
from appliance.pipeline.mesh_engine.without_frames import without_frames

PLANE_SIZES = (512, 1024)  # texels; the larger for photos whose face is larger
FACING = (0.05, 0.35)  # cosines between which a surface goes from unusable to fully trusted
# cm from the middle of the face between which trust ends: a photo shows the sides foreshortened
# and in their own shadow, and at the ear that becomes a rim on the target.
SIDES = (5.9, 7.1)
MIRRORED = 0.9  # trust in the mirrored texture of the other side, relative to the face's own
FULL_DETAIL = 200.0  # eye distance in pixels beyond which more resolution shows no more
HEAD = (0.5, 0.95)  # the person mask's probability from which a place is surely the head
GLARE = (0.3, 0.55)  # log luminance over the skin's own between which it turns to glare
COVERING_MARGIN = 7  # texels of the visibility plane: a covering casts a shadow around itself

SHARPENING = 4.0  # exponent by which the better photo dominates a place, not the mean


@dataclass(frozen=True, slots=True)
class MeshSource:
    """A person's face with light, pose and hair taken out.

    ``texture``: (s, s, 3) RGB 0-255 on the canonical plane, lit evenly. ``tone``: (3,) log RGB of
    the skin. ``cover``: (478,) how far the texture may be trusted. ``shape``: (478, 3) canonical
    cm. ``features``: the colours of lips and irises.
    """

    texture: Float
    tone: Float
    cover: Float
    shape: Float
    features: FeatureColours


@dataclass(frozen=True, slots=True)
class _PhotoView:
    """One photo: ``texture`` (s, s, 3), ``trust`` (s, s, 1) 0-1 on the plane, ``quality`` 0-1."""

    texture: Float
    trust: Float
    light: Light
    shape: Float
    features: FeatureColours
    quality: float


class MeshSourceReader:
    """Makes a :class:`MeshSource` from one or several photos of a person."""

    def __init__(
        self,
        canonical: Canonical,
        pose_estimator: PoseEstimator,
        meter: LightMeter,
        visibility_estimator: VisibilityEstimator,
    ) -> None:
        self._canonical = canonical
        self._visibility = visibility_estimator
        self._pose_estimator = pose_estimator
        self._meter = meter
        self._nose = NoseCloser(canonical)
        self._frontal = 1 - smoothstep(np.abs(canonical.xyz[:, 0]), *SIDES)
        self._planes = {size: TexturePlane(canonical, size) for size in PLANE_SIZES[:1]}

    def read(self, photos: Sequence[tuple[Image, Face]]) -> MeshSource:
        """Several photos are merged place by place: the sharper, more frontal view wins."""
        widest = max(eye_distance(face.points) for _, face in photos)
        size = PLANE_SIZES[int(widest > PLANE_SIZES[0] * UNIT_EYE_DISTANCE)]
        if size not in self._planes:
            self._planes[size] = TexturePlane(self._canonical, size)
        plane = self._planes[size]
        views = [self._view(plane, image, face) for image, face in photos]
        best = max(views, key=lambda view: view.quality)
        weights = np.stack([(view.quality * view.trust) ** SHARPENING + 1e-8 for view in views])
        weights /= weights.sum(axis=0)
        texture = np.zeros_like(best.texture)
        for view, weight in zip(views, weights, strict=True):
            texture += view.texture * np.exp(best.light.mean - view.light.mean) * weight
        trust = np.max([view.trust for view in views], axis=0)
        qualities = np.array([view.quality for view in views])
        shape = np.average([view.shape for view in views], axis=0, weights=qualities)
        return MeshSource(
            texture=texture,
            tone=best.light.mean,
            cover=self._nose.closed(plane.pick(trust[..., 0])) * self._frontal,
            shape=shape.astype(np.float32),
            features=best.features,
        )

    def _view(self, plane: TexturePlane, image: Image, face: Face) -> _PhotoView:
        seen = smoothstep(facing(face.mesh, self._canonical.triangles), *FACING)
        small, points = at_skin_resolution(image, face.points)
        light = self._meter.measure(small, points, seen)
        even = np.exp(light.mean - light.field)
        spread = plane.interpolate(np.hstack([even, seen[:, None]]))
        texture = plane.unwrap(image, _lips_without_teeth(face.points)) * spread[..., :3]
        texture[~plane.covered] = np.exp(light.mean)
        texture = _closed(texture, plane.mouth)
        albedo = self._visibility.albedo(small, points, light)
        covering = self._visibility.covering(albedo, light, whole=True)
        if light.covering is None:  # then all that it can be is the frames of spectacles
            texture, shown = without_frames(texture, covering)
        else:
            shown = 1 - _around(plane, covering)
        smooth = log_colour(np.maximum(images.blurred(texture, plane.size / 200), 0)) - light.mean
        own = spread[..., 3:] * self._free_of_hair(plane, smooth)
        own *= self._head(plane, image, face)
        own *= shown
        # The plane is symmetric, so the other half of the face is its mirror image. It also
        # replaces highlights, which do not show the skin.
        dull = own * (1 - self._glare(plane, smooth))
        other = dull[:, ::-1] * (1 - dull) * MIRRORED
        merged = (texture * (dull + 0.01) + texture[:, ::-1] * other) / (dull + other + 0.01)
        frontal = float(seen.mean())
        return _PhotoView(
            texture=merged.astype(np.float32),
            trust=np.maximum(own, own[:, ::-1] * MIRRORED),
            light=light,
            shape=self._pose_estimator.to_canonical(face.mesh),
            features=FeatureColours.measure(image, face.points, light),
            quality=frontal * min(1.0, eye_distance(face.points) / FULL_DETAIL),
        )

    def _head(self, plane: TexturePlane, image: Image, face: Face) -> Float:
        """(s, s, 1): 0 where the mesh reaches over the head's outline, onto sky or collar."""
        person = self._visibility.person(image, face.points)
        scale = np.array(person.shape[::-1]) / image.shape[1::-1]
        at = np.asarray((face.points + 0.5) * scale - 0.5, np.float32)
        shown = plane.unwrap(person, at)
        return smoothstep(np.asarray(shown, np.float32), *HEAD)[..., None]

    def _glare(self, plane: TexturePlane, smooth: Float) -> Float:
        """(s, s, 1): 1 where the skin mirrors a lamp; ``smooth``: (s, s, 3) log RGB over skin."""
        skin = 1 - plane.interpolate(feature_weights(self._canonical)[:, None])
        glare = images.dilated(smoothstep(smooth @ LUMA, *GLARE), plane.size // 60)
        return skin * images.blurred(glare, plane.size / 100)[..., None]

    def _free_of_hair(self, plane: TexturePlane, smooth: Float) -> Float:
        """(s, s, 1): 0 where the forehead or a temple shows something that is not skin.

        ``smooth``: (s, s, 3) log RGB over the skin's.
        """
        doubt = plane.interpolate(hair_prior(self._canonical)[:, None])[..., 0]
        hair = smoothstep(distance_from_skin(smooth) * doubt, *HAIR)
        hair = images.dilated(images.opened(hair, 5), plane.size // 28)
        hair = images.blurred(hair, plane.size / 100)
        return np.asarray(1 - hair[..., None], np.float32)


def _around(plane: TexturePlane, covering: Float) -> Float:
    """(s, s, 1): 1 where a (96, 96) ``covering`` hides the skin, and a little around it."""
    covered = images.dilated(covering, COVERING_MARGIN)
    return images.resized(covered, (plane.size, plane.size))[..., None]


def _lips_without_teeth(points: Float) -> Float:
    """The points, but an open mouth's inner lips further out, where surely no tooth is."""
    kept = points.copy()
    share = 0.45 * ramp(mouth_openness(points), 0.04, 0.09)
    kept[INNER_LIPS] += share * (points[OUTER_LIPS] - points[INNER_LIPS])
    return kept


def _closed(texture: Float, mouth: NDArray[np.bool_]) -> Float:
    """The opening of the mouth in the colour of the lips around it, so that no tooth bleeds out."""
    around = (~mouth).astype(np.float32)
    reach = texture.shape[0] / 80
    total = images.blurred(texture * around[..., None], reach)
    share = images.blurred(around, reach)
    filled = total / np.maximum(share, 1e-3)[..., None]
    return np.where(mouth[..., None], filled, texture).astype(np.float32)
