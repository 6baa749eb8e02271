"""How one source sits on one target face; it settles over the frames of a shot."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.appearance.illumination import Light
from appliance.pipeline.appearance.tone import toned
from appliance.pipeline.face_model.texture import UNIT_EYE_DISTANCE
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.mesh_engine.source import MeshSource

MEMORY = 50  # frames the running means reach back
TONING_INTERVAL = 25  # frames between renewals of the toned texture
SHRINK = 0.75  # a texture that is less than this much too large is left as it is
DETAIL = 1.2  # texels a pixel: a little more than one keeps the warp from softening


class SourceFit:
    """A source's texture and shape, adapted to one target face.

    Noise of the landmarks and of the light is averaged out over a shot; a cut needs a new fit.
    """

    def __init__(self, source: MeshSource, strength: Float) -> None:
        """``strength``: (478,) 0-1 at each mesh point."""
        self.source = source
        self.share = 1.0
        """Of the strength, 0-1, in the frame that is drawn next: a face that turns away fades."""
        self._strength = strength
        self.texture: Float = np.zeros((1, 1, 3), np.float32)
        self.difference = np.zeros_like(source.shape)
        self._gain = np.ones(3, np.float32)
        self._ratio = 1.0
        self._frames = 0

    @property
    def strength(self) -> Float:
        """How much of the source the next frame shows: (478,) 0-1 at each mesh point."""
        return self._strength * np.float32(self.share)

    def observe(self, light: Light, difference: Float, eye_distance: float) -> None:
        """Adapt to one more frame.

        ``difference``: (478, 3) canonical cm between the source's shape and the target's.
        """
        share = 1.0 / min(self._frames + 1, MEMORY)
        gain = np.exp(light.mean - self.source.tone)
        ratio = light.contrast / max(self.source.contrast, 1e-3)
        self.difference = self.difference + share * (difference - self.difference)
        self._gain = self._gain + share * (gain - self._gain)
        self._ratio += share * (ratio - self._ratio)
        if self._frames % TONING_INTERVAL == 0:
            self.texture = self._toned(eye_distance)
        self._frames += 1

    def _toned(self, eye_distance: float) -> Float:
        source = self.source
        size = source.texture.shape[0]
        wanted = round(min(size, max(32, DETAIL * eye_distance / UNIT_EYE_DISTANCE)))
        texture, feature = source.texture, source.feature
        if wanted < SHRINK * size:
            texture = images.resized(texture, (wanted, wanted), cv2.INTER_AREA)
            feature = images.resized(feature, (wanted, wanted), cv2.INTER_AREA)
        return toned(texture, source.tone, feature, self._gain, self._ratio)
