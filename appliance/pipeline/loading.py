"""The networks that a job needs, loaded: analysis, the engine it asks for, and the upscaler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from appliance.errors import ModelError
from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import ModelPack, PackSet
from appliance.inference.runtime import Runtime
from appliance.inference.session import HOST_PROVIDERS
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.engine import Engine
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.generator_engine.engine import GeneratorEngine
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.hands.finder import HandFinder
from appliance.pipeline.mesh_engine.engine import MeshEngine
from appliance.pipeline.networks.upscaler import Upscaler


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All that is loaded once and serves any number of jobs.

    ``packs``: where the networks come from; the first that holds a model wins. ``hands``: what
    finds hands in front of faces. ``upscaler``: what enlarges results, where that was asked for.
    """

    analyser: FaceAnalyser
    engine: Engine
    packs: tuple[ModelPack, ...]
    hands: HandFinder
    upscaler: Upscaler | None = None

    @classmethod
    def load(
        cls,
        pack: ModelPack,
        runtime: NetworkLoader,
        packs: Sequence[ModelPack] = (),
        options: GeneratorOptions | None = None,
        scale: int = 1,
    ) -> Self:
        """From the starter pack, or another that can do all that it can.

        ``packs``: further ones; a generator among them takes the mesh engine's place, as
        ``options`` ask. ``scale``: how many times as large results are made, by the first pack
        that can. Raises ``ModelError`` or ``ProviderError``.
        """
        every = PackSet((*packs, pack))
        canonical = Canonical.load(pack.read("canonical-mesh"))
        generator = _load_generator(packs, runtime, options, canonical)
        tracking = tracking_runtime(generator, all_cores=runtime.latency_mode)
        return cls(
            analyser=FaceAnalyser.load(pack, runtime, every, tracking, canonical),
            engine=generator or MeshEngine.load(pack, runtime, canonical),
            packs=every.packs,
            hands=HandFinder.load(pack, tracking or runtime, canonical),
            upscaler=None if scale == 1 else Upscaler(runtime.load(every, f"upscaler-x{scale}")),
        )

    @property
    def generates(self) -> bool:
        """Whether a generator draws the faces."""
        return isinstance(self.engine, GeneratorEngine)


def tracking_runtime(engine: Engine | None, *, all_cores: bool = False) -> Runtime | None:
    """What runs the small networks that follow a face from frame to frame.

    ``None``: what runs all others. On a GPU they would wait, one after the other, for the batches
    of a generator. ``all_cores``: whether nothing else needs the processor meanwhile.
    """
    if engine is None or engine.provider in HOST_PROVIDERS:
        return None
    return Runtime(("cpu",), threads=None if all_cores else 1)


def _load_generator(
    packs: Sequence[ModelPack],
    runtime: NetworkLoader,
    options: GeneratorOptions | None,
    canonical: Canonical,
) -> GeneratorEngine | None:
    options = options or GeneratorOptions()
    shelf, asked = PackSet(tuple(packs)), options != GeneratorOptions()
    if not packs and asked:
        raise ModelError(
            "These options are for a generator, and no pack with one was named.",
            "Name a pack that holds a generator.",
        )
    if not asked and not shelf.has("generator"):
        return None
    return GeneratorEngine.load(shelf, runtime, options, canonical)
