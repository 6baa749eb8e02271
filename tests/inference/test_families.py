"""The contracts against graphs with the published files' tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import pytest

from appliance.errors import ModelError
from appliance.inference.contract import ImageInput
from appliance.inference.families import CONTRACTS
from appliance.inference.graph import check_graph
from appliance.inference.network import Network
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.session import Numbers, Tensor
from appliance.inference.trust import INSPECTION
from tests.inference import graphs, standins

# Real files of these are to be had, so they need no stand-in.
REAL = {
    "mediapipe-face-mesh",
    "mediapipe-selfie",
    "mediapipe-palm",
    "mediapipe-hand",
    "esrgan-slim-x2",
    "esrgan-slim-x4",
    "realesrgan-x4plus",
}


def load(folder: Path, runtime: Runtime, family: str, *, batched: bool = False) -> Network:
    data = standins.model(family, batched=batched).SerializeToString()
    role = CONTRACTS[family].role
    graphs.write_pack(folder, data, family=family, role=role)
    return runtime.load(ModelPack.open(folder, INSPECTION), role)


def inputs(network: Network, batch: int = 1) -> tuple[Tensor, dict[str, Numbers]]:
    """Values for the first input of a network and, by name, for its further inputs."""
    rng = np.random.default_rng(0)
    made: dict[str, Numbers] = {}
    for tensor_in in network.tensors.inputs:
        if isinstance(tensor_in, ImageInput):
            size = tensor_in.size or (32, 40)
            images = rng.integers(0, 256, (batch, *size, 3), np.uint8)
            made[tensor_in.name] = np.concatenate([tensor_in.tensor(image) for image in images])
        else:
            shape = [batch, *tensor_in.shape[1:]] if len(tensor_in.shape) > 1 else tensor_in.shape
            made[tensor_in.name] = rng.random([side or 1 for side in shape]).astype(tensor_in.dtype)
    first = made.pop(network.contract.inputs[0].name)
    return np.asarray(first, np.float32), made


def test_every_family_has_a_stand_in_or_ships() -> None:
    assert set(standins.FAMILIES) | REAL == set(CONTRACTS)


@pytest.mark.parametrize("family", standins.FAMILIES)
def test_the_published_tensors_match_the_contract_and_run(
    family: str, tmp_path: Path, runtime: Runtime
) -> None:
    network = load(tmp_path, runtime, family)
    first, others = inputs(network)
    results = network.run(first, **others)
    assert len(results) == len(network.contract.outputs)
    assert all(np.isfinite(result).all() for result in results)


@pytest.mark.parametrize("family", ["inswapper", "uniface", "arcface", "codeformer", "xseg"])
def test_a_dynamic_batch_is_detected_and_used(
    family: str, tmp_path: Path, runtime: Runtime
) -> None:
    network = load(tmp_path, runtime, family, batched=True)
    assert network.tensors.batched
    first, others = inputs(network, batch=3)
    together = network.run(first, **others)[0]
    assert len(together) == 3
    for number in range(3):
        this = slice(number, number + 1)
        one = {name: value[this] if value.ndim > 1 else value for name, value in others.items()}
        alone = network.run(first[this], **one)[0]
        np.testing.assert_allclose(together[number], alone[0], atol=1e-5)


@pytest.mark.parametrize("family", ["inswapper", "hyperswap", "codeformer"])
def test_half_precision_inside_gives_nearly_the_same(
    family: str, tmp_path: Path, runtime: Runtime
) -> None:
    results = []
    for half in (False, True):
        data = standins.model(family, half=half).SerializeToString()
        role = CONTRACTS[family].role
        graphs.write_pack(tmp_path / str(half), data, family=family, role=role)
        network = runtime.load(ModelPack.open(tmp_path / str(half), INSPECTION), role)
        first, others = inputs(network)
        results.append(network.run(first, **others)[0])
    whole, half_results = results
    assert half_results.dtype == np.float32
    assert not np.array_equal(whole, half_results)
    np.testing.assert_allclose(half_results, whole, atol=0.01)


def test_a_fixed_batch_is_detected(tmp_path: Path, runtime: Runtime) -> None:
    assert not load(tmp_path, runtime, "inswapper").tensors.batched


def check(model: onnx.ModelProto, family: str) -> None:
    check_graph(model.SerializeToString(), CONTRACTS[family], graphs.FILE)


def test_only_an_optional_input_may_be_missing(tmp_path: Path, runtime: Runtime) -> None:
    network = load(tmp_path, runtime, "gfpgan")
    assert network.takes("weight")
    assert not network.takes("source")
    without = standins.model("restoreformer-plus-plus")
    check(without, "gfpgan")
    with pytest.raises(ModelError, match=r"inputs are \['input'\].*'weight'"):
        check(without, "codeformer")


def test_a_restorers_weight_is_float64() -> None:
    model = standins.model("codeformer")
    model.graph.input[1].type.tensor_type.elem_type = 1
    with pytest.raises(ModelError, match="'weight' is not float64"):
        check(model, "codeformer")


def test_outputs_without_a_name_are_identified_by_their_place() -> None:
    model = standins.model("scrfd")
    for number, output in enumerate(model.graph.output):
        old, new = output.name, str(440 + number)
        output.name = new
        for node in model.graph.node:
            node.output[:] = [new if name == old else name for name in node.output]
    check(model, "scrfd")
    assert check_graph(model.SerializeToString(), CONTRACTS["scrfd"], "x").outputs[0] == "440"
    first, second = model.graph.output[0], model.graph.output[1]
    first.name, second.name = second.name, first.name
    first.type.tensor_type.shape.dim[0].dim_value = 3200
    with pytest.raises(ModelError, match=r"\(3200, 1\).*\(12800, 1\)"):
        check(model, "scrfd")


def test_further_outputs_are_ignored() -> None:
    """Some generators give a mask as well as the picture."""
    model = standins.model("hyperswap")
    mask = model.graph.output.add()
    mask.CopyFrom(model.graph.output[0])
    mask.name = "mask"
    model.graph.node.append(onnx.helper.make_node("Identity", ["output"], ["mask"]))
    tensors = check_graph(model.SerializeToString(), CONTRACTS["hyperswap"], graphs.FILE)
    assert tensors.outputs == ("output",)
    del model.graph.output[:]
    with pytest.raises(ModelError, match="0 outputs"):
        check(model, "hyperswap")


def test_the_matrix_is_the_graphs_last_weight() -> None:
    model = standins.model("inswapper", half=True)
    last = model.graph.initializer[-1]
    tensors = check_graph(model.SerializeToString(), CONTRACTS["inswapper"], graphs.FILE)
    assert tensors.matrix is not None
    assert tensors.matrix.dtype == np.float32
    np.testing.assert_array_equal(tensors.matrix, onnx.numpy_helper.to_array(last))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(3), "more"))
    with pytest.raises(ModelError, match=r"\(512, 512\) matrix of inswapper"):
        check(model, "inswapper")


@pytest.mark.parametrize(
    ("family", "megabytes"),
    [
        ("inswapper", 554),
        ("arcface", 174),
        ("2dfan4", 97),
        ("yolo-face", 13),
        ("gfpgan", 340),
        ("xseg", 70),
        ("codeformer", 377),
    ],
)
def test_a_stand_in_of_bench_size_has_as_many_weights_as_the_original(
    family: str, megabytes: int
) -> None:
    size = standins.model(family, "bench").ByteSize() / 1e6
    assert 0.88 * megabytes < size < 1.07 * megabytes


# What a pixel of red 10, green 100, blue 250 becomes, channel by channel: written out here from the
# publishers' preprocessing, apart from the contracts.
R, G, B = 10.0, 100.0, 250.0
UNIT_RGB, UNIT_BGR = (R / 255, G / 255, B / 255), (B / 255, G / 255, R / 255)
HALF_RGB = (R / 127.5 - 1, G / 127.5 - 1, B / 127.5 - 1)
IMAGENET = ((R / 255 - 0.485) / 0.229, (G / 255 - 0.456) / 0.224, (B / 255 - 0.406) / 0.225)
SCRFD = ((B - 127.5) / 128, (G - 127.5) / 128, (R - 127.5) / 128)
PIXEL = {
    "yunet": (B, G, R),
    "scrfd": SCRFD,
    "retinaface": SCRFD,
    "yolo-face": UNIT_BGR,
    "mediapipe-face-mesh": UNIT_RGB,
    "2dfan4": UNIT_BGR,
    "peppa-wutz": UNIT_BGR,
    "liveportrait-203": UNIT_RGB,
    "sface": (R, G, B),
    "arcface": HALF_RGB,
    "inswapper": UNIT_RGB,
    "hyperswap": HALF_RGB,
    "simswap-256": IMAGENET,
    "simswap-512": UNIT_RGB,
    "hififace": HALF_RGB,
    "ghost": HALF_RGB,
    "uniface": HALF_RGB,
    "blendswap": UNIT_RGB,
    "gfpgan": HALF_RGB,
    "codeformer": HALF_RGB,
    "restoreformer-plus-plus": HALF_RGB,
    "gpen-256": HALF_RGB,
    "gpen-512": HALF_RGB,
    "gpen-1024": HALF_RGB,
    "gpen-2048": HALF_RGB,
    "esrgan-slim-x2": (R, G, B),
    "esrgan-slim-x4": (R, G, B),
    "realesrgan-x4plus": UNIT_RGB,
    "real-esrgan-x2": UNIT_RGB,
    "real-esrgan-x4": UNIT_RGB,
    "mediapipe-selfie": UNIT_RGB,
    "mediapipe-palm": UNIT_RGB,
    "mediapipe-hand": UNIT_RGB,
    "xseg": UNIT_BGR,
    "bisenet": IMAGENET,
}
ALIGNED = {
    "sface": "arcface_112_v2",
    "arcface": "arcface_112_v2",
    "inswapper": "arcface_128",
    "hyperswap": "arcface_128",
    "simswap-256": "arcface_112_v1",
    "simswap-512": "arcface_112_v1",
    "hififace": "mtcnn_512",
    "ghost": "arcface_112_v1",
    "uniface": "ffhq_512",
    "blendswap": "ffhq_512",
    "gfpgan": "ffhq_512",
    "codeformer": "ffhq_512",
    "restoreformer-plus-plus": "ffhq_512",
    "gpen-256": "arcface_128",
    "gpen-512": "ffhq_512",
    "gpen-1024": "ffhq_512",
    "gpen-2048": "ffhq_512",
}


def test_pixels_are_normalised_as_the_publishers_do() -> None:
    taking = {f: c.inputs[0] for f, c in CONTRACTS.items() if isinstance(c.inputs[0], ImageInput)}
    assert taking.keys() == PIXEL.keys()
    for family, tensor_in in taking.items():
        size = tensor_in.size or (4, 4)
        image = np.full((*size, 3), (int(R), int(G), int(B)), np.uint8)
        tensor = tensor_in.tensor(image)
        pixel = tensor[0, 0, 0] if tensor.shape[3] == 3 else tensor[0, :, 0, 0]
        np.testing.assert_allclose(pixel, PIXEL[family], atol=1e-5, err_msg=family)


def test_faces_are_aligned_as_in_the_networks_training() -> None:
    found = {
        family: contract.inputs[0].template.name
        for family, contract in CONTRACTS.items()
        if isinstance(contract.inputs[0], ImageInput) and contract.inputs[0].template
    }
    assert found == ALIGNED


@pytest.mark.parametrize(
    ("family", "side", "template"),
    [("uniface", 256, "ffhq_512"), ("blendswap", 112, "arcface_112_v2")],
)
def test_a_source_that_is_a_picture_is_aligned_too(family: str, side: int, template: str) -> None:
    source = CONTRACTS[family].inputs[1]
    assert isinstance(source, ImageInput)
    assert source.template is not None
    assert (source.size, source.template.name) == ((side, side), template)
    pixel = source.tensor(np.full((side, side, 3), (10, 100, 250), np.uint8))[0, :, 0, 0]
    np.testing.assert_allclose(pixel, UNIT_RGB, atol=1e-6)
