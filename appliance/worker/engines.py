"""The engines that a worker draws with: the mesh engine, and those of the operator's packs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from appliance.inference.manifest import Precision
from appliance.inference.network import Network
from appliance.inference.pack import ModelPack, Models
from appliance.inference.runtime import Runtime
from appliance.inference.tuning import Tuning
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.loading import Pipeline
from appliance.worker.packs import Packs

_KEPT = 8  # engines; they share their networks, so that one more costs little


class Engines:
    """``mesh`` is there from the start, a pack's networks once they are first asked for.

    That is after the seal: an operator's model meets its parser in a process that has nothing left
    to lose. For one thread at a time.
    """

    def __init__(
        self, starter: ModelPack, packs: Packs, providers: Sequence[str], tuning: Tuning
    ) -> None:
        self._starter = starter
        self._runtime = _KeepingRuntime(providers, tuning)
        self._load = lru_cache(_KEPT)(self._loaded)
        self.packs = packs
        self.mesh = Pipeline.load(starter, self._runtime)

    def get(self, packs: Sequence[str], wish: GeneratorOptions, scale: int) -> Pipeline:
        """What these packs, by name, make of a face; raises ``ModelError``, ``ProviderError``."""
        if not packs and wish == GeneratorOptions() and scale == 1:
            return self.mesh
        return self._load(tuple(packs), wish, scale)

    def _loaded(self, packs: tuple[str, ...], wish: GeneratorOptions, scale: int) -> Pipeline:
        more = [self.packs.get(name) for name in packs]
        return Pipeline.load(self._starter, self._runtime, more, wish, scale)


class _KeepingRuntime(Runtime):
    """Loads each network once: another wish at the same pack loads nothing."""

    def __init__(self, providers: Sequence[str], tuning: Tuning) -> None:
        super().__init__(providers, tuning=tuning)
        self._networks: dict[tuple[str, str, bool, Precision | None], Network] = {}

    def load(
        self,
        models: Models,
        role: str,
        *,
        fixed: bool = False,
        precision: Precision | None = None,
    ) -> Network:
        key = (models.pack_for(role).digest, role, fixed, precision)
        if key not in self._networks:
            network = super().load(models, role, fixed=fixed, precision=precision)
            self._networks[key] = network
        return self._networks[key]
