"""The CPU kernels of the custom operators, against standard operators."""

from __future__ import annotations

import subprocess
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from appliance.inference import kernels
from appliance.inference.optimize.accuracy import outputs, relative_error
from appliance.inference.session import FAILURES, plain_session
from tests.inference.optimize.graphs import Arrays, noise, parsed

Half = NDArray[np.float16]
ROUNDING = 1e-3
"""Inputs and outputs of the custom operators are float16, of eleven bits."""

NORM = {"epsilon": 1e-3, "slope": 1.0, "gain": 0, "shift": 32, "border": 0, "inset": 0}
PAD_UPSAMPLE = {"slope": 1.0, "scale": 1, "border": 0}


def run_custom(kind: str, inputs: dict[str, Half], **settings: Any) -> NDArray[np.float32]:
    """The output in NCHW of the custom operator ``kind`` for ``inputs`` in NHWC."""
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT16, value.shape)
        for name, value in inputs.items()
    ]
    node = helper.make_node(kind, list(inputs), ["y"], domain=kernels.DOMAIN, **settings)
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT16, [None] * 4)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(kernels.DOMAIN, kernels.VERSION)]
    graph = helper.make_graph([node], "custom", values, [result])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = plain_session(model.SerializeToString(), kernels.LIBRARY)
    (made,) = session.run(["y"], inputs)  # type: ignore[arg-type]
    return made.astype(np.float32).transpose(0, 3, 1, 2)


def standard(body: str, weights: Arrays, **inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    declared = ", ".join(f"float{list(value.shape)} {name}" for name, value in inputs.items())
    model = parsed(body, declared, "float[N,C,H,W] y", weights)
    ((made,),) = outputs(model, [inputs])
    return made


def shape(x: NDArray[np.float32]) -> Half:
    """``x``, NCHW, in the custom operators' form."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).astype(np.float16)


def close(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> bool:
    return relative_error([(found,)], [(wanted,)]) < ROUNDING


def pads(width: int) -> NDArray[np.int64]:
    return np.array([0, 0, width, width, 0, 0, width, width])


@pytest.mark.parametrize("size", [(5, 7), (32, 32), (1, 2)])
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_styled_norm_equals_its_five_operators(size: tuple[int, int], slope: float) -> None:
    x, style = noise(2, 64, *size) * 3 + 1, noise(2, 150, seed=1)
    gain, shift = style[:, 10:74], style[:, 80:144]
    border = min(2, *(side - 1 for side in size))
    wanted = standard(
        f"""
        a = InstanceNormalization <epsilon = 0.001> (x, ones, zeros)
        b = Mul (a, gain)
        c = Add (b, shift)
        d = LeakyRelu <alpha = {slope}> (c)
        e = Add (d, other)
        y = Pad <mode = "reflect"> (e, pads)
        """,
        {
            "ones": np.ones(64, np.float32),
            "zeros": np.zeros(64, np.float32),
            "pads": pads(border),
        },
        x=x,
        gain=gain[:, :, None, None],
        shift=shift[:, :, None, None],
        other=(other := noise(2, 64, *size, seed=2)),
    )
    within = np.pad(other, ((0, 0), (0, 0), (3, 3), (3, 3)), constant_values=9)
    made = run_custom(
        "StyledNorm",
        {"x": shape(x), "style": style.astype(np.float16), "other": shape(within)},
        **NORM | {"slope": slope, "gain": 10, "shift": 80, "border": border, "inset": 3},
    )
    assert close(made, wanted)


def test_one_style_may_serve_all_samples() -> None:
    x, style = noise(3, 32, 4, 4), noise(1, 64, seed=1).astype(np.float16)
    shared = run_custom("StyledNorm", {"x": shape(x), "style": style}, **NORM)
    apart = run_custom("StyledNorm", {"x": shape(x), "style": np.repeat(style, 3, axis=0)}, **NORM)
    assert np.array_equal(shared, apart)
    assert not np.array_equal(shared[0], shared[1])


@pytest.mark.parametrize("border", [0, 3])
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [(4, 9), (16, 5)])
def test_pad_upsample_equals_its_three_operators(
    size: tuple[int, int], scale: int, border: int
) -> None:
    x = noise(2, 8, *size)
    wanted = standard(
        """
        a = LeakyRelu <alpha = 0.2> (x)
        b = Resize <mode = "linear"> (a, none, scales)
        y = Pad <mode = "reflect"> (b, pads)
        """,
        {
            "none": np.array([], np.float32),
            "scales": np.array([1, 1, scale, scale], np.float32),
            "pads": pads(border),
        },
        x=x,
    )
    settings = PAD_UPSAMPLE | {"slope": 0.2, "scale": scale, "border": border}
    assert close(run_custom("PadUpsample", {"x": shape(x)}, **settings), wanted)


@pytest.mark.parametrize(
    ("sizes", "settings"),
    [
        ({"x": (1, 32, 33, 32)}, {}),  # more pixels than stay in the registers
        ({"x": (1, 32, 4, 24), "style": (1, 64)}, {}),  # channels that fill no group
        ({"style": (3, 64)}, {}),  # a style for another number of samples
        ({"style": (2, 63)}, {}),  # and one that ends before its last shift
        ({}, {"gain": -1}),
        ({}, {"border": 4}),  # reflected beyond the other edge
        ({"other": (2, 5, 4, 32)}, {}),
        ({"other": (2, 4, 4, 32)}, {"inset": 1}),
    ],
)
def test_shapes_without_a_kernel_are_refused(
    sizes: dict[str, tuple[int, ...]], settings: dict[str, Any]
) -> None:
    sound = {"x": (2, 4, 4, 32), "style": (2, 64), "other": (2, 4, 4, 32)}

    def run(shapes: dict[str, tuple[int, ...]], **others: Any) -> None:
        inputs = {name: noise(*shapes[name]).astype(np.float16) for name in sound}
        run_custom("StyledNorm", inputs, **NORM | others)

    run(sound)
    with pytest.raises(FAILURES):
        run(sound | sizes, **settings)


def test_pad_upsample_refuses_shapes_without_a_kernel() -> None:
    x = {"x": noise(1, 4, 4, 8).astype(np.float16)}
    run_custom("PadUpsample", x, **PAD_UPSAMPLE)
    for wrong in ({"scale": 3}, {"border": 4}, {"border": -1}):
        with pytest.raises(FAILURES):
            run_custom("PadUpsample", x, **PAD_UPSAMPLE | wrong)
    with pytest.raises(FAILURES):
        run_custom("PadUpsample", {"x": noise(1, 4, 4, 12).astype(np.float16)}, **PAD_UPSAMPLE)


def test_the_library_exports_one_function_and_needs_no_cuda() -> None:
    """It loads without a driver, and its symbols cannot clash with other libraries."""
    shown = said_of("nm", "--dynamic", "--defined-only", "--format=posix")
    assert [line.split()[0] for line in shown.splitlines()] == ["RegisterCustomOps"]
    assert "cuda" not in said_of("ldd")


def said_of(*command: str) -> str:
    done = subprocess.run([*command, str(kernels.LIBRARY)], capture_output=True, check=True)
    return done.stdout.decode()
