"""Functions that an ONNX file defines, replaced by their bodies before the runtime sees the file.

ONNX Runtime looks for an operator of its own first, and for a function of the file only if it has
none of that domain and name. A check that looks for the function first would approve one meaning
while the runtime computes another. So the runtime is never given a function: every call is
replaced by the function's body, the result is checked again, and its bytes are what the runtime
loads. In addition a function whose domain could be the runtime's is refused.
"""

from __future__ import annotations

import onnx
import onnx.inliner
from google.protobuf.message import DecodeError

from appliance.errors import ModelError
from appliance.inference import kernels
from appliance.inference.contract import refusal

# Domains of operators that ONNX Runtime, its providers, PyTorch or this appliance register, and
# all domains below them. A test compares them with what the installed runtime registers.
RESERVED = (
    *("ai.onnx", "com.microsoft", "com.ms", "com.nvidia", "com.amd", "com.intel"),
    *("org.pytorch", "org.openvinotoolkit", "pytorch", "aten", "onnx", "ort", kernels.DOMAIN),
)


def reserved(domain: str) -> bool:
    """Whether a function of ``domain`` could be taken for an operator of the runtime.

    Capitals and blanks at either end do not make it another domain: how another program compares
    domains is not known here.
    """
    plain = "".join(domain.split()).casefold().strip("\0")
    return not plain or any(plain == name or plain.startswith(f"{name}.") for name in RESERVED)


def check_names(model: onnx.ModelProto, file: str) -> None:
    """Raises ``ModelError`` for a function that no call can be replaced by.

    It has a reserved domain, is defined twice, or has a graph as the default of an attribute: the
    nodes in there are no part of its body.
    """
    seen: set[tuple[str, str, str]] = set()
    for function in model.functions:
        if reserved(function.domain):
            raise refusal(
                file,
                f"it defines the function {function.name!r} in the domain {function.domain!r}, "
                "which is an operator's",
            )
        key = (function.domain, function.name, function.overload)
        if key in seen:
            raise refusal(file, f"it defines the function {function.name!r} twice")
        seen.add(key)
        if any(default.HasField("g") or default.graphs for default in function.attribute_proto):
            raise refusal(file, f"an attribute of the function {function.name!r} has a graph")


def inlined(model: onnx.ModelProto, file: str) -> onnx.ModelProto:
    """``model`` with the body of each function in place of its calls, and no functions.

    How large it becomes must have been bounded before. Raises ``ModelError`` if calls do not fit
    their functions, or a function is of another operator set than the graph.
    """
    try:
        whole = onnx.inliner.inline_local_functions(model)
    except (onnx.checker.ValidationError, RuntimeError, ValueError, DecodeError) as error:
        raise _not_expandable(file) from error
    # The inliner leaves functions of another operator set where they are.
    if whole.functions:
        raise _not_expandable(file)
    return whole


def _not_expandable(file: str) -> ModelError:
    return refusal(file, "its functions do not fit its graph")
