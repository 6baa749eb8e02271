"""The engine that a job asks for: the mesh engine, or the networks of an operator's packs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from appliance.errors import ModelError
from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import ModelPack, Shelf
from appliance.inference.runtime import Runtime
from appliance.pipeline.analysis.analyser import Stages
from appliance.pipeline.generator_engine.generation import Generation, GeneratorWish
from appliance.pipeline.networks.upscaler import Upscaler

ON_CORES = frozenset(("cpu", "openvino"))  # providers that do not compute on a device of their own


@dataclass(frozen=True, slots=True)
class Engine:
    """The stages, and the network that enlarges where one was asked for."""

    stages: Stages
    packs: tuple[ModelPack, ...]
    """That which is asked first comes first."""
    upscaler: Upscaler | None = None

    @classmethod
    def load(
        cls,
        pack: ModelPack,
        runtime: NetworkLoader,
        more: Sequence[ModelPack] = (),
        wish: GeneratorWish | None = None,
        scale: int = 1,
    ) -> Self:
        """From the starter pack, or another that can do all that it can.

        ``more``: further packs, whose generator takes the mesh engine's place, and of which
        ``wish`` is asked. ``scale``: how many times as large results are made, by the first pack
        that can. Raises ``ModelError`` or ``ProviderError``.
        """
        every = Shelf((*more, pack))
        generation = _generation(more, runtime, wish)
        small = following(generation, alone=runtime.alone)
        stages = Stages.load(pack, runtime, generation, every, small)
        upscaler = None if scale == 1 else Upscaler(runtime.load(every, f"upscaler-x{scale}"))
        return cls(stages, every.packs, upscaler)

    @property
    def generates(self) -> bool:
        """Whether a generator draws the face."""
        return self.stages.generation is not None


def following(generation: Generation | None, *, alone: bool = False) -> Runtime | None:
    """What runs the small networks that follow a face from frame to frame, if not what runs all.

    On a GPU they would wait, one after the other, for the batches of the large ones. ``alone``:
    nothing else wants the cores meanwhile.
    """
    if generation is None or generation.provider in ON_CORES:
        return None
    return Runtime(("cpu",), threads=None if alone else 1)


def _generation(
    packs: Sequence[ModelPack], runtime: NetworkLoader, wish: GeneratorWish | None
) -> Generation | None:
    wish = wish or GeneratorWish()
    shelf, asked = Shelf(tuple(packs)), wish != GeneratorWish()
    if not packs and asked:
        raise ModelError("What is asked for needs a pack with a generator.", "Name one.")
    return Generation.load(shelf, runtime, wish) if asked or shelf.has("generator") else None
