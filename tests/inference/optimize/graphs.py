"""Small graphs in ONNX's own text form, and what they compute."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnx.parser
from numpy.typing import NDArray

from appliance.inference.optimize.accuracy import outputs, relative_error
from appliance.inference.optimize.graph_editor import GraphEditor

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
    """The model with one pass applied and checked, and what the pass returned."""
    editor = GraphEditor(model)
    returned = step(editor)
    result = editor.result()
    onnx.checker.check_model(result, full_check=True)
    return result, returned


def differ(one: onnx.ModelProto, other: onnx.ModelProto, **inputs: NDArray[np.float32]) -> float:
    """How far ``other`` errs from ``one`` on ``inputs``."""
    return relative_error(outputs(other, [inputs]), outputs(one, [inputs]))


def generator() -> onnx.ModelProto:
    """A small network with what ``fused`` looks for, and inputs and outputs as inswapper's."""
    channels = 32
    body = f"""
        a = Conv <strides = [4, 4]> (target, first)
        b = LeakyRelu <alpha = 0.2> (a)
        c = Pad <mode = "reflect"> (b, border)
        d = Conv (c, one_more)
        {_styled("d", "e", 1)}
        f = Relu (e)
        g = Pad <mode = "reflect"> (f, border)
        h = Conv (g, second)
        {_styled("h", "i", 2)}
        j = Add (b, i)
        k = Resize <mode = "linear"> (j, none, double)
        l = Conv <pads = [1, 1, 1, 1]> (k, third)
        m = LeakyRelu <alpha = 0.1> (l)
        n = Resize <mode = "linear"> (m, none, double)
        output = Conv <pads = [1, 1, 1, 1]> (n, last)
    """
    styles = {
        f"{name}{at}": noise(*shape, seed=at) / 4
        for at in (1, 2)
        for name, shape in (("style", (512, 2 * channels)), ("bias", (2 * channels,)))
    }
    kernels = {
        name: noise(channels, channels, 3, 3, seed=seed) / 12
        for seed, name in enumerate(("one_more", "second", "third"))
    }
    weights: Arrays = {
        **styles,
        **kernels,
        "first": noise(channels, 3, 4, 4) / 5,
        "last": noise(3, channels, 3, 3) / 12,
        "border": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "none": np.array([], np.float32),
        "double": np.array([1, 1, 2, 2], np.float32),
        "epsilon": np.array([1e-3], np.float32),
        "one": np.array([1], np.float32),
        "places": np.array([2, 3]),
        "halves": np.array([channels, channels]),
        "emap": np.eye(512, dtype=np.float32),
    }
    inputs = "float[1,3,128,128] target, float[1,512] source"
    return parsed(body, inputs, "float[1,3,128,128] output", weights)


def _styled(x: str, y: str, at: int) -> str:
    """``NORMALISED`` from ``x``, then the style ``at``, into ``y``."""
    own = r"\b(mean|centred|squares|variance|more|root|inverse|normal)\b"
    lines = re.sub(own, rf"\g<1>{at}", re.sub(r"\bx\b", x, NORMALISED))
    return f"""
        {lines}
        low{at} = Gemm (source, style{at}, bias{at})
        high{at} = Unsqueeze (low{at}, places)
        gain{at}, shift{at} = Split <axis = 1> (high{at}, halves)
        scaled{at} = Mul (normal{at}, gain{at})
        {y} = Add (scaled{at}, shift{at})
    """
