"""TensorRT's engines: built when a pack is made, kept in the state folder, found by every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.audit.keys.locations import state_folder
from appliance.errors import OutputError
from appliance.inference.manifest import ModelEntry
from appliance.inference.measure import made_up
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.tensorrt import EngineCache
from appliance.policy.policy import Policy

PROVIDER = "tensorrt"


def engine_folder() -> Path:
    """Where they are; there may be none."""
    return state_folder() / "engines"


def build_engines(
    pack: ModelPack, entries: Sequence[ModelEntry], tell: Callable[[str], None]
) -> None:
    """Build what is missing for ``entries`` of ``pack`` and name all there is by its hash.

    ``tell`` hears of each file before it is built, which takes minutes. Raises ProviderError where
    there is no TensorRT, ModelError, or OutputError where nothing can be kept.
    """
    folder = engine_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The TensorRT engines cannot be kept: {error.strerror}.",
            "Check that your state folder may be written to.",
        ) from error
    cache = EngineCache.renewed(folder)
    try:
        runtime = Runtime((PROVIDER,), engines=cache)
        for entry in entries:
            tell(f"{entry.file}: building its engine")
            network = runtime.load(pack, entry.role)
            first, others = made_up(network)
            network.run(first, **others)
    finally:
        cache.close()


def find_engines(provider: str | None, policy: Policy) -> EngineCache | None:
    """For a run on ``provider``, or on the first of the policy's that works.

    Raises ModelError where they were altered, or are not there though ``provider`` needs them.
    """
    if provider is None and PROVIDER not in policy.engine.providers:
        return None
    if provider not in (None, PROVIDER):
        return None
    return EngineCache.find(engine_folder(), needed=provider == PROVIDER)
