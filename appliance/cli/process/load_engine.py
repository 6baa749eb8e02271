"""The models, loaded for a command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from appliance.cli.framework.pack_options import PackRequest
from appliance.cli.process.sealing import Sealing
from appliance.cli.process.signing_keys import policy_trust
from appliance.cli.process.tensorrt_cache import find_engines
from appliance.cli.process.tuning_store import tuning_file
from appliance.errors import PolicyError
from appliance.inference.pack import ModelPack, starter_folder
from appliance.inference.runtime import Runtime
from appliance.inference.tensorrt import EngineCache
from appliance.inference.tuning import Tuning
from appliance.pipeline.engine import Engine
from appliance.policy.policy import EMBEDDED, Policy


def load_engine(
    models: Path | None = None,
    provider: str | None = None,
    asked: PackRequest | None = None,
    scale: int = 1,
    *,
    policy: Policy = EMBEDDED,
    tuning: Tuning | None = None,
    engines: EngineCache | None = None,
    device: int = 0,
    threads: int | None = None,
    alone: bool = False,
) -> Engine:
    """The engine of the pack in ``models``, by default the starter pack, on ``provider``.

    Without one, on the first of the policy's that works here.

    ``asked`` and ``scale``: see :meth:`Engine.load`; ``device`` and ``threads``: see ``Runtime``.
    ``alone``: faces come one by one, as in a photo.
    All packs must be signed by a key that ``policy`` names, or be the one this version comes with.
    Raises ``ModelError``, ``ProviderError``, or ``PolicyError`` if the policy does not name
    ``provider``.
    """
    if provider not in (None, *policy.engine.providers):
        raise PolicyError(
            f"The policy does not let {provider} compute.",
            f"It names {', '.join(policy.engine.providers)}.",
        )
    names = (provider,) if provider else policy.engine.providers
    most = 1 if alone else None
    runtime = Runtime(names, threads, device, engines=engines, tuning=tuning, most=most)
    trusted = policy_trust(policy)
    pack = ModelPack.open(models, trusted)
    more = [ModelPack.open(folder, trusted) for folder in (asked.packs if asked else ())]
    return Engine.load(pack, runtime, more, asked.wish if asked else None, scale)


def load_sealed(
    sealing: Sealing,
    outputs: Sequence[Path],
    *,
    models: Path | None = None,
    provider: str | None = None,
    asked: PackRequest | None = None,
    scale: int = 1,
    policy: Policy = EMBEDDED,
    device: int = 0,
    threads: int | None = None,
    alone: bool = False,
) -> Engine:
    """As ``load``, between the two steps of a seal: afterwards the process is sealed.

    What comes in must be open by then; what goes out lies in the folders of ``outputs``.
    Raises ``SealError`` too.
    """
    readable = [models or starter_folder(), *(asked.packs if asked else ())]
    tuning, engines = Tuning.read(tuning_file()), find_engines(provider, policy)
    if engines is not None:
        readable.append(engines.folder)
    sealing.confine(readable, outputs)
    engine = load_engine(
        models,
        provider,
        asked,
        scale,
        policy=policy,
        tuning=tuning,
        engines=engines,
        device=device,
        threads=threads,
        alone=alone,
    )
    sealing.seal(engine.stages.provider)
    return engine
