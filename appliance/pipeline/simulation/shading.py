"""How the light on a face changes when its surface turns: from an estimate of the photo's light."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.appearance.illumination import at_skin_resolution
from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.regions import feature_weights
from appliance.pipeline.face_model.topology import OVAL, POINTS, SKIN_POINTS
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float, Image

GAMMA = 2.2
# Of the squared weights; ten times as much halves the change of light that comes out.
RIDGE = 0.002
STIFFNESS = np.array([0, 1, 1, 1, 4, 4, 4, 4, 4], np.float64)
CAUCHY_STEPS, CAUCHY = 4, 2.0  # against what is no plain skin: of so many deviations
DARKEST = 0.12  # of the mean: spherical harmonics of degree 2 may be negative in a shadow
STRONGEST = (0.6, 1.6)  # bounds of the ratio of light
SEEN = (0.15, 0.45)  # how squarely a place must face the camera to tell of the light
RELIT = (0.3, 0.55)  # and to be relit: at a grazing angle the mesh tells too little


class LightEstimator:
    """Second-degree spherical harmonics (Ramamoorthi and Hanrahan, 2001) of a face's light.

    They hold 99 % of the light that a matt surface reflects. Skin is taken for one colour, by a
    fit that leaves out lips, brows, eyes, and what differs from the rest.
    """

    def __init__(self, canonical: Canonical) -> None:
        self._triangles = canonical.triangles[canonical.kind != SKIRT_RING]
        skin = 1 - feature_weights(canonical)
        skin[SKIN_POINTS:] = 0
        skin[OVAL] = 0
        self._skin = skin
        relit = np.ones(POINTS, np.float32)
        relit[SKIN_POINTS:] = 0
        self._relit = relit

    def ratio(self, image: Image, offset: Float, before: Float, after: Float) -> Float:
        """The log ratio of each point's light after to before a move: (478,).

        ``image``: (h, w, 3) RGB around the face, whose top left pixel is ``offset``, (2,), of the
        picture in which the meshes ``before`` and ``after``, (478, 3) pixels, lie.
        """
        light = self._fitted(image, offset, before)
        old, new = _normals(before, self._triangles), _normals(after, self._triangles)
        shades = [np.maximum(_harmonics(normals) @ light, DARKEST) for normals in (old, new)]
        ratio = np.log(np.clip(shades[1] / shades[0], *STRONGEST))
        facing = np.minimum(-old[:, 2], -new[:, 2])
        return np.asarray(ratio * smoothstep(facing, *RELIT) * self._relit, np.float32)

    def shade(self, image: Image, offset: Float, mesh: Float) -> Float:
        """The log of each point's light, as far as its direction tells it: (478,), of any mean."""
        light = self._fitted(image, offset, mesh)
        shade = np.maximum(_harmonics(_normals(mesh, self._triangles)) @ light, DARKEST)
        return np.asarray(np.log(shade), np.float32)

    def _fitted(self, image: Image, offset: Float, mesh: Float) -> NDArray[np.float64]:
        """The light by the harmonics' coefficients: (9,)."""
        small, places = at_skin_resolution(image, mesh[:, :2] - offset)
        colours = images.remapped(small, places[None])[0].astype(np.float64)
        luminance = ((colours / 255) ** GAMMA) @ [0.2126, 0.7152, 0.0722]
        normals = _normals(mesh, self._triangles)
        weights = self._skin * smoothstep(-normals[:, 2], *SEEN)
        mean = float((weights @ luminance) / max(weights.sum(), 1e-6))
        return _fit(_harmonics(normals), luminance / max(mean, 1e-6), weights.astype(np.float64))


def relit(image: Image, log_ratio: Float) -> Image:
    """An (h, w, 3) picture whose linear light is multiplied by exp of (h, w) ``log_ratio``."""
    factor = cv2.exp(log_ratio / np.float32(GAMMA))
    lit: Any = cv2.multiply(image, cv2.merge([factor, factor, factor]), dtype=cv2.CV_8U)
    return np.asarray(lit, np.uint8)


def _fit(
    basis: NDArray[np.float64], shade: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    ridge = np.diag(STIFFNESS + 1e-6) * RIDGE * (weights.sum() + 1e-6)
    trust = weights
    light = np.zeros(len(STIFFNESS))
    for _ in range(CAUCHY_STEPS):
        weighed = basis.T * trust
        light = np.linalg.solve(weighed @ basis + ridge, weighed @ shade)
        off = shade - basis @ light
        spread = np.sqrt((weights @ off**2) / max(weights.sum(), 1e-6)) + 1e-6
        trust = weights / (1 + (off / (CAUCHY * spread)) ** 2)
    return light


def _harmonics(normals: Float) -> NDArray[np.float64]:
    x, y, z = normals.astype(np.float64).T
    return np.stack(
        [np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=1
    )


def _normals(mesh: Float, triangles: NDArray[np.int32]) -> Float:
    """Of a (478, 3) mesh in a picture, out of the face: (478, 3), z negative towards the camera."""
    corners = mesh[triangles]
    # Canonical triangles run so that this points out of the face in every pose.
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    at = triangles.T.ravel()
    total = np.column_stack(
        [np.bincount(at, np.tile(axis, 3), minlength=len(mesh)) for axis in faces.T]
    )
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1), 1e-9)[:, None], np.float32)
