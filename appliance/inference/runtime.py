"""What computes on this machine, and the models that are loaded to run there."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from appliance.errors import ModelError, ProviderError
from appliance.inference import kernels
from appliance.inference.contract import Input
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
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
from appliance.inference.tuning import Tuning

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
        """Find out which of ``providers`` can run here, keeping their order.

        Those that cannot are left out, unless that leaves none: whoever names exactly one gets
        that one or an error. ``threads`` per network; by default what ``tuning`` says of it, else
        one for each core this process may use. ``device``: which GPU. ``engines``: where TensorRT
        keeps what it builds; without it that provider is left out. ``max_batch``: the largest
        batch that networks are given; 1 where faces come one by one, since a device computes a
        whole batch however few samples it holds.

        Raises:
            ProviderError: an unknown name, or none of the providers works here.
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
        """The network that plays ``role`` in ``models``, verified, checked and ready to run.

        Where the pack holds a variant that suits the provider, that one is run. ``fixed``: for
        ``batch.Batcher``, whose shapes never change. ``precision``: that variant or, if there is
        none, the file itself.

        Raises:
            ModelError: the file is missing, altered, refused (see ``graph.check_graph``), not a
                network, or the runtime cannot build it.
            ProviderError: the one provider asked for does not take it.
        """
        pack = models.pack_for(role)
        entry = pack.entry(role)
        contract = CONTRACTS.get(entry.family)
        if contract is None:
            raise ModelError(
                f"{entry.file} is a data file, not a network.", "Read it with ModelPack.read."
            )
        suiting = PRECISIONS.get(self.providers[0], _ON_DEVICES)
        variant, library = _variant(pack, role, suiting if precision is None else (precision,))
        file = entry.file if variant is None else variant.file
        data = pack.read(role) if variant is None else pack.read_variant(variant)
        tensors = check_graph(data, contract, file, fused=library is not None)
        tuned = self._tuning and self._tuning.setting(pack.digest, self.providers[0], role)
        threads = tuned.threads if tuned else self.threads
        try:
            session = self._session(
                data,
                self.providers,
                threads,
                rewritten=variant is not None,
                fixed=fixed,
                library=library,
                inputs=tensors.inputs if tensors.batched else (),
            )
        except FAILURES as error:
            if self.providers[0] != "cpu":
                raise ProviderError(
                    f"The provider {self.providers[0]} does not take {file} "
                    f"({type(error).__name__}).",
                    "Free memory of the device, or use the provider cpu.",
                ) from error
            raise ModelError(
                f"{file} cannot be built by the runtime ({type(error).__name__}).",
                "Use a file exported for an operator set that this version knows.",
            ) from error
        samples = _HOST_BATCH if self.providers[0] in HOST_PROVIDERS else _DEVICE_BATCH
        samples = tuned.batch if tuned else samples
        if not tensors.batched:
            samples = 1
        network = Network(
            entry=entry,
            contract=contract,
            tensors=tensors,
            provider=provider_of(session),
            session=session,
            device=self.device,
            batch=min(samples, self._max_batch or samples),
            precision=None if variant is None else variant.precision,
        )
        if network.provider not in self.providers:
            raise ProviderError(
                f"{file} runs on {network.provider}, not on {', '.join(self.providers)}.",
                "Free memory of the device, or use the provider cpu.",
            )
        return network

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
        except FAILURES:
            return False


def _variant(
    pack: ModelPack, role: str, precisions: Sequence[Precision]
) -> tuple[Variant | None, Path | None]:
    """The first variant of ``precisions`` that can run here, and the library that it needs."""
    variant = pack.variant(role, precisions)
    if variant is None or variant.kernels is None:
        return variant, None
    library = kernels.verified(variant.kernels)
    if library is not None:
        return variant, library
    _log.warning("%s needs kernels that are not built here; a plainer form runs", variant.file)
    others = [precision for precision in precisions if precision != variant.precision]
    return pack.variant(role, others), None
