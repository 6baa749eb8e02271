"""The execution providers that work on this machine, and the loading of models onto them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from appliance.errors import ModelError, ProviderError, resource_error
from appliance.inference import kernels
from appliance.inference.contract import Input
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import AcceptedGraph, Tensors, accept_graph
from appliance.inference.manifest import Precision, Variant
from appliance.inference.network import Network
from appliance.inference.ort import ort
from appliance.inference.pack import ModelPack, Models
from appliance.inference.session import (
    FAILURES,
    HOST_PROVIDERS,
    PROVIDERS,
    Session,
    cuda_options,
    load_cuda_libraries,
    make_session,
    openvino_options,
    probe_model,
    provider_of,
)
from appliance.inference.tensorrt import EngineCache
from appliance.inference.tuning import Setting, Tuning

PRECISIONS: Mapping[str, tuple[Precision, ...]] = MappingProxyType(
    {
        "cpu": ("int8", "fp32"),
        "openvino": ("int8", "fp32"),
        "cuda": ("fp16-fused", "fp16", "fp32"),
    }
)
"""The variants that a provider runs fastest, best first."""
_ON_DEVICES: tuple[Precision, ...] = ("fp16", "fp32")

_HOST_BATCH, _DEVICE_BATCH = 1, 16
"""Batch sizes where none was measured: on the processor's cores, and on a device of its own."""

_log = logging.getLogger(__name__)


