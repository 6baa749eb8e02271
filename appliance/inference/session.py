"""ONNX Runtime sessions, which are made only here."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast

import numpy as np
import onnx
from numpy.typing import NDArray

from appliance.errors import ProviderError
from appliance.inference.ort import ort

Tensor = NDArray[np.float32]
"""Of any shape; the first axis counts samples."""

Numbers = NDArray[np.float32] | NDArray[np.float64]
"""What an input takes: a tensor, or the float64 that a few inputs want."""

PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "tensorrt": "TensorrtExecutionProvider",
        "cuda": "CUDAExecutionProvider",
        "openvino": "OpenVINOExecutionProvider",
        "directml": "DmlExecutionProvider",
        "cpu": "CPUExecutionProvider",
    }
)
"""The appliance's names of the execution providers, best first, and ONNX Runtime's."""

HOST_PROVIDERS = frozenset(("cpu", "openvino"))
"""Those that compute on the processor's cores; all others have a device of their own."""

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
"""What a failing call of the runtime raises: its own classes, which have no common base, and the
exceptions that its Python layer passes on."""


class Session(Protocol):
    """The part of ``onnxruntime.InferenceSession`` that is used; that class has no annotations."""

    def get_providers(self) -> list[str]:
        """ONNX Runtime's names of the providers it runs on, best first."""
        ...

    def run(self, outputs: list[str], inputs: dict[str, Numbers]) -> list[Tensor]:
        """The named outputs, as new arrays."""
        ...

    def io_binding(self) -> IoBinding:
        """A binding for buffers that are kept from run to run."""
        ...

    def run_with_iobinding(self, binding: IoBinding) -> None:
        """Run on the bound buffers."""
        ...


class IoBinding(Protocol):
    """The part of ``onnxruntime.IOBinding`` that is used."""

    def bind_ortvalue_input(self, name: str, value: object) -> None:
        """Read input ``name`` from the OrtValue ``value``."""
        ...

    def bind_ortvalue_output(self, name: str, value: object) -> None:
        """Write output ``name`` to the OrtValue ``value``."""
        ...


def make_session(
    data: bytes,
    threads: int,
    providers: Mapping[str, Mapping[str, str]],
    library: Path | None = None,
) -> Session:
    """A session on ``providers``: keys of ``PROVIDERS`` with their options, best first.

    ``library``: of the custom operators that the graph uses, see ``kernels``. Raises ``FAILURES``.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 4  # failures come back as exceptions; see ort.py
    # Otherwise the runtime looks at bytes 4 to 8, and takes a file for its own format if they are
    # "ORTM". A file may be that and a sound ONNX file at once, and only the latter was checked.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    # Several stages share the cores: a pool that spins while it waits takes them from the others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Without VNNI the runtime's int8 product adds pairs in 16 bits, which saturate: a variant
    # would err more there than its signed manifest says. The slower product is exact.
    options.add_session_config_entry("session.x64quantprecision", "1")
    if library is not None:
        options.register_custom_ops_library(str(library))
    # With fallback enabled a failing provider is replaced silently, in loading and in running.
    session = ort.InferenceSession(
        data,
        options,
        providers=[(PROVIDERS[name], dict(given)) for name, given in providers.items()],
        enable_fallback=0,
    )
    return cast(Session, session)


def plain_session(data: bytes, library: Path | None = None) -> Session:
    """A session on all cores of the CPU, to compare one graph with another. Raises ``FAILURES``."""
    return make_session(data, len(os.sched_getaffinity(0)), {"cpu": {}}, library)


@contextlib.contextmanager
def failures_named(provider: str, file: str) -> Iterator[None]:
    """Turns what the runtime raises into a ``ProviderError`` that names ``file``, not its path."""
    try:
        yield
    except FAILURES as error:
        raise ProviderError(
            f"The provider {provider} failed on {file} ({type(error).__name__}).",
            "Free memory of the device, measure the pack here with `appliance models tune`, or use "
            "the provider cpu."
            if provider not in HOST_PROVIDERS
            else "Try a smaller picture or fewer threads.",
        ) from error


def cuda_options(device: int, *, rewritten: bool, fixed: bool, fused: bool) -> Mapping[str, str]:
    """Options of the provider CUDA.

    ``device``: the GPU's index. ``rewritten``: for a graph made by ``optimize``; any other is
    slower in NHWC than in NCHW, for the reason in ``optimize/pad.py``. ``fixed``: the shapes never
    change, so all kernel launches are recorded once and replayed together. ``fused``: for a graph
    with custom operators, where cuDNN's heuristic choice of algorithms was 4 to 6 % faster on an
    H100 than its exhaustive search.

    ``fuse_conv_bias`` stays off: with it cuDNN compiles kernels while the program runs, which took
    32 s of a photo's start on an H200. The driver's cache of them lies in a folder that a sealed
    process cannot open, and the option gains 5 % of a generator's time in batches.
    """
    options = {"device_id": str(device), "enable_cuda_graph": str(int(fixed))}
    if rewritten:
        options["prefer_nhwc"] = "1"
    return options | ({"cudnn_conv_algo_search": "HEURISTIC"} if fused else {})


def openvino_options(threads: int) -> Mapping[str, str]:
    """Options of the provider OpenVINO, which has its own ``threads``.

    It computes in FP32: left to itself it uses bfloat16 where the processor has it, and then errs
    more than the signed manifests say.
    """
    return {"device_type": "CPU", "num_of_threads": str(threads), "precision": "FP32"}


def provider_of(session: Session) -> str:
    """The key in ``PROVIDERS`` of the best provider that ``session`` runs on."""
    first = session.get_providers()[0]
    return next(name for name, theirs in PROVIDERS.items() if theirs == first)


def load_cuda_libraries() -> None:
    """Load CUDA and cuDNN from wheels, if installed; what ONNX Runtime prints is dropped."""
    with contextlib.redirect_stdout(io.StringIO()):
        ort.preload_dlls()


def probe_model() -> bytes:
    """A network of one Identity, as bytes: a provider that works can build it."""
    value = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1]) for n in "xy"]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "probe", value[:1], value[1:])
    opset = onnx.helper.make_opsetid("", 13)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return bytes(model.SerializeToString())
