"""The models, loaded for a command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from appliance.cli.generating import Generating
from appliance.cli.keys import trusted_keys
from appliance.cli.sealing import Sealing
from appliance.inference.pack import ModelPack, starter_folder
from appliance.inference.session import Runtime
from appliance.inference.trust import Trust
from appliance.pipeline.generation import Generation
from appliance.pipeline.stages import Stages
from appliance.pipeline.upscale import Upscaler


@dataclass(frozen=True, slots=True)
class Engine:
    """The stages, and the network that enlarges where one was asked for."""

    stages: Stages
    upscaler: Upscaler | None = None

    @classmethod
    def load(
        cls,
        models: Path | None = None,
        provider: str | None = None,
        generating: Generating | None = None,
        scale: int = 1,
    ) -> Self:
        """From the pack in ``models``, by default the starter pack, on ``provider``.

        ``generating``: a further pack, whose generator takes the mesh engine's place. ``scale``:
        how many times as large results are made, by the first pack that can. Raises ``ModelError``
        or ``ProviderError``.
        """
        runtime = Runtime() if provider is None else Runtime((provider,))
        trust = Trust(trusted_keys())
        packs = [ModelPack.open(models, trust)]
        generation = None
        if generating is not None:
            packs.insert(0, ModelPack.open(generating.pack, trust))
            generation = Generation.load(packs[0], runtime, generating.wish)
        stages = Stages.load(packs[-1], runtime, generation)
        return cls(stages, _upscaler(packs, runtime, scale) if scale > 1 else None)

    @classmethod
    def load_sealed(
        cls,
        sealing: Sealing,
        outputs: Sequence[Path],
        *,
        models: Path | None = None,
        provider: str | None = None,
        generating: Generating | None = None,
        scale: int = 1,
    ) -> Self:
        """As ``load``, between the two steps of a seal: afterwards the process is sealed.

        What comes in must be open by then; what goes out lies in the folders of ``outputs``.
        Raises ``SealError`` too.
        """
        packs = [models or starter_folder(), *([generating.pack] if generating else [])]
        sealing.confine(packs, outputs)
        engine = cls.load(models, provider, generating, scale)
        sealing.seal(engine.stages.provider)
        return engine


def _upscaler(packs: Sequence[ModelPack], runtime: Runtime, scale: int) -> Upscaler:
    role = f"upscaler-x{scale}"
    pack = next((pack for pack in packs if pack.has(role)), packs[-1])
    return Upscaler(runtime.load(pack, role))
