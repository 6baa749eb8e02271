from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.inference.contract import Channels, ImageInput, Layout
from appliance.inference.families import CONTRACTS, ROLES
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime

NETWORKS = [
    "detector",
    "mesh",
    "identity",
    "person-mask",
    "palm-detector",
    "hand-joints",
    "upscaler-x2",
    "upscaler-x4",
]


@pytest.mark.parametrize("role", NETWORKS)
def test_the_starter_packs_graphs_match_their_contracts(
    pack: ModelPack, runtime: Runtime, role: str
) -> None:
    network = runtime.load(pack, role)  # compares names, types and shapes of the graph
    height, width = network.contract.image.size or (24, 40)
    image = np.full((height, width, 3), 128, np.uint8)
    results = network.run(network.tensor(image))  # compares the shapes of the results
    assert all(np.isfinite(result).all() for result in results)
    if network.contract.image.size is None:
        scale = network.contract.scale
        assert results[0].shape == (1, 3, scale * height, scale * width)


def test_every_network_of_the_starter_pack_is_tested(pack: ModelPack) -> None:
    assert {e.role for e in pack.entries if e.family in CONTRACTS} == set(NETWORKS)


def test_families_are_listed_under_their_own_names() -> None:
    for family, contract in CONTRACTS.items():
        assert contract.family == family
        assert ROLES[family] == contract.role


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("channels", Channels)
@given(data=st.data())
def test_the_tensor_follows_the_formula(
    layout: Layout, channels: Channels, data: st.DataObject
) -> None:
    height, width = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    pixels = data.draw(st.binary(min_size=height * width * 3, max_size=height * width * 3))
    image = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    mean, std = (123.7, 116.3, 103.5), (58.4, 57.1, 57.4)
    contract = ImageInput("x", (height, width), layout, channels, mean, std)

    tensor = contract.tensor(image)

    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    assert tensor.shape == contract.shape
    order = (0, 1, 2) if channels is Channels.RGB else (2, 1, 0)
    for place, channel in enumerate(order):
        plane = tensor[0, place] if layout is Layout.NCHW else tensor[0, ..., place]
        want = (image[..., channel].astype(np.float64) - mean[place]) / std[place]
        np.testing.assert_allclose(plane, want, atol=1e-5)


def test_pixels_that_need_no_change_are_kept_exactly() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    tensor = ImageInput("x", None).tensor(image)
    np.testing.assert_array_equal(tensor[0, 1], image[..., 1])


def test_any_size_is_declared_as_any_size() -> None:
    assert ImageInput("x", None).shape == (1, 3, None, None)
    assert ImageInput("x", (2, 5), layout=Layout.NHWC).shape == (1, 2, 5, 3)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 6, 3), np.float32),
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((6, 4, 3), np.uint8),
    ],
)
def test_unsuitable_pictures_are_a_value_error(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"need|takes"):
        ImageInput("x", (4, 6)).tensor(image)


def test_an_empty_picture_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="need"):
        ImageInput("x", None).tensor(np.zeros((0, 6, 3), np.uint8))
