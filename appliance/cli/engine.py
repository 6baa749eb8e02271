"""The models, loaded for a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from appliance.inference.pack import ModelPack
from appliance.inference.session import Runtime
from appliance.pipeline.stages import Stages
from appliance.pipeline.upscale import Upscaler


@dataclass(frozen=True, slots=True)
class Engine:
    """The stages, and where further models come from."""

    stages: Stages
    pack: ModelPack
    runtime: Runtime

    @classmethod
    def load(cls, models: Path | None = None, provider: str | None = None) -> Self:
        """From the pack in ``models``, by default the starter pack, on ``provider``.

        Raises ``ModelError`` or ``ProviderError``.
        """
        runtime = Runtime() if provider is None else Runtime((provider,))
        pack = ModelPack.open(models)
        return cls(Stages.load(pack, runtime), pack, runtime)

    def upscaler(self, scale: int) -> Upscaler:
        """The network that makes pictures ``scale`` times as large. Raises as ``load``."""
        return Upscaler(self.runtime.load(self.pack, f"upscaler-x{scale}"))
