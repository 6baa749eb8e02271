"""The one place that makes ONNX Runtime sessions."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast

import numpy as np
import onnx
from numpy.typing import NDArray

from appliance.errors import ModelError, ProviderError
from appliance.inference import kernels
from appliance.inference.contract import Contract, Input, Shape
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import Tensors, check_graph
from appliance.inference.manifest import ModelEntry, Precision, Variant
from appliance.inference.ort import ort
from appliance.inference.pack import ModelPack, Models
from appliance.inference.tensorrt import EngineCache
from appliance.inference.tuning import Tuning

Tensor = NDArray[np.float32]
Numbers = NDArray[np.float32] | NDArray[np.float64]

PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "tensorrt": "TensorrtExecutionProvider",
        "cuda": "CUDAExecutionProvider",
        "openvino": "OpenVINOExecutionProvider",
        "directml": "DmlExecutionProvider",
        "cpu": "CPUExecutionProvider",
    }
)
"""Our names of the execution providers, best first, and ONNX Runtime's."""

FAILURES: tuple[type[Exception], ...] = (
    *(
        kind
        for kind in vars(ort.capi.onnxruntime_pybind11_state).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
    RuntimeError,
    ValueError,
    MemoryError,
)
"""What a failing call of the runtime raises: its own classes, which share no root, and the
exceptions its Python layer passes on."""

PRECISIONS: Mapping[str, tuple[Precision, ...]] = MappingProxyType(
    {
        "cpu": ("int8", "fp32"),
        "openvino": ("int8", "fp32"),
        "cuda": ("fp16-fused", "fp16", "fp32"),
    }
)
"""The variants that a provider runs fastest, best first."""
_ON_DEVICES: tuple[Precision, ...] = ("fp16", "fp32")

_log = logging.getLogger(__name__)

_SAMPLES: Mapping[str, int] = MappingProxyType({"cpu": 1, "openvino": 1})
_SAMPLES_ON_DEVICES = 16
"""How many samples at once a network is best given where nobody has measured it."""


class Session(Protocol):
    """What is used of ``onnxruntime.InferenceSession``, which has no types of its own."""

    def get_providers(self) -> list[str]:
        """Its own names of the providers it runs on, best first."""
        ...

    def run(self, outputs: list[str], inputs: dict[str, Numbers]) -> list[Tensor]:
        """The named outputs, new arrays."""
        ...

    def io_binding(self) -> _IoBinding:
        """Places for inputs and outputs that outlive a run."""
        ...

    def run_with_iobinding(self, binding: _IoBinding) -> None:
        """Run on what is bound."""
        ...


class _IoBinding(Protocol):
    """What is used of ``onnxruntime.IOBinding``."""

    def bind_ortvalue_input(self, name: str, value: object) -> None: ...
    def bind_ortvalue_output(self, name: str, value: object) -> None: ...


class Runtime:
    """Execution providers that work on this machine, and how many threads they get."""

    def __init__(
        self,
        providers: Sequence[str] = tuple(PROVIDERS),
        threads: int | None = None,
        device: int = 0,
        engines: EngineCache | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        """Find out which of ``providers`` can run here, keeping their order.

        Those that cannot are left out, unless that leaves none: whoever names exactly one gets
        that one or an error. ``threads`` per network; by default what ``tuning`` says of it, else
        one for each core this process may use. ``device``: which GPU. ``engines``: where TensorRT
        keeps what it builds; without it that provider is left out.

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
        compiled_in = set(ort.get_available_providers())
        if engines is None:
            compiled_in.discard(PROVIDERS["tensorrt"])
        candidates = [name for name in providers if PROVIDERS[name] in compiled_in]
        if {"cuda", "tensorrt"} & set(candidates):
            _load_cuda_libraries()
        probe = _probe_model()
        self.providers: tuple[str, ...] = tuple(n for n in candidates if self._works(n, probe))
        """The providers that work here, best first."""
        if not self.providers:
            raise ProviderError(
                f"No asked-for execution provider works here: {', '.join(providers)}.",
                "Check the driver and its libraries, or use the provider cpu.",
            )

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
        pack = models.holding(role)
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
        samples = tuned.batch if tuned else _SAMPLES.get(self.providers[0], _SAMPLES_ON_DEVICES)
        network = Network(
            entry=entry,
            contract=contract,
            tensors=tensors,
            provider=_in_use(session),
            session=session,
            device=self.device,
            batch=samples if tensors.batched else 1,
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
            options["cuda"] = _cuda_options(
                self.device, rewritten=rewritten, fixed=fixed, fused=library is not None
            )
        if "openvino" in options:
            options["openvino"] = _openvino_options(threads)
        if "tensorrt" in options and self._engines is not None:
            options["tensorrt"] = self._engines.options(inputs, self.device)
        return make_session(data, threads, options, library)

    def _works(self, name: str, probe: bytes) -> bool:
        try:
            return _in_use(self._session(probe, [name], self.threads)) == name
        except FAILURES:
            return False


@dataclass(frozen=True, slots=True)
class Network:
    """One loaded model. Safe to run from several threads at once."""

    entry: ModelEntry
    contract: Contract
    tensors: Tensors
    """What this file has of its contract."""
    provider: str
    """The provider that really runs it, as the session itself says."""
    session: Session
    device: int = 0
    """Which GPU, where it runs on one."""
    batch: int = 1
    """How many samples at once it is best given: as measured, see ``tuning.py``, or supposed."""

    def tensor(self, image: NDArray[np.uint8]) -> Tensor:
        """``image`` (uint8 RGB, height x width x 3) as this network takes it."""
        return self.contract.image.tensor(image)

    def takes(self, name: str) -> bool:
        """Whether this file has the input ``name``: some inputs are missing from some files."""
        return any(put.name == name for put in self.tensors.inputs)

    def run(self, tensor: Tensor, **others: Numbers) -> tuple[Tensor, ...]:
        """The outputs for one input tensor, in the contract's order; new arrays every time.

        ``others``: what goes into further inputs, by name. A network whose batch is free takes
        several at once: the same number of each.

        Raises:
            ModelError: an output has another shape than the contract's.
            ProviderError: the provider failed, for instance for want of device memory.
        """
        names = list(self.tensors.outputs)
        inputs: dict[str, Numbers] = {self.contract.inputs[0].name: tensor, **others}
        with failures_named(self.provider, self.entry.file):
            results = tuple(self.session.run(names, inputs))
        self._check_shapes(results, len(tensor))
        return results

    def bind(self, tensor: Tensor) -> Binding:
        """Buffers for many runs on inputs of ``tensor``'s shape, for networks of one input.

        On the CPU this saves nothing that can be measured (0 to 2 % either way), so ``run`` does
        without; a device provider spares the allocations and may keep its graph captured.

        Raises:
            ModelError, ProviderError: as ``run``, which is called once to learn the shapes.
        """
        outputs = tuple(np.empty_like(result) for result in self.run(tensor))
        source = np.array(tensor, order="C")
        buffers = self.session.io_binding()
        buffers.bind_ortvalue_input(
            self.contract.inputs[0].name, ort.OrtValue.ortvalue_from_numpy(source)
        )
        for name, array in zip(self.tensors.outputs, outputs, strict=True):
            buffers.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))
        return Binding(source, outputs, self.provider, self.entry.file, self.session, buffers)

    def _check_shapes(self, results: tuple[Tensor, ...], batch: int) -> None:
        wanted = [output.shape for output in self.contract.outputs]
        if self.tensors.batched:
            wanted = [(batch, *shape[1:]) for shape in wanted]
        for name, shape, result in zip(self.tensors.outputs, wanted, results, strict=True):
            if not _fits(result.shape, shape):
                raise ModelError(
                    f"{self.entry.file} gave {name!r} the shape {result.shape}, "
                    f"that of {self.contract.family} is {shape}.",
                    "Use a file of the family that the manifest names.",
                )


@dataclass(frozen=True, slots=True)
class Binding:
    """Input and output buffers of one network. For one thread at a time."""

    input: Tensor
    """Write the next input here."""
    outputs: tuple[Tensor, ...]
    """In the contract's order; each run overwrites them."""
    _provider: str
    _file: str
    _session: Session
    _buffers: _IoBinding

    def run(self) -> tuple[Tensor, ...]:
        """Run on what ``input`` holds; the same ``outputs`` every time.

        Raises:
            ProviderError: the provider failed.
        """
        with failures_named(self._provider, self._file):
            self._session.run_with_iobinding(self._buffers)
        return self.outputs


@contextlib.contextmanager
def failures_named(provider: str, file: str) -> Iterator[None]:
    """Let whatever the runtime raises be a ProviderError that names ``file`` and no path."""
    try:
        yield
    except FAILURES as error:
        raise ProviderError(
            f"The provider {provider} failed on {file} ({type(error).__name__}).",
            "Try a smaller picture, fewer threads, or the provider cpu.",
        ) from error


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want in (None, have) for have, want in zip(shape, wanted, strict=True)
    )


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


def make_session(
    data: bytes,
    threads: int,
    providers: Mapping[str, Mapping[str, str]],
    library: Path | None = None,
) -> Session:
    """A session on ``providers``, our names of them with their options, best first.

    ``library``: operators of ours that the graph uses, see ``kernels``.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 4  # failures come back as exceptions; see ort.py
    # Several stages share the cores: a pool that spins while it waits steals from the others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if library is not None:
        options.register_custom_ops_library(str(library))
    # enable_fallback: without it a failing provider is replaced silently, in load and in run.
    session = ort.InferenceSession(
        data,
        options,
        providers=[(PROVIDERS[name], dict(given)) for name, given in providers.items()],
        enable_fallback=0,
    )
    return cast(Session, session)


def plain_session(data: bytes, library: Path | None = None) -> Session:
    """A session on the CPU with every core, for measuring one graph against another."""
    return make_session(data, len(os.sched_getaffinity(0)), {"cpu": {}}, library)


def _cuda_options(device: int, *, rewritten: bool, fixed: bool, fused: bool) -> Mapping[str, str]:
    """Options of the provider CUDA.

    ``rewritten``: for a graph that ``optimize`` has made; another is slower in NHWC than in NCHW,
    by what ``optimize/pad.py`` says. ``fixed``: the shapes never change, so that the launches are
    recorded once and replayed together. ``fused``: with operators of ours, where cuDNN's own guess
    at the best algorithm was 4 to 6 % faster on an H100 than what trying them all came to.
    """
    options = {"device_id": str(device), "enable_cuda_graph": str(int(fixed))}
    if rewritten:
        options |= {"prefer_nhwc": "1", "fuse_conv_bias": "1"}
    return options | ({"cudnn_conv_algo_search": "HEURISTIC"} if fused else {})


def _openvino_options(threads: int) -> Mapping[str, str]:
    """Options of the provider OpenVINO: it has threads of its own.

    FP32: where the processor has bfloat16 it would compute in that, and err by more than is bound.
    """
    return {"device_type": "CPU", "num_of_threads": str(threads), "precision": "FP32"}


def _in_use(session: Session) -> str:
    first = session.get_providers()[0]
    return next(name for name, theirs in PROVIDERS.items() if theirs == first)


def _load_cuda_libraries() -> None:
    """Load CUDA and cuDNN where they were installed as wheels; it prints what it does not find."""
    with contextlib.redirect_stdout(io.StringIO()):
        ort.preload_dlls()


def _probe_model() -> bytes:
    """The smallest network there is: one Identity. A provider that works can build it."""
    value = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1]) for n in "xy"]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "probe", value[:1], value[1:])
    opset = onnx.helper.make_opsetid("", 13)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return bytes(model.SerializeToString())