class Runtime:
    """Execution providers that work on this machine, and how many threads they get."""

    def __init__(
        self,
        providers: Sequence[str] = tuple(PROVIDERS),
        threads: int | None = None,
        device: int = 0,
        *,
        engines: EngineCache | None = None,
        tuning: Tuning | None = None,
        max_batch: int | None = None,
    ) -> None:
        """Find out which of ``providers`` work here, in the order given.

        The others are left out. ``threads``: per network; by default as ``tuning`` has measured,
        else one for each core that this process may use. ``device``: which GPU. ``engines``: where
        TensorRT keeps its engines; without it that provider is left out. ``max_batch``: the
        largest batch that networks are given; 1 where faces come one by one, since a device
        computes a whole batch however few samples it holds.

        Raises ``ProviderError`` for an unknown provider, or if none of them works.
        """
        unknown = [name for name in providers if name not in PROVIDERS]
        if unknown or not providers:
            raise ProviderError(
                f"Unknown execution provider: {', '.join(unknown) or 'none named'}.",
                f"Known are {', '.join(PROVIDERS)}.",
            )
        self.threads = threads if threads is not None else len(os.sched_getaffinity(0))
        self.device = device
        self._engines = engines
        self._tuning = tuning if threads is None else None
        self._max_batch = max_batch
        compiled_in = set(ort.get_available_providers())
        if engines is None:
            compiled_in.discard(PROVIDERS["tensorrt"])
        candidates = [name for name in providers if PROVIDERS[name] in compiled_in]
        if {"cuda", "tensorrt"} & set(candidates):
            load_cuda_libraries()
        probe = probe_model()
        self.providers: tuple[str, ...] = tuple(n for n in candidates if self._works(n, probe))
        """The providers that work here, best first."""
        if not self.providers:
            raise ProviderError(
                f"No asked-for execution provider works here: {', '.join(providers)}.",
                "Check the driver and its libraries, or use the provider cpu.",
            )

    @property
    def latency_mode(self) -> bool:
        """Whether samples come one at a time, so that delay counts and throughput does not."""
        return self._max_batch == 1

    def load(
        self,
        models: Models,
        role: str,
        *,
        fixed: bool = False,
        precision: Precision | None = None,
    ) -> Network:
        """The network for ``role`` from ``models``, verified, checked and ready to run.

        A variant that suits the provider is preferred to the entry's own file. ``fixed``: for a
        ``Batcher``, which never changes the shapes. ``precision``: that variant or, if the pack
        has none, the entry's own file.

        Raises ``ModelError`` if the file is missing, altered, refused by ``accept_graph``, not a
        network, or cannot be built by the runtime, and ``ProviderError`` if the best provider does
        not take it.
        """
        pack = models.pack_for(role)
        entry = pack.entry(role)
        contract = CONTRACTS.get(entry.family)
        if contract is None:
            raise ModelError(
                f"{entry.file} is a data file, not a network.", "Read it with ModelPack.read."
            )
        suiting = PRECISIONS.get(self.providers[0], _ON_DEVICES)
        chosen = _choose(pack, role, suiting if precision is None else (precision,))
        accepted = accept_graph(
            chosen.data, contract, chosen.name, fused=chosen.library is not None
        )
        tuned = None
        if self._tuning is not None:
            tuned = self._tuning.setting(pack.digest, self.providers[0], role)
        session = self._build(chosen, accepted, tuned.threads if tuned else self.threads, fixed)
        network = Network(
            entry=entry,
            contract=contract,
            tensors=accepted.tensors,
            provider=provider_of(session),
            session=session,
            device=self.device,
            batch=self._batch(accepted.tensors, tuned),
            precision=None if chosen.variant is None else chosen.variant.precision,
        )
        if network.provider not in self.providers:
            raise ProviderError(
                f"{chosen.name} runs on {network.provider}, not on {', '.join(self.providers)}.",
                "Free memory of the device, or use the provider cpu.",
            )
        return network

    def _batch(self, tensors: Tensors, tuned: Setting | None) -> int:
        """The batch size that suits a network here."""
        if not tensors.batched:
            return 1
        supposed = _HOST_BATCH if self.providers[0] in HOST_PROVIDERS else _DEVICE_BATCH
        measured = tuned.batch if tuned else supposed
        return min(measured, self._max_batch or measured)

    def _build(
        self, chosen: _Chosen, accepted: AcceptedGraph, threads: int, fixed: bool
    ) -> Session:
        tensors = accepted.tensors
        try:
            return self._session(
                accepted.data,
                self.providers,
                threads,
                rewritten=chosen.variant is not None,
                fixed=fixed,
                library=chosen.library,
                inputs=tensors.inputs if tensors.batched else (),
            )
        except FAILURES as error:
            if self.providers[0] != "cpu":
                raise ProviderError(
                    f"The provider {self.providers[0]} does not take {chosen.name} "
                    f"({type(error).__name__}).",
                    "Free memory of the device, or use the provider cpu.",
                ) from error
            raise ModelError(
                f"{chosen.name} cannot be built by the runtime ({type(error).__name__}).",
                "Use a file exported for an operator set that this version knows.",
            ) from error

    def _session(
        self,
        data: bytes,
        providers: Sequence[str],
        threads: int,
        *,
        rewritten: bool = False,
        fixed: bool = False,
        library: Path | None = None,
        inputs: Sequence[Input] = (),
    ) -> Session:
        options: dict[str, Mapping[str, str]] = {name: {} for name in providers}
        if "cuda" in options:
            options["cuda"] = cuda_options(
                self.device, rewritten=rewritten, fixed=fixed, fused=library is not None
            )
        if "openvino" in options:
            options["openvino"] = openvino_options(threads)
        if "tensorrt" in options and self._engines is not None:
            options["tensorrt"] = self._engines.options(inputs, self.device)
        return make_session(data, threads, options, library)

    def _works(self, name: str, probe: bytes) -> bool:
        try:
            return provider_of(self._session(probe, [name], self.threads)) == name
        except FAILURES as error:
            if name in HOST_PROVIDERS and (lacking := resource_error(error)):
                raise lacking from error
            return False


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The file that plays a role: its name in messages and its verified bytes."""

    name: str
    data: bytes
    variant: Variant | None = None
    """``None`` where it is the entry's own file."""
    library: Path | None = None
    """The library of custom operators that it needs."""


def _choose(pack: ModelPack, role: str, precisions: Sequence[Precision]) -> _Chosen:
    """The first variant of ``precisions`` that can run here, else the entry's own file."""
    variant = pack.variant(role, precisions)
    library = None
    if variant is not None and variant.kernels is not None:
        library = kernels.verified(variant.kernels)
        if library is None:
            _log.warning(
                "%s needs kernels that are not built here; a plainer form runs", variant.file
            )
            variant = pack.variant(role, [one for one in precisions if one != variant.precision])
    if variant is None:
        return _Chosen(pack.entry(role).file, pack.read(role))
    return _Chosen(variant.file, pack.read_variant(variant), variant, library)
