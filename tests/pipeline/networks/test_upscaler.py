"""Super-resolution: no seam between tiles, any size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.inference.network import Network
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.upscaler import Upscaler
from appliance.pipeline.run import enlarge_photo
from tests.inference import graphs, standins
from tests.pipeline.pictures import pixels_of


@pytest.fixture(scope="module", params=[2, 4])
def network(request: pytest.FixtureRequest, pack: ModelPack, runtime: Runtime) -> Network:
    return runtime.load(pack, f"upscaler-x{request.param}")


TILE, OVERLAP = 192, 12


def untiled(network: Network, image: Image) -> Image:
    """What the network makes of the whole picture at once, its edge repeated like a tile's."""
    around = ((OVERLAP, OVERLAP), (OVERLAP, OVERLAP), (0, 0))
    (output,) = network.run(network.tensor(np.pad(image, around, mode="edge")))
    edge = OVERLAP * network.contract.scale
    whole = np.rint(output[0].transpose(1, 2, 0))[edge:-edge, edge:-edge]
    return np.asarray(np.clip(whole, 0, 255), np.uint8)


@pytest.fixture(params=[2, 4])
def published(request: pytest.FixtureRequest, tmp_path: Path, runtime: Runtime) -> Network:
    """Real-ESRGAN's tensors, 0..1, around a linear interpolation."""
    model = standins.model(f"real-esrgan-x{request.param}")
    graphs.write_pack(
        tmp_path,
        model.SerializeToString(),
        family=f"real-esrgan-x{request.param}",
        role=f"upscaler-x{request.param}",
    )
    return runtime.load(ModelPack.open(tmp_path, INSPECTION), f"upscaler-x{request.param}")


@pytest.mark.parametrize("size", [(1, 1), (17, 30), (245, 251)])
def test_real_esrgan_s_range_and_tiles(size: tuple[int, int], published: Network) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    upscaler = Upscaler(published)
    large = upscaler.enlarge(image)
    side = (size[1] * upscaler.scale, size[0] * upscaler.scale)
    assert np.abs(large.astype(int) - cv2.resize(image, side)).max() <= 1  # the same, rounded


def test_tiles_show_no_seam(network: Network, photos: Mapping[str, Photo]) -> None:
    image = pixels_of(photos["b_1"])[150 : 150 + TILE + 21, 200 : 200 + TILE + 34]
    tiled = Upscaler(network).enlarge(np.ascontiguousarray(image))
    off = np.abs(tiled.astype(int) - untiled(network, image))
    assert off.max() <= 1  # rounding


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (33, 5), (TILE + 1, 3)])
def test_any_size_is_enlarged(size: tuple[int, int], network: Network) -> None:
    image = np.full((*size, 3), (200, 120, 40), np.uint8)
    upscaler = Upscaler(network)
    large = upscaler.enlarge(image)
    assert large.shape == (size[0] * upscaler.scale, size[1] * upscaler.scale, 3)
    assert np.abs(large.astype(int) - image[0, 0]).max() < 12  # an even colour stays that colour


def test_the_enlarged_picture_shrinks_back_to_the_picture(
    network: Network, photos: Mapping[str, Photo]
) -> None:
    image = np.ascontiguousarray(pixels_of(photos["b_1"])[200:330, 250:380])
    large = Upscaler(network).enlarge(image)
    back = cv2.resize(large, image.shape[1::-1], interpolation=cv2.INTER_AREA)
    off = np.abs(np.asarray(back, int) - image)
    assert off.mean() < 3
    # Not merely repeated: it is nearer to the picture than its neighbour shifted by a pixel.
    assert off.mean() < np.abs(np.diff(image.astype(int), axis=1)).mean()


def test_progress_counts_the_tiles(network: Network) -> None:
    seen: list[tuple[int, int]] = []
    image = np.zeros((TILE + 1, 8, 3), np.uint8)
    Upscaler(network).enlarge(image, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_transparency_is_enlarged_with_its_photo(network: Network) -> None:
    upscaler = Upscaler(network)
    alpha = np.array([[0, 255, 7], [9, 8, 255]], np.uint8)
    photo = Photo(np.full((2, 3, 3), 90, np.uint8), alpha)
    large = enlarge_photo(photo, upscaler)
    assert large.alpha is not None
    assert large.pixels.shape[:2] == large.alpha.shape == (2 * upscaler.scale, 3 * upscaler.scale)
    assert np.array_equal(large.alpha[:: upscaler.scale, :: upscaler.scale], alpha)
