"""The networks of an operator's packs, loaded, and the steps that they change a face in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from appliance.errors import ModelError
from appliance.inference.batch_scheduler import InferenceTask
from appliance.inference.batcher import Batcher
from appliance.inference.contract import ImageInput
from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import Models
from appliance.inference.runtime import Runtime
from appliance.inference.session import HOST_PROVIDERS, Tensor
from appliance.pipeline.generator_engine.generator import Generator
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.generator_engine.source_encoder import SourceEncoder
from appliance.pipeline.imaging.geometry import alignment
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.networks.face_parser import FaceParser
from appliance.pipeline.networks.five_points import FivePoints
from appliance.pipeline.networks.landmarks_68 import Landmarker68
from appliance.pipeline.networks.landmarks_68_from_5 import Landmarks68From5
from appliance.pipeline.networks.landmarks_203 import Landmarker203
from appliance.pipeline.networks.occluder import Occluder
from appliance.pipeline.networks.recogniser import Recogniser
from appliance.pipeline.networks.restorer import Restorer

Role = TypeVar("Role")


@dataclass(frozen=True, slots=True)
class Step:
    """A crop of ``side`` pixels, aligned as ``input`` wants it, and what ``change`` makes of it.

    ``share``: how far the result replaces what was there, 0-1.
    """

    input: ImageInput
    side: int
    change: Callable[[Image], InferenceTask[Image]]
    share: float

    def matrix(self, five: Float) -> Float:
        """The 2×3 matrix from the picture to the crop of the face with the (5, 2) points."""
        return alignment(five, self.input, self.side)


@dataclass(frozen=True, slots=True)
class GeneratorNetworks:
    """What the packs hold of all that a generator can use.

    ``family``: the generator's. ``input``: its image input. ``pixels``: a side of the crop that is
    changed. ``masks``: what limits the change. ``restored``: how far the restored face replaces
    the generated one, 0-1. ``identity_weight``: see :class:`GeneratorOptions`. ``batch``: faces
    that are best changed at once. ``provider``: what runs the generator.
    """

    family: str
    generator: Generator
    input: ImageInput
    encoder: SourceEncoder
    pixels: int
    five_points: FivePoints
    masks: tuple[Callable[[Image], InferenceTask[Float]], ...]
    restorer: Restorer | None
    restored: float
    identity_weight: float
    batch: int
    provider: str

    @classmethod
    def load(cls, models: Models, runtime: NetworkLoader, options: GeneratorOptions) -> Self:
        """Load the generator and what ``options`` ask for.

        Raises ``ModelError`` where no pack holds it, or ``ProviderError``.
        """

        def load(role: str) -> Batcher:
            return Batcher.load_any(runtime, models, role)

        def optional(role: str, make: Callable[[Batcher], Role]) -> Role | None:
            return make(load(role)) if models.has(role) else None

        network = load("generator")
        generator = Generator(network)
        return cls(
            family=network.contract.family,
            generator=generator,
            input=network.contract.image,
            encoder=_encoder(network, models, runtime, options),
            pixels=_crop_side(generator, options),
            five_points=FivePoints(
                optional("landmarks-68", Landmarker68),
                optional("landmarks-68-5", Landmarks68From5),
                optional("landmarks-203", Landmarker203),
            ),
            masks=_masks(load, options),
            restorer=_restorer(load, options),
            restored=options.restore or 0.0,
            identity_weight=options.identity_weight,
            batch=network.size,
            provider=network.network.provider,
        )

    def steps(self, source: Tensor) -> tuple[Step, ...]:
        """What is done to a face, one step after the other."""
        generate = Step(
            self.input, self.pixels, lambda crop: self.generator.swap(crop, source), 1.0
        )
        if self.restorer is None:
            return (generate,)
        wanted = self.restorer.input
        return generate, Step(wanted, wanted.side, self.restorer.restore, self.restored)


def _encoder(
    generator: Batcher, models: Models, runtime: NetworkLoader, options: GeneratorOptions
) -> SourceEncoder:
    """With the networks that this generator's source takes, if any.

    At the default weight they see the photos of the source and nothing else: where a device
    draws, the processor runs them as published, since to load and record them there takes longer.
    """
    if isinstance(generator.contract.inputs[1], ImageInput):
        return SourceEncoder(generator, None, None)
    seldom = options.identity_weight == GeneratorOptions().identity_weight
    on_device = generator.network.provider not in HOST_PROVIDERS
    on_host = Runtime(("cpu",)) if seldom and on_device else None

    def optional(role: str) -> Batcher | None:
        if not models.has(role):
            return None
        if on_host is not None:
            return Batcher(on_host.load(models, role, form="published"), 1)
        return Batcher.load_any(runtime, models, role)

    identity = optional("identity")
    return SourceEncoder(
        generator,
        None if identity is None else Recogniser(identity),
        optional("embedding-converter"),
    )


def _crop_side(generator: Generator, options: GeneratorOptions) -> int:
    pixels, own = options.pixels or generator.side, generator.side
    if pixels % own:
        raise ModelError(
            f"The generator takes {own} pixels, and {pixels} is not a multiple of that.",
            f"Ask for {own}, {2 * own} or {4 * own} pixels.",
        )
    return pixels


def _masks(
    load: Callable[[str], Batcher], options: GeneratorOptions
) -> tuple[Callable[[Image], InferenceTask[Float]], ...]:
    masks: list[Callable[[Image], InferenceTask[Float]]] = []
    if options.occlusion:
        masks.append(Occluder(load("occluder")).mask)
    if options.parts:
        masks.append(FaceParser(load("face-parser"), options.parts).mask)
    return tuple(masks)


def _restorer(load: Callable[[str], Batcher], options: GeneratorOptions) -> Restorer | None:
    if options.restore is None:
        return None
    return Restorer(load("restorer"), options.restorer_weight)
