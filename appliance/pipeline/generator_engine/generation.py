"""The generator engine: the networks of an operator's packs, and what they do to one face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from appliance.errors import ModelError
from appliance.inference.batch import Batcher
from appliance.inference.contract import ImageInput
from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import Models
from appliance.inference.session import Tensor
from appliance.inference.together import Work, alone
from appliance.pipeline.face_model.boxes import around, crop_box
from appliance.pipeline.face_model.canonical import Canonical, with_skirt
from appliance.pipeline.face_model.face import Face, Float, Image
from appliance.pipeline.face_model.topology import POINTS, five_points
from appliance.pipeline.generator_engine.generator import Generator
from appliance.pipeline.generator_engine.paste import box_mask, pasted
from appliance.pipeline.generator_engine.source_encoder import Describer
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import alignment, warp
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.mesh_engine.layers import Grid, raster
from appliance.pipeline.networks.face_parser import Parser, Part
from appliance.pipeline.networks.five_points import FivePoints
from appliance.pipeline.networks.landmarks_68 import Landmarker68
from appliance.pipeline.networks.landmarks_68_from_5 import Completer
from appliance.pipeline.networks.landmarks_203 import Landmarker203
from appliance.pipeline.networks.occluder import Occluder
from appliance.pipeline.networks.recogniser import Recogniser
from appliance.pipeline.networks.restorer import Restorer

REGION_CELLS = 128  # a side of the raster that region strengths are drawn on

Stage = TypeVar("Stage")
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


class GeneratorWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of an operator's packs, by a command or a message.

    ``pixels``: a side of the crop, a multiple of the generator's own, which is the default.
    ``restore``: how far the restored face replaces the generated one, 0-1; ``None``: not at all.
    ``identity_weight``: 0 keeps some of the target's identity, 0.5 none, 1 drives it further off.
    ``restorer_weight``: for restorers that take one. ``occlusion``: whether the pack's occluder
    limits the change. ``parts``: those that its face parser limits it to; all where there are none.
    """

    pixels: Annotated[int, Meta(ge=64, le=1024)] | None = None
    restore: Share | None = None
    identity_weight: Share = 0.5
    restorer_weight: Share = 0.5
    occlusion: bool = False
    parts: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Generation:
    """The loaded stages of an operator's packs. ``family``: the generator's."""

    family: str
    generator: Generator
    input: ImageInput
    describer: Describer
    pixels: int
    five: FivePoints
    masks: tuple[Callable[[Image], Work[Float]], ...]
    restorer: Restorer | None
    restored: float
    identity_weight: float
    batch: int
    """Faces that are best changed at once."""
    provider: str
    """What runs the generator."""

    @classmethod
    def load(cls, pack: Models, runtime: NetworkLoader, wish: GeneratorWish) -> Generation:
        """Raises ModelError where the pack lacks what is asked for, or ProviderError."""

        def load(role: str) -> Batcher:
            return Batcher.load_any(runtime, pack, role)

        def stage(role: str, make: Callable[[Batcher], Stage]) -> Stage | None:
            """The stage of ``role``, where there is one."""
            return make(load(role)) if pack.has(role) else None

        network = load("generator")
        generator = Generator(network)
        pixels = wish.pixels or generator.side
        if pixels % generator.side:
            raise ModelError(
                f"The generator takes {generator.side} pixels, of which {pixels} is no multiple.",
                f"Ask for {generator.side}, {2 * generator.side} or {4 * generator.side} pixels.",
            )
        masks: list[Callable[[Image], Work[Float]]] = []
        if wish.occlusion:
            masks.append(Occluder(load("occluder")).mask)
        if wish.parts:
            masks.append(Parser(load("face-parser"), wish.parts).mask)
        restorer = None
        if wish.restore is not None:
            restorer = Restorer(load("restorer"), wish.restorer_weight)
        return cls(
            family=network.contract.family,
            generator=generator,
            input=network.contract.image,
            describer=Describer(
                network,
                stage("identity", Recogniser),
                stage("embedding-converter", lambda network: network),
            ),
            pixels=pixels,
            five=FivePoints(
                stage("landmarks-68", Landmarker68),
                stage("landmarks-68-5", Completer),
                stage("landmarks-203", Landmarker203),
            ),
            masks=tuple(masks),
            restorer=restorer,
            restored=wish.restore or 0.0,
            identity_weight=wish.identity_weight,
            batch=network.size,
            provider=network.network.provider,
        )

    def describe(self, photos: Sequence[tuple[Image, Face]]) -> Tensor:
        """A person as the generator takes them, from photos with the face that counts."""
        return self.describer.describe(
            [(image, alone(self.five.find(image, face))) for image, face in photos]
        )

    def steps(self, source: Tensor) -> tuple[Step, ...]:
        """What is done to a face, one after the other."""
        generate = Step(
            self.input, self.pixels, lambda crop: self.generator.swap(crop, source), 1.0
        )
        if self.restorer is None:
            return (generate,)
        taker = self.restorer.input
        return generate, Step(taker, taker.side, self.restorer.restore, self.restored)


@dataclass(frozen=True, slots=True)
class Step:
    """A crop of ``side`` pixels, aligned as ``taker`` takes it, and what ``change`` makes of it.

    ``share``: how far the result replaces what was there, 0-1.
    """

    taker: ImageInput
    side: int
    change: Callable[[Image], Work[Image]]
    share: float

    def matrix(self, five: Float) -> Float:
        """The 2×3 one from the picture to the crop of the face with the (5, 2) points."""
        return alignment(five, self.taker, self.side)


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

    def edit(self, canvas: Canvas, face: Face) -> Work[None]:
        """A frame, in place; any number of them may be at work at once."""
        stages = self._stages
        box = self._box(canvas, face)
        if box is None:
            return
        whole, local = canvas.read(box), face.moved(-box.x, -box.y)
        five = yield from stages.five.find(whole, local)
        source = yield from stages.describer.balanced(
            self._source, whole, five, stages.identity_weight
        )
        image, support = whole, np.zeros(whole.shape[:2], np.uint8)
        for step in stages.steps(source):
            matrix = step.matrix(five)
            crop = warp(image, matrix, step.side)
            mask = (yield from self._mask(crop)) * self._by_region(local, matrix, step.side)
            changed = yield from step.change(crop)
            image, touched = pasted(image, changed, mask * step.share, matrix)
            support |= touched
        canvas.write(box, images.grey_like(image, whole), support)

    def _box(self, canvas: Canvas, face: Face) -> Box | None:
        """What every crop of the face shows of the picture; ``None`` where one shows nothing."""
        five = five_points(face.points)
        boxes = [
            crop_box(step.matrix(five), step.side, canvas)
            for step in self._stages.steps(self._source)
        ]
        inside = [box for box in boxes if box is not None]
        return around(inside) if len(inside) == len(boxes) else None

    def _mask(self, crop: Image) -> Work[Float]:
        """Where an aligned crop may change: inside its border, where every mask lets it."""
        mask = box_mask(crop.shape[0])
        for limit in self._stages.masks:
            mask = np.minimum(mask, (yield from limit(crop)))
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
