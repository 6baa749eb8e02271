"""Which places of a face are visible, and not hidden by hair, a hand, spectacles or a mask."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.inference.network import Network
from appliance.pipeline.appearance.face_coverings import COVERING_KINDS, covering_zone
from appliance.pipeline.appearance.illumination import Light
from appliance.pipeline.appearance.skin import HAIR, distance_from_skin
from appliance.pipeline.appearance.spectacles import FrameFinder
from appliance.pipeline.appearance.tone import log_colour
from appliance.pipeline.face_model.canonical import Canonical, with_skirt
from appliance.pipeline.face_model.regions import feature_weights, hair_prior, region_weights
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, smoothstep
from appliance.pipeline.imaging.types import Float, Image

PLANE = 96  # texels: one is ≈ 2 mm of a face
PERSON_SIZE = 256  # the segmentation network's fixed input
BELIEVED = 0.5  # the mean probability, over a face, from which that network did see a head
PERSON = (0.2, 0.6)  # its probability from which a place belongs to the person
# How far a colour unlike skin counts as something in front of the face.
SKIN_DOUBT = 0.42  # on a cheek, where it may be a shadow or a mole
BEARD_DOUBT = 0.3  # around the mouth and on the jaw, where it may be a beard
MEMORY = 30  # estimates over which a video's usual appearance is averaged
TRUSTED_AFTER = 6  # estimates in a shot before the usual appearance counts


class VisibilityEstimator:
    """Estimates what covers a face.

    The person mask (MediaPipe selfie segmentation) ends the face at the head's outline. Colours far
    from the face's own skin, in its own light, are taken for something in front of it; in a video
    also an appearance far from the face's usual one, so that a hand over an eye is found.
    """

    def __init__(self, canonical: Canonical, network: Network) -> None:
        self._network = network
        self._plane = TexturePlane(canonical, PLANE)
        parts = region_weights(canonical)
        beard = np.clip(parts["jaw"] + parts["lips"], 0, 1)
        doubt = np.maximum(SKIN_DOUBT + beard * (BEARD_DOUBT - SKIN_DOUBT), hair_prior(canonical))
        own_colour = feature_weights(canonical)
        self._doubt = self._plane.interpolate((doubt * (1 - own_colour))[:, None])[..., 0]
        self._zones = {
            kind.name: self._plane.interpolate(covering_zone(kind, canonical)[:, None])[..., 0]
            for kind in COVERING_KINDS
        }
        self._frames = FrameFinder(canonical, self._plane)
        self._change_doubt = self._plane.interpolate((1 - 0.5 * own_colour)[:, None])[..., 0]

    def people(self, picture: Image) -> Float:
        """The probability that a place of an RGB picture shows a person: (256, 256), 0-1."""
        size = (PERSON_SIZE, PERSON_SIZE)
        small = shrunk(picture, max(1, min(picture.shape[:2]) // PERSON_SIZE))
        (mask,) = self._network.run(self._network.tensor(images.resized(small, size)))
        return np.asarray(mask[0, ..., 0], np.float32)

    def person(self, image: Image, points: Float) -> Float:
        """The probability that a place of an RGB cut-out shows the person: (256, 256), 0-1.

        ``points``: (478, 2) of the mesh in the cut-out. Where the network sees less than half of
        that face, it failed, and everything is taken for the person.
        """
        size, shape = (PERSON_SIZE, PERSON_SIZE), np.array(image.shape[1::-1])
        missing = _missing(points, image)
        factor = max(1, min(image.shape[:2]) // PERSON_SIZE)
        image = shrunk(image, factor)
        height, width = image.shape[:2]
        top, bottom, left, right = (side // factor for side in missing)
        if any(missing):
            image = np.asarray(
                cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REFLECT), np.uint8
            )
        person = self.people(image)
        if any(missing):
            whole = images.resized(person, image.shape[1::-1])
            person = images.resized(whole[top : top + height, left : left + width], size)
        at = (points + 0.5) / shape * PERSON_SIZE - 0.5
        shown = images.remapped(person, np.asarray(at[None], np.float32))
        return person if shown.mean() > BELIEVED else np.ones_like(person)

    def albedo(self, image: Image, points: Float, light: Light) -> Float:
        """The face's colours without its light, log RGB on a small canonical plane: (96, 96, 3).

        ``image`` and ``points`` as
        :func:`appliance.pipeline.appearance.illumination.sampled` gives them.
        """
        colours = images.blurred(self._plane.unwrap(image, points), 0.8)
        return log_colour(colours.astype(np.float32)) - self._plane.interpolate(light.field)

    def on_plane(self, values: Float) -> Float:
        """(478,) values at the mesh points, over the canonical plane: (96, 96)."""
        return self._plane.interpolate(values[:, None])[..., 0]

    def frames(self, albedo: Float, *, whole: bool = False) -> Float:
        """Where the canonical plane shows the frames of spectacles: (96, 96), 0-1.

        ``whole``: see :meth:`appliance.pipeline.appearance.spectacles.FrameFinder.find`.
        """
        return self._frames.find(albedo, whole=whole)

    def covering(self, albedo: Float, light: Light, *, whole: bool = False) -> Float:
        """Where the canonical plane shows a mask or spectacles: (96, 96), 0-1.

        ``whole``: as :meth:`frames` takes it.
        """
        frames = self.frames(albedo, whole=whole)
        if light.covering is None:
            return frames
        colours = albedo + self._plane.interpolate(light.field)
        covered = light.covering.share(colours, self._zones[light.covering.kind.name])
        return np.maximum(frames, covered)

    def estimate(
        self,
        albedo: Float,
        light: Light,
        appearance: AppearanceModel | None,
        person: Float,
        points: Float,
    ) -> Float:
        """How far each place of the canonical plane shows the face itself: (96, 96), 0-1.

        ``albedo``: (96, 96, 3), see :meth:`albedo`. ``person``: (256, 256), see :meth:`person`.
        ``points``: (478, 2) of the mesh in the unit square of the cut-out that ``person`` shows.
        """
        covered = distance_from_skin(albedo) * self._doubt
        if appearance is not None and appearance.samples >= TRUSTED_AFTER:
            change = distance_from_skin(albedo - appearance.albedo) * self._change_doubt
            covered = np.maximum(covered, change)
        mask = np.maximum(
            images.opened(smoothstep(covered, *HAIR), 3), self.covering(albedo, light)
        )
        mask = images.blurred(images.dilated(mask, 3), 1.0)
        head = self._plane.unwrap(person, points * PERSON_SIZE - 0.5)
        return np.asarray(np.maximum(1 - mask, 0) * smoothstep(head, *PERSON), np.float32)


def _missing(points: Float, image: Image) -> tuple[int, int, int, int]:
    """What the picture does not show of a face's surroundings: pixels above, below, left, right.

    The network knows heads with something around them. Of a face that fills its picture it takes
    a part for a person; its mirror image beyond the border gives the face its usual frame.
    """
    around = with_skirt(points)
    left, top = np.maximum(-around.min(axis=0), 0).astype(int).tolist()
    right, bottom = np.maximum(around.max(axis=0) - image.shape[1::-1], 0).astype(int).tolist()
    return top, bottom, left, right


class AppearanceModel:
    """The running mean of a face's albedo over a shot, where the face was visible.

    ``albedo``: (96, 96, 3) log RGB. ``samples``: how many it is the mean of.
    """

    def __init__(self) -> None:
        self.albedo: Float = np.zeros((PLANE, PLANE, 3), np.float32)
        self.samples = 0
        self._weight: Float = np.full((PLANE, PLANE, 1), 1e-3, np.float32)

    def add(self, albedo: Float, visibility: Float) -> None:
        """Add one (96, 96, 3) albedo, weighted by its (96, 96) visibility, 0-1."""
        weight = visibility[..., None]
        self._weight = np.minimum(self._weight + weight, MEMORY)
        self.albedo = self.albedo + weight / self._weight * (albedo - self.albedo)
        self.samples += 1
