"""How one source sits on one target face; it settles over the frames of a shot."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.appearance.look.correction import Correction, corrected, correction
from appliance.pipeline.appearance.look.face_look import FaceLook, face_look
from appliance.pipeline.appearance.look.planes import FINE, LookPlanes, to_side
from appliance.pipeline.appearance.tone import LUMA, log_colour
from appliance.pipeline.face_model.texture import UNIT_EYE_DISTANCE
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.mesh_engine.feature_colours import FeatureMemory
from appliance.pipeline.mesh_engine.source import MeshSource

MEMORY = 50  # frames the running mean of the shape reaches back
BROW_MEMORY = 500  # the same for brows, or a raise would sink within two seconds
FIRST_LOOKS = (0, 25, 50, 75)  # frames of a shot in which the target's look is taken
LOOK_INTERVAL = 150  # frames between further looks
LOOKS = 5  # looks over which they are averaged
FADE = 24  # frames over which a new texture takes the place of the one before
GRAIN_BLOCK = 4  # pixels a side
TRUSTED = (0.5, 1.0)  # the source's cover from which a place shows how the source looks
SHRINK = 0.75  # a texture that is less than this much too large is left as it is
DETAIL = 1.2  # texels a pixel: a little more than one keeps the warp from softening


class SourceFit:
    """A source's texture and shape, adapted to one target face.

    Noise of the landmarks and of the light is averaged out over a shot; a cut needs a new fit.
    ``texture``: (t, t, 3) RGB, 0-255. ``grain``: (s, s) share of the target's own grain that it
    lacks, 0-1, on the same plane.
    """

    def __init__(self, source: MeshSource, strength: Float) -> None:
        """``strength``: (478,) 0-1 at each mesh point."""
        self.source = source
        self.share = 1.0
        """Of the strength, 0-1, in the frame that is drawn next: a face that turns away fades."""
        self._strength = strength
        self.texture: Float = np.zeros((0, 0, 3), np.float32)
        self.grain: Float = np.zeros((1, 1), np.float32)
        self.difference = np.zeros_like(source.shape)
        self.features = FeatureMemory()
        self._frames = 0
        self._seen = 0.0
        self._change: Correction | None = None
        self._looks = 0.0
        self._fading: tuple[Float, Float] | None = None
        self._steps_left = 0

    @property
    def strength(self) -> Float:
        """How much of the source the next frame shows: (478,) 0-1 at each mesh point."""
        return self._strength * np.float32(self.share)

    @property
    def wants_look(self) -> bool:
        """Whether the target's look is due in the frame that is observed next."""
        return self._frames in FIRST_LOOKS or self._frames % LOOK_INTERVAL == 0

    def match(self, planes: LookPlanes, target: FaceLook, gain: Float, eye_distance: float) -> None:
        """Adapt the texture to one more look of the target.

        ``gain``: (3,) the target's light over the source's. ``eye_distance``: in pixels.
        """
        texture = self._sized(eye_distance)
        own = self._own_look(planes, texture)
        change = correction(planes, own, target, float(np.exp(LUMA @ np.log(gain))))
        # A face that is hidden or turns away counts less.
        seen = self.share * float(target.seen[planes.fine.measured > 0].mean())
        self._looks = min(self._looks + seen, LOOKS) + 1e-6
        if self._change is not None:
            change = self._change.towards(change, seen / self._looks)
        self._change = change
        self._fade_to(corrected(texture, self.source.tone, own.bands.smooth, change), change.grain)

    def observe(
        self, difference: Float, eye_distance: float, *, brows: Float | None = None
    ) -> None:
        """Adapt to one more frame.

        ``difference``: (478, 3) canonical cm between the source's shape and the target's.
        ``brows``: (478,) how far each mesh point moves with them, 0-1; unless given, none does.
        """
        # A face that turns away shows its shape less surely, the less the more it fades.
        self._seen = self._seen + self.share
        short, long = (
            self.share / max(min(self._seen, memory), 1e-6) for memory in (MEMORY, BROW_MEMORY)
        )
        share = short if brows is None else (short + (long - short) * brows)[:, None]
        self.difference = self.difference + share * (difference - self.difference)
        if not self.texture.size:
            self.texture = self._sized(eye_distance)
        if self._fading is not None and self._steps_left:
            self.texture = self.texture + self._fading[0]
            self.grain = self.grain + self._fading[1]
            self._steps_left -= 1
        self._frames += 1

    def grain_at(self, texels: Float) -> Float:
        """The share of the target's grain at (h, w, 2) x, y of the texture: (h, w), 0-1."""
        height, width = texels.shape[:2]
        # It is smooth: once a block of pixels is enough.
        blocks = texels[::GRAIN_BLOCK, ::GRAIN_BLOCK]
        scale = self.grain.shape[0] / self.texture.shape[0]
        share = images.remapped(self.grain, (blocks + np.float32(0.5)) * scale - np.float32(0.5))
        return images.resized(share, (width, height))

    def _fade_to(self, texture: Float, grain: Float) -> None:
        """Replace the texture, all at once if it is the first, else over ``FADE`` frames."""
        if not self._frames:
            self.texture, self.grain = texture, grain
            return
        self.texture = images.resized(self.texture, texture.shape[:2])
        steps = np.float32(1 / FADE)
        self._fading = ((texture - self.texture) * steps, (grain - self.grain) * steps)
        self._steps_left = FADE

    def _sized(self, eye_distance: float) -> Float:
        """The source's texture, no finer than the target can show."""
        texture = self.source.texture
        size = texture.shape[0]
        wanted = round(min(size, max(32, DETAIL * eye_distance / UNIT_EYE_DISTANCE)))
        if wanted < SHRINK * size:
            return images.resized(texture, (wanted, wanted), cv2.INTER_AREA)
        return texture

    def _own_look(self, planes: LookPlanes, texture: Float) -> FaceLook:
        small = np.maximum(to_side(texture, FINE), 0)
        seen = smoothstep(planes.spread(self.source.cover), *TRUSTED)
        return face_look(planes, log_colour(small) - self.source.tone, seen)
