"""The generator engine: the networks of an operator's pack, and what they do to one face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.errors import ModelError
from appliance.inference.contract import ImageInput
from appliance.inference.pack import ModelPack
from appliance.inference.session import Network, Runtime, Tensor
from appliance.pipeline import images
from appliance.pipeline.canonical import Canonical, with_skirt
from appliance.pipeline.describe import Describer
from appliance.pipeline.face import Face, Float, Image
from appliance.pipeline.generate import Generator
from appliance.pipeline.geometry import similarity_matrix, warp
from appliance.pipeline.identify import Recogniser
from appliance.pipeline.layers import Grid, raster
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.occlude import Occluder
from appliance.pipeline.parse import Parser
from appliance.pipeline.paste import box_mask, pasted
from appliance.pipeline.region import around, crop_box
from appliance.pipeline.restore import Restorer
from appliance.pipeline.topology import POINTS, five_points

REGION_CELLS = 128  # a side of the raster that region strengths are drawn on

Support: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class GeneratorWish:
    """What is asked of a generator's pack.

    ``pixels``: a side of the crop, a multiple of the generator's own, which is the default.
    ``restore``: how far the restored face replaces the generated one, 0-1; ``None``: not at all.
    ``restorer_weight``: for restorers that take one. ``occlusion``, ``parts``: whether the pack's
    occluder and face parser limit the change.
    """

    pixels: int | None = None
    restore: float | None = None
    restorer_weight: float = 0.5
    occlusion: bool = False
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Generation:
    """The loaded stages of an operator's pack. ``family``: the generator's."""

    family: str
    generator: Generator
    input: ImageInput
    describer: Describer
    pixels: int
    five: Callable[[Image, Face], Float]
    masks: tuple[Callable[[Image], Float], ...]
    restorer: Restorer | None
    restored: float

    @classmethod
    def load(cls, pack: ModelPack, runtime: Runtime, wish: GeneratorWish) -> Generation:
        """Raises ModelError where the pack lacks what is asked for, or ProviderError."""
        network = runtime.load(pack, "generator")
        generator = Generator(network)
        pixels = wish.pixels or generator.side
        if pixels % generator.side:
            raise ModelError(
                f"The generator takes {generator.side} pixels, of which {pixels} is no multiple.",
                f"Ask for {generator.side}, {2 * generator.side} or {4 * generator.side} pixels.",
            )
        recogniser = _optional(pack, runtime, "identity")
        masks: list[Callable[[Image], Float]] = []
        if wish.occlusion:
            masks.append(Occluder(runtime.load(pack, "occluder")).mask)
        if wish.parts:
            masks.append(Parser(runtime.load(pack, "face-parser")).mask)
        restorer = None
        if wish.restore is not None:
            restorer = Restorer(runtime.load(pack, "restorer"), wish.restorer_weight)
        return cls(
            family=network.contract.family,
            generator=generator,
            input=network.contract.image,
            describer=Describer(
                network,
                Recogniser(recogniser) if recogniser else None,
                _optional(pack, runtime, "embedding-converter"),
            ),
            pixels=pixels,
            five=_mesh_five,
            masks=tuple(masks),
            restorer=restorer,
            restored=wish.restore or 0.0,
        )


class GeneratorShot:
    """One face through one shot; nothing is remembered from frame to frame."""

    def __init__(
        self, generation: Generation, face: Canonical, source: Tensor, strength: Float
    ) -> None:
        """``strength``: (478,) 0-1 at each mesh point."""
        self._stages = generation
        self._face = face
        self._source = source
        self._strength = strength
        self._even = bool(np.ptp(strength) < 1e-6)

    def edit(self, canvas: Canvas, face: Face) -> None:
        """The next frame, in place."""
        steps = [(self._stages.input, self._stages.pixels, self._generated)]
        if self._stages.restorer is not None:
            taker = self._stages.restorer.input
            steps.append((taker, (taker.size or (0, 0))[0], self._restored))
        five = five_points(face.points)
        boxes = [crop_box(_matrix(five, taker, side), side, canvas) for taker, side, _ in steps]
        inside = [box for box in boxes if box is not None]
        if len(inside) < len(steps):
            return
        box = around(inside)
        whole = canvas.read(box)
        local = face.moved(-box.x, -box.y)
        five = self._stages.five(whole, local)
        image, support = whole, np.zeros(whole.shape[:2], np.uint8)
        for taker, side, change in steps:
            matrix = _matrix(five, taker, side)
            crop = warp(image, matrix, side)
            changed, mask = change(crop)
            mask = mask * self._by_region(local, matrix, side)
            image, touched = pasted(image, changed, mask, matrix)
            support |= touched
        canvas.write(box, images.grey_like(image, whole), support)

    def _generated(self, crop: Image) -> tuple[Image, Float]:
        return self._stages.generator.swap(crop, self._source), self._mask(crop)

    def _restored(self, crop: Image) -> tuple[Image, Float]:
        if self._stages.restorer is None:
            raise ValueError("nothing restores")
        return self._stages.restorer.restore(crop), self._mask(crop) * self._stages.restored

    def _mask(self, crop: Image) -> Float:
        """Where an aligned crop may change: inside its border, where every mask lets it."""
        mask = box_mask(crop.shape[0])
        for limit in self._stages.masks:
            mask = np.minimum(mask, limit(crop))
        return mask

    def _by_region(self, face: Face, matrix: Float, side: int) -> Float | np.float32:
        """The strengths of the mesh over an aligned crop: one number, or (side, side)."""
        if self._even:
            return np.float32(self._strength.max())
        points = with_skirt(face.mesh)
        strength = np.zeros((len(points), 1), np.float32)  # fades from the oval to the skirt
        strength[:POINTS, 0] = self._strength
        grid = Grid(matrix * np.float32(REGION_CELLS / side), REGION_CELLS)
        drawn = raster(self._face, grid, points).cover().spread(strength)[..., 0]
        return images.resized(drawn, (side, side))


def _mesh_five(_image: Image, face: Face) -> Float:
    return five_points(face.points)


def _matrix(five: Float, taker: ImageInput, side: int) -> Float:
    if taker.template is None:
        raise ValueError(f"{taker.name} takes no aligned face")
    return similarity_matrix(five, taker.template.points(side))


def _optional(pack: ModelPack, runtime: Runtime, role: str) -> Network | None:
    return runtime.load(pack, role) if pack.has(role) else None
