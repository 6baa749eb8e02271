"""Small graphs in ONNX's own text form, and what they compute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnx.parser
from numpy.typing import NDArray

from appliance.inference.optimize.accept import error, outputs
from appliance.inference.optimize.edit import GraphEditor

Arrays = Mapping[str, NDArray[Any]]

# What an exporter makes of instance normalisation, and a style (AdaIN) after it.
NORMALISED = """
    mean = ReduceMean <axes = [2, 3], keepdims = 1> (x)
    centred = Sub (x, mean)
    squares = Mul (centred, centred)
    variance = ReduceMean <axes = [2, 3], keepdims = 1> (squares)
    more = Add (variance, epsilon)
    root = Sqrt (more)
    inverse = Div (one, root)
    normal = Mul (centred, inverse)
"""


def parsed(body: str, inputs: str, output: str, weights: Arrays | None = None) -> onnx.ModelProto:
    """A model of operator set 17 whose nodes are ``body`` and whose constants are ``weights``."""
    head = '<ir_version: 8, opset_import: ["" : 17]>'
    model = onnx.parser.parse_model(f"{head} g ({inputs}) => ({output}) {{ {body} }}")
    for name, value in (weights or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), name))
    onnx.checker.check_model(model)
    return model


def normalising(body: str = NORMALISED + "y = Identity (normal)") -> onnx.ModelProto:
    weights = {"epsilon": np.array([1e-3], np.float32), "one": np.array([1], np.float32)}
    return parsed(body, "float[1,4,6,6] x", "float[1,4,6,6] y", weights)


def styled() -> onnx.ModelProto:
    """Instance normalisation and a style of 8 numbers: four gains and four shifts."""
    body = f"""
        {NORMALISED}
        high = Unsqueeze (style, places)
        gain, shift = Split <axis = 1> (high, four)
        scaled = Mul (normal, gain)
        y = Add (scaled, shift)
    """
    weights = {
        "epsilon": np.array([1e-3], np.float32),
        "one": np.array([1], np.float32),
        "places": np.array([2, 3]),
        "four": np.array([4, 4]),
    }
    return parsed(body, "float[1,4,6,6] x, float[1,8] style", "float[1,4,6,6] y", weights)


def noise(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def after(
    model: onnx.ModelProto, step: Callable[[GraphEditor], object]
) -> tuple[onnx.ModelProto, object]:
    """The model with one pass applied, checked, and what the pass said."""
    editor = GraphEditor(model)
    said = step(editor)
    result = editor.result()
    onnx.checker.check_model(result, full_check=True)
    return result, said


def differ(one: onnx.ModelProto, other: onnx.ModelProto, **inputs: NDArray[np.float32]) -> float:
    """How far ``other`` errs from ``one`` on ``inputs``."""
    return error(outputs(other, [inputs]), outputs(one, [inputs]))
