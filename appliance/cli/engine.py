"""The models, loaded for a command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from appliance.cli.keys import trust
from appliance.cli.packs import Asked
from appliance.cli.sealing import Sealing
from appliance.cli.tuned import tuning_file
from appliance.errors import PolicyError
from appliance.inference.pack import ModelPack, Shelf, starter_folder
from appliance.inference.session import Runtime
from appliance.inference.tuning import Tuning
from appliance.pipeline.generation import Generation, GeneratorWish
from appliance.pipeline.stages import Stages
from appliance.pipeline.upscale import Upscaler
from appliance.policy.policy import EMBEDDED, Policy


@dataclass(frozen=True, slots=True)
class Engine:
    """The stages, and the network that enlarges where one was asked for."""

    stages: Stages
    packs: tuple[ModelPack, ...]
    """That which is asked first comes first."""
    generates: bool
    upscaler: Upscaler | None = None

    @classmethod
    def load(
        cls,
        models: Path | None = None,
        provider: str | None = None,
        asked: Asked | None = None,
        scale: int = 1,
        *,
        policy: Policy = EMBEDDED,
        tuning: Tuning | None = None,
    ) -> Self:
        """From the pack in ``models``, by default the starter pack, on ``provider``.

        Without one, on the first of the policy's that works here.

        ``asked``: further packs, whose generator takes the mesh engine's place. ``scale``: how many
        times as large results are made, by the first pack that can. All packs must be signed by a
        key that ``policy`` names, or be the one this version comes with. Raises ``ModelError``,
        ``ProviderError``, or ``PolicyError`` if the policy does not name ``provider``.
        """
        if provider not in (None, *policy.engine.providers):
            raise PolicyError(
                f"The policy does not let {provider} compute.",
                f"It names {', '.join(policy.engine.providers)}.",
            )
        runtime = Runtime((provider,) if provider else policy.engine.providers, tuning=tuning)
        trusted = trust(policy)
        pack = ModelPack.open(models, trusted)
        folders = asked.packs if asked else ()
        more = Shelf(tuple(ModelPack.open(folder, trusted) for folder in folders))
        every = Shelf((*more.packs, pack))
        generation = None
        if asked and (more.has("generator") or asked.wish != GeneratorWish()):
            generation = Generation.load(more, runtime, asked.wish)
        stages = Stages.load(pack, runtime, generation, detecting=every)
        engine = cls(stages, every.packs, generation is not None)
        if scale == 1:
            return engine
        return replace(engine, upscaler=Upscaler(runtime.load(every, f"upscaler-x{scale}")))

    @classmethod
    def load_sealed(
        cls,
        sealing: Sealing,
        outputs: Sequence[Path],
        *,
        models: Path | None = None,
        provider: str | None = None,
        asked: Asked | None = None,
        scale: int = 1,
        policy: Policy = EMBEDDED,
    ) -> Self:
        """As ``load``, between the two steps of a seal: afterwards the process is sealed.

        What comes in must be open by then; what goes out lies in the folders of ``outputs``.
        Raises ``SealError`` too.
        """
        packs = [models or starter_folder(), *(asked.packs if asked else ())]
        tuning = Tuning.read(tuning_file())
        sealing.confine(packs, outputs)
        engine = cls.load(models, provider, asked, scale, policy=policy, tuning=tuning)
        sealing.seal(engine.stages.provider)
        return engine
