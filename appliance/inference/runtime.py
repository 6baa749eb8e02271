"""The execution providers that work on this machine, and the loading of models onto them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.error_causes import resource_error
from appliance.errors import ModelError, ProviderError
from appliance.inference.contract import Contract, ImageInput, Input
from appliance.inference.families import CONTRACTS
from appliance.inference.forms import MEASURED_ON, Form, ModelFile, agree, model_file, suiting
from appliance.inference.graph import AcceptedGraph, Tensors, accept_graph
from appliance.inference.manifest import Variant
from appliance.inference.measure import dummy_inputs
from appliance.inference.network import Network
from appliance.inference.ort import ort
from appliance.inference.pack import ModelPack, Models
from appliance.inference.rectifiers import in_convolutions
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
        form: Form | None = None,
    ) -> Network:
        """The network for ``role`` from ``models``, verified, checked and ready to run.

        A variant that suits the provider is preferred to the published file: the one that was
        measured to be fastest here, otherwise what ``best_form`` says. One that the runtime does
        not take is replaced by the published file. ``fixed``: for a ``Batcher``, which never
        changes the shapes; any other network sees one sample at a time. ``form``: that one, not
        replaced or, if the pack does not have it, the published file.

        A network for a GPU that is not ``fixed`` is run once, since its first run makes the driver
        read libraries and choose algorithms, which takes longer in a sealed process.

        Raises ``ModelError`` if the file is missing, altered, refused by ``accept_graph``, not a
        network, or cannot be built by the runtime, and ``ProviderError`` if the best provider does
        not take it.
        """
        pack = models.pack_for(role)
        _contract(pack, role)
        if form is not None:
            return self._load(pack, role, form, fixed)
        tuned = self._tuned(pack, role)
        best = tuned.form_for(alone=self.latency_mode or not fixed) if tuned else None
        best = best or self.best_form(pack, role)
        try:
            return self._load(pack, role, best, fixed)
        except (ProviderError, _UnbuildableError) as error:
            if best == "published":
                raise
            _log.warning(
                "%s does not take the %s form of %s (%s); the published file runs. "
                "Measure the pack again: appliance models tune",
                *(self.providers[0], best, pack.entry(role).file, type(error).__name__),
            )
        return self._load(pack, role, "published", fixed)

    def best_form(self, models: Models, role: str) -> Form:
        """The fastest form of the network for ``role`` that is accurate on the best provider.

        The manifest gives the errors on ``MEASURED_ON``. On any other provider a variant has to
        run and to agree with the published file there. Raises ``ModelError`` as ``load`` does.
        """
        pack, provider = models.pack_for(role), self.providers[0]
        for variant in suiting(pack, role, provider):
            fault = None if provider in MEASURED_ON else self._fault(pack, role, variant)
            if fault is None:
                return variant.precision
            _log.warning(
                "%s %s on %s; a plainer form or the published file runs there",
                *(variant.file, fault, provider),
            )
        return "published"

    def _fault(self, pack: ModelPack, role: str, variant: Variant) -> str | None:
        """Why ``variant`` cannot be used here; ``None`` if it gives what the published file does.

        Where the published file does not run, that the variant runs has to do.
        """
        try:
            found = self._load(pack, role, variant.precision, fixed=False)
        except (ProviderError, _UnbuildableError):
            return "fails"
        try:
            wanted = self._load(pack, role, "published", fixed=False)
        except (ProviderError, _UnbuildableError):
            return None
        try:
            agreeing = agree(found, wanted, variant.bound)
        except ProviderError:
            return "fails"
        return None if agreeing else "differs from the published file"

    def _load(self, pack: ModelPack, role: str, form: Form, fixed: bool) -> Network:
        """As ``load``, in this form."""
        entry, contract = pack.entry(role), _contract(pack, role)
        chosen = model_file(pack, role, form)
        accepted = accept_graph(
            chosen.data, contract, chosen.name, fused=chosen.library is not None
        )
        tuned = self._tuned(pack, role)
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
        if not fixed and network.provider not in HOST_PROVIDERS:
            _warm_up(network)
        return network

    def _tuned(self, pack: ModelPack, role: str) -> Setting | None:
        if self._tuning is None:
            return None
        return self._tuning.setting(pack.digest, self.providers[0], role)

    def _batch(self, tensors: Tensors, tuned: Setting | None) -> int:
        """The batch size that suits a network here."""
        if not tensors.batched:
            return 1
        supposed = _HOST_BATCH if self.providers[0] in HOST_PROVIDERS else _DEVICE_BATCH
        measured = tuned.batch if tuned else supposed
        return min(measured, self._max_batch or measured)

    def _build(
        self, chosen: ModelFile, accepted: AcceptedGraph, threads: int, fixed: bool
    ) -> Session:
        tensors, data = accepted.tensors, accepted.data
        if self.providers[0] == "cpu" and chosen.variant is None:
            data = in_convolutions(data)
        try:
            return self._session(
                data,
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
            raise _UnbuildableError(
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


class _UnbuildableError(ModelError):
    """A sound file that the runtime cannot make a session of."""


def _contract(pack: ModelPack, role: str) -> Contract:
    """The contract of the file for ``role``. Raises ``ModelError`` if it is not a network."""
    entry = pack.entry(role)
    contract = CONTRACTS.get(entry.family)
    if contract is None:
        raise ModelError(
            f"{entry.file} is a data file, not a network.", "Read it with ModelPack.read."
        )
    return contract


def _warm_up(network: Network) -> None:
    """Run it once, unless it takes pictures of any size: each size is set up again."""
    images = [one for one in network.tensors.inputs if isinstance(one, ImageInput)]
    if all(image.size is not None for image in images):
        first, others = dummy_inputs(network)
        network.run(first, **others)
