"""The models, loaded for a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from appliance.cli.generating import Generating
from appliance.cli.keys import trusted_keys
from appliance.inference.pack import ModelPack
from appliance.inference.session import Runtime
from appliance.inference.trust import Trust
from appliance.pipeline.generation import Generation
from appliance.pipeline.stages import Stages
from appliance.pipeline.upscale import Upscaler


@dataclass(frozen=True, slots=True)
class Engine:
    """The stages, and where further models come from: the first pack that has one."""

    stages: Stages
    packs: tuple[ModelPack, ...]
    runtime: Runtime

    @classmethod
    def load(
        cls,
        models: Path | None = None,
        provider: str | None = None,
        generating: Generating | None = None,
    ) -> Self:
        """From the pack in ``models``, by default the starter pack, on ``provider``.

        ``generating``: a further pack, whose generator takes the mesh engine's place. Raises
        ``ModelError`` or ``ProviderError``.
        """
        runtime = Runtime() if provider is None else Runtime((provider,))
        trust = Trust(trusted_keys())
        pack = ModelPack.open(models, trust)
        if generating is None:
            return cls(Stages.load(pack, runtime), (pack,), runtime)
        generators = ModelPack.open(generating.pack, trust)
        generation = Generation.load(generators, runtime, generating.wish)
        return cls(Stages.load(pack, runtime, generation), (generators, pack), runtime)

    def upscaler(self, scale: int) -> Upscaler:
        """The network that makes pictures ``scale`` times as large. Raises as ``load``."""
        role = f"upscaler-x{scale}"
        pack = next((pack for pack in self.packs if pack.has(role)), self.packs[-1])
        return Upscaler(self.runtime.load(pack, role))
