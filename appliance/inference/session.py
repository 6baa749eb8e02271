"""The one place that makes ONNX Runtime sessions."""

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
"""What a failing call of the runtime raises: its own classes, which share no root, and the
exceptions its Python layer passes on."""


class Session(Protocol):
    """What is used of ``onnxruntime.InferenceSession``, which has no types of its own."""

    def get_providers(self) -> list[str]:
        """Its own names of the providers it runs on, best first."""
        ...

    def run(self, outputs: list[str], inputs: dict[str, Numbers]) -> list[Tensor]:
        """The named outputs, new arrays."""
        ...

    def io_binding(self) -> IoBinding:
        """Places for inputs and outputs that outlive a run."""
        ...

    def run_with_iobinding(self, binding: IoBinding) -> None:
        """Run on what is bound."""
        ...


class IoBinding(Protocol):
    """What is used of ``onnxruntime.IOBinding``."""

    def bind_ortvalue_input(self, name: str, value: object) -> None:
        """Read ``name`` from there."""
        ...

    def bind_ortvalue_output(self, name: str, value: object) -> None:
        """Write ``name`` there."""
        ...


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
    # Without VNNI the runtime's int8 product adds pairs in 16 bits, which saturate: a variant
    # would err more there than its signed manifest says. The slower product is exact.
    options.add_session_config_entry("session.x64quantprecision", "1")
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


def cuda_options(device: int, *, rewritten: bool, fixed: bool, fused: bool) -> Mapping[str, str]:
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


def openvino_options(threads: int) -> Mapping[str, str]:
    """Options of the provider OpenVINO: it has threads of its own.

    FP32: where the processor has bfloat16 it would compute in that, and err by more than is bound.
    """
    return {"device_type": "CPU", "num_of_threads": str(threads), "precision": "FP32"}


def provider_of(session: Session) -> str:
    """Our name of the best provider that it runs on."""
    first = session.get_providers()[0]
    return next(name for name, theirs in PROVIDERS.items() if theirs == first)


def load_cuda_libraries() -> None:
    """Load CUDA and cuDNN where they were installed as wheels; it prints what it does not find."""
    with contextlib.redirect_stdout(io.StringIO()):
        ort.preload_dlls()


def probe_model() -> bytes:
    """The smallest network there is: one Identity. A provider that works can build it."""
    value = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1]) for n in "xy"]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "probe", value[:1], value[1:])
    opset = onnx.helper.make_opsetid("", 13)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return bytes(model.SerializeToString())
