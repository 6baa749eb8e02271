"""What of a face is really to be seen: not hair, a hand, spectacles, a mask or the background."""

from __future__ import annotations

import numpy as np

from appliance.inference.network import Network
from appliance.pipeline.appearance.face_coverings import PIECES, within
from appliance.pipeline.appearance.illumination import Light
from appliance.pipeline.appearance.skin import HAIR, distance_from_skin
from appliance.pipeline.appearance.spectacles import FrameFinder
from appliance.pipeline.appearance.tone import log_colour
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Float, Image
from appliance.pipeline.face_model.regions import features, hairy, shares
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, smoothstep

PLANE = 96  # texels: one is ≈ 2 mm of a face
PERSON_SIZE = 256  # the segmentation network's fixed input
PERSON = (0.2, 0.6)  # its probability from which a place belongs to the person
SKIN_DOUBT = 0.42  # of a colour unlike skin on a cheek: it may be a shadow or a mole
BEARD_DOUBT = 0.3  # … around the mouth and on the jaw, where it may be a beard
MEMORY = 30  # looks over which a video's usual look is averaged
TRUSTED_AFTER = 6  # looks at a shot before the usual look counts


class Masker:
    """Finds what covers a face.

    The person mask (MediaPipe selfie segmentation) ends the face at the head's outline. Colours far
    from the face's own skin, in its own light, are taken for something in front of it; in a video
    also a look far from the face's usual one, so that a hand over an eye is seen as one.
    """

    def __init__(self, face: Canonical, network: Network) -> None:
        self._network = network
        self._plane = TexturePlane(face, PLANE)
        parts = shares(face)
        beard = np.clip(parts["jaw"] + parts["lips"], 0, 1)
        doubt = np.maximum(SKIN_DOUBT + beard * (BEARD_DOUBT - SKIN_DOUBT), hairy(face))
        own_colour = features(face)
        self._doubt = self._plane.spread((doubt * (1 - own_colour))[:, None])[..., 0]
        self._within = {
            piece.name: self._plane.spread(within(piece, face)[:, None])[..., 0] for piece in PIECES
        }
        self._frames = FrameFinder(face, self._plane)
        self._change_doubt = self._plane.spread((1 - 0.5 * own_colour)[:, None])[..., 0]

    def person(self, image: Image) -> Float:
        """How surely each place of an RGB cut-out shows the person: (256, 256), 0-1."""
        size = (PERSON_SIZE, PERSON_SIZE)
        image = shrunk(image, max(1, min(image.shape[:2]) // PERSON_SIZE))
        small = images.resized(image, size)
        (mask,) = self._network.run(self._network.tensor(small))
        return mask[0, ..., 0]

    def look(self, image: Image, points: Float, light: Light) -> Float:
        """The face's colours without its light, log RGB on a small canonical plane: (96, 96, 3).

        ``image`` and ``points`` as
        :func:`appliance.pipeline.appearance.illumination.sampled` gives them.
        """
        colours = images.blurred(self._plane.unwrap(image, points), 0.8)
        return log_colour(colours.astype(np.float32)) - self._plane.spread(light.field)

    def worn(self, look: Float, light: Light) -> Float:
        """How far each place of the canonical plane is a mask's or of spectacles: (96, 96), 0-1."""
        frames = self._frames.find(look)
        if not light.worn:
            return frames
        colours = look + self._plane.spread(light.field)
        piece = light.worn.share(colours, self._within[light.worn.piece.name])
        return np.maximum(frames, piece)

    def visible(
        self, look: Float, light: Light, usual: Usual | None, person: Float, points: Float
    ) -> Float:
        """How far each place of the canonical plane shows the face itself: (96, 96), 0-1.

        ``points``: (478, 2) of the mesh in the unit square of the cut-out ``person`` was made of.
        """
        covered = distance_from_skin(look) * self._doubt
        if usual is not None and usual.looks >= TRUSTED_AFTER:
            change = distance_from_skin(look - usual.look) * self._change_doubt
            covered = np.maximum(covered, change)
        mask = np.maximum(images.opened(smoothstep(covered, *HAIR), 3), self.worn(look, light))
        mask = images.blurred(images.dilated(mask, 3), 1.0)
        head = self._plane.unwrap(person, points * PERSON_SIZE - 0.5)
        return np.asarray(np.maximum(1 - mask, 0) * smoothstep(head, *PERSON), np.float32)


class Usual:
    """The running mean of a face's look over a shot, where it was visible."""

    def __init__(self) -> None:
        self.look: Float = np.zeros((PLANE, PLANE, 3), np.float32)
        self._seen: Float = np.full((PLANE, PLANE, 1), 1e-3, np.float32)
        self.looks = 0

    def add(self, look: Float, visible: Float) -> None:
        """Take one more look into account, as far as it shows the face."""
        weight = visible[..., None]
        self._seen = np.minimum(self._seen + weight, MEMORY)
        self.look = self.look + weight / self._seen * (look - self.look)
        self.looks += 1
