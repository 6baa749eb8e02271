"""TensorRT engines: built on request, kept in the state folder, found by every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.errors import OutputError
from appliance.files.locations import state_folder
from appliance.inference.manifest import ModelEntry
from appliance.inference.measure import dummy_inputs
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.tensorrt import EngineCache
from appliance.policy.policy import Policy

PROVIDER = "tensorrt"


def engine_folder() -> Path:
    """The folder of the engines; it may not exist."""
    return state_folder() / "engines"


def build_engines(
    pack: ModelPack, entries: Sequence[ModelEntry], report: Callable[[str], None]
) -> None:
    """Build the missing engines for ``entries`` of ``pack`` and list all of them by their hash.

    ``report`` is called with a line before each build, which takes minutes. Raises
    ``ProviderError`` if TensorRT does not work here, ``ModelError``, or ``OutputError`` if the
    folder cannot be made.
    """
    folder = engine_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The TensorRT engines cannot be stored: {error.strerror}.",
            "Check that your state folder is writable.",
        ) from error
    cache = EngineCache.for_building(folder)
    try:
        runtime = Runtime((PROVIDER,), engines=cache)
        for entry in entries:
            report(f"{entry.file}: building its TensorRT engine")
            network = runtime.load(pack, entry.role)
            first, others = dummy_inputs(network)
            network.run(first, **others)
    finally:
        cache.close()


def find_engines(provider: str | None, policy: Policy) -> EngineCache | None:
    """The engines for a run on ``provider``, or on the first of the policy's that works.

    ``None`` if TensorRT is not wanted, or is optional and has no engines. Raises ``ModelError`` if
    they were altered, or if ``provider`` needs them and there are none.
    """
    if provider is None and PROVIDER not in policy.engine.providers:
        return None
    if provider not in (None, PROVIDER):
        return None
    return EngineCache.find(engine_folder(), needed=provider == PROVIDER)
