"""The engines that a worker draws with: the mesh engine, and those of the operator's packs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from appliance.inference.forms import Form
from appliance.inference.loader import NetworkLoader
from appliance.inference.network import Network
from appliance.inference.pack import ModelPack, Models
from appliance.inference.runtime import Runtime
from appliance.inference.tuning import Tuning
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.loading import Pipeline
from appliance.worker.packs import Packs

_MAX_ENGINES = 8  # they share their networks, so that another engine costs little


class Engines:
    """``mesh`` is loaded at once, the networks of a pack when they are first requested.

    That is after the seal, so an operator's model meets its parser in a process that has nothing
    left to lose. For one thread at a time.
    """

    def __init__(
        self, starter: ModelPack, packs: Packs, providers: Sequence[str], tuning: Tuning
    ) -> None:
        """Load the mesh engine from ``starter``. Raises ``ModelError`` or ``ProviderError``."""
        self._starter = starter
        self._loader = _CachedLoader(Runtime(providers, tuning=tuning))
        self._load = lru_cache(_MAX_ENGINES)(self._loaded)
        self.packs = packs
        self.mesh = Pipeline.load(starter, self._loader)

    def get(self, packs: Sequence[str], options: GeneratorOptions, scale: int) -> Pipeline:
        """The engine that draws with these packs, by name, in this order of preference.

        Raises ``ModelError`` or ``ProviderError``.
        """
        if not packs and options == GeneratorOptions() and scale == 1:
            return self.mesh
        return self._load(tuple(packs), options, scale)

    def _loaded(self, packs: tuple[str, ...], options: GeneratorOptions, scale: int) -> Pipeline:
        more = [self.packs.get(name) for name in packs]
        return Pipeline.load(self._starter, self._loader, more, options, scale)


class _CachedLoader:
    """Loads each network once, so that other options of the same pack load nothing."""

    def __init__(self, loader: NetworkLoader) -> None:
        self._loader = loader
        self._networks: dict[tuple[str, str, bool, Form | None], Network] = {}

    @property
    def latency_mode(self) -> bool:
        return self._loader.latency_mode

    def load(
        self,
        models: Models,
        role: str,
        *,
        fixed: bool = False,
        form: Form | None = None,
    ) -> Network:
        key = (models.pack_for(role).digest, role, fixed, form)
        if key not in self._networks:
            network = self._loader.load(models, role, fixed=fixed, form=form)
            self._networks[key] = network
        return self._networks[key]
