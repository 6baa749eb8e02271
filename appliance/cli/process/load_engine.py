"""Loads the engine of a command, in a process that is sealed on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from appliance.cli.framework.engine_options import EngineOptions
from appliance.cli.framework.run_context import Sealing
from appliance.cli.process.allowed_providers import allowed_providers
from appliance.cli.process.signing_keys import policy_trust
from appliance.cli.process.tensorrt_cache import find_engines
from appliance.cli.process.tuning_store import tuning_file
from appliance.inference.pack import ModelPack, starter_folder
from appliance.inference.runtime import Runtime
from appliance.inference.tensorrt import EngineCache
from appliance.inference.tuning import Tuning
from appliance.pipeline.loading import Pipeline


def load_engine(
    options: EngineOptions | None = None,
    *,
    tuning: Tuning | None = None,
    engines: EngineCache | None = None,
) -> Pipeline:
    """The engine that ``options`` ask for, by default the mesh engine of the starter pack.

    ``tuning``: settings measured on this machine; ``engines``: the TensorRT engines built on it.
    Every pack must be signed by a key that the policy names; the starter pack is always trusted.
    Raises ``ModelError``, ``ProviderError``, or ``PolicyError`` if the policy does not name the
    provider.
    """
    options = options or EngineOptions()
    policy, packs = options.policy, options.packs
    runtime = Runtime(
        allowed_providers(policy, options.provider),
        options.threads,
        options.device,
        engines=engines,
        tuning=tuning,
        max_batch=1 if options.latency_mode else None,
    )
    trusted = policy_trust(policy)
    pack = ModelPack.open(options.models, trusted)
    more = [ModelPack.open(folder, trusted) for folder in (packs.folders if packs else ())]
    return Pipeline.load(pack, runtime, more, packs.generator if packs else None, options.scale)


def load_sealed(sealing: Sealing, outputs: Sequence[Path], options: EngineOptions) -> Pipeline:
    """As ``load_engine``, and seal the process: the models are loaded between the two steps.

    All inputs must be open by then; ``outputs`` are the files that will be created.
    Raises ``SealError`` too.
    """
    readable = [
        options.models or starter_folder(),
        *(options.packs.folders if options.packs else ()),
    ]
    tuning = Tuning.read(tuning_file())
    engines = find_engines(options.provider, options.policy)
    if engines is not None:
        readable.append(engines.folder)
    sealing.confine(readable, outputs)
    engine = load_engine(options, tuning=tuning, engines=engines)
    sealing.seal(engine.engine.provider)
    return engine
