"""The source as each generator takes it, by arithmetic written out here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import ModelError
from appliance.inference.batch_scheduler import run_batched, run_one
from appliance.inference.batcher import Batcher
from appliance.inference.contract import Latent
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import five_points
from appliance.pipeline.generator_engine.source_encoder import SourceEncoder, latent, moved
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.recogniser import Recogniser
from tests.inference.packs import write_standins
from tests.pipeline.pictures import pixels_of

LATENTS = {
    "inswapper": Latent.MATRIX,
    "hyperswap": Latent.UNIT,
    "simswap-256": Latent.CONVERTED_UNIT,
    "simswap-512": Latent.CONVERTED_UNIT,
    "hififace": Latent.CONVERTED_UNIT,
    "ghost": Latent.CONVERTED,
}


Pair = tuple[Image, Float]


@pytest.fixture
def photo(photos: Mapping[str, Photo], faces: Mapping[str, Face]) -> Pair:
    return pixels_of(photos["b_1"]), five_points(faces["b_1"].points)


def describer(folder: Path, runtime: Runtime, *families: str) -> tuple[SourceEncoder, ModelPack]:
    pack = ModelPack.open(write_standins(folder, *families), INSPECTION)
    generator = Batcher.load_any(runtime, pack, "generator")
    converter = None
    if pack.has("embedding-converter"):
        converter = Batcher.load_any(runtime, pack, "embedding-converter")
    known = recogniser(pack, runtime) if pack.has("identity") else None
    return SourceEncoder(generator, known, converter), pack


def recogniser(pack: ModelPack, runtime: Runtime) -> Recogniser:
    return Recogniser(Batcher.load_any(runtime, pack, "identity"))


@pytest.mark.parametrize("family", LATENTS)
def test_the_embedding_becomes_the_family_s_latent(
    family: str, tmp_path: Path, runtime: Runtime, photo: Pair
) -> None:
    made, pack = describer(tmp_path, runtime, family, "arcface", "crossface")
    e = run_one(recogniser(pack, runtime).feature(*photo)).astype(np.float64)
    assert 15 < np.linalg.norm(e) < 25  # not normalised: ArcFace's norm is near 20
    (c,) = runtime.load(pack, "embedding-converter").run(e[None].astype(np.float32))
    emap = runtime.load(pack, "generator").tensors.matrix
    wanted = {
        Latent.UNIT: e / np.linalg.norm(e),
        Latent.MATRIX: (e @ (np.eye(512) if emap is None else emap)) / np.linalg.norm(e),
        Latent.CONVERTED: c[0],
        Latent.CONVERTED_UNIT: c[0] / np.linalg.norm(c[0]),
    }[LATENTS[family]]
    np.testing.assert_allclose(made.encode([photo]), wanted[None], atol=1e-4)


def test_inswapper_s_matrix_stands_on_the_right() -> None:
    matrix = np.zeros((3, 3), np.float32)
    matrix[0, 2] = 5
    embedding = np.array([[3, 4, 0]], np.float32)
    got = latent(Latent.MATRIX, embedding, lambda e: e, matrix)
    np.testing.assert_allclose(got, [[0, 0, 3 * 5 / 5]])


def test_several_photos_are_averaged_before_anything_else(
    tmp_path: Path, runtime: Runtime, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    made, pack = describer(tmp_path, runtime, "hyperswap", "arcface")
    two = [(pixels_of(photos[name]), five_points(faces[name].points)) for name in ("b_1", "b_2")]
    known = recogniser(pack, runtime)
    mean = np.mean(run_batched([known.feature(*one) for one in two]), axis=0)
    np.testing.assert_allclose(made.encode(two)[0], mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.parametrize(("family", "side"), [("uniface", 256), ("blendswap", 112)])
def test_a_picture_is_given_where_a_picture_is_taken(
    family: str, side: int, tmp_path: Path, runtime: Runtime, photo: Pair
) -> None:
    made, _ = describer(tmp_path, runtime, family)  # no recogniser is needed
    tensor = made.encode([photo])
    assert tensor.shape == (1, 3, side, side)
    assert 0 <= tensor.min() < 0.3 < tensor.max() <= 1
    red, green, blue = tensor[0, :, side // 3 : side // 2, side // 3 : 2 * side // 3].mean((1, 2))
    assert red > green > blue  # skin, in the order of RGB


@pytest.mark.parametrize(
    ("families", "role"),
    [(["inswapper"], "identity"), (["ghost", "arcface"], "embedding-converter")],
)
def test_what_a_generator_needs_beside_itself_is_named(
    families: list[str], role: str, tmp_path: Path, runtime: Runtime, photo: Pair
) -> None:
    made, _ = describer(tmp_path, runtime, *families)
    with pytest.raises(ModelError, match=f"'{role}'"):
        made.encode([photo])


@pytest.mark.parametrize(
    ("weight", "share"), [(0.0, 0.35), (0.25, 0.175), (0.5, 0.0), (1.0, -0.35)]
)
def test_the_weight_moves_toward_the_target_or_away(weight: float, share: float) -> None:
    source, target = np.array([[1.0, 0.0]], np.float32), np.array([[0.0, 1.0]], np.float32)
    np.testing.assert_allclose(moved(source, target, weight), [[1 - share, share]], atol=1e-6)


@pytest.mark.parametrize("family", ["hyperswap", "ghost", "uniface"])
def test_the_target_s_identity_is_weighed_as_the_family_has_it(
    family: str, tmp_path: Path, runtime: Runtime, photo: Pair
) -> None:
    made, pack = describer(tmp_path, runtime, family, "arcface", "crossface")
    source = made.encode([photo])
    target = run_one(recogniser(pack, runtime).feature(*photo))
    if family == "hyperswap":
        target = target / np.linalg.norm(target)
    wanted = source if family == "uniface" else 0.65 * source + 0.35 * target
    np.testing.assert_allclose(
        run_one(made.rebalanced(source, *photo, weight=0.0)), wanted, atol=1e-4
    )
    assert run_one(made.rebalanced(source, *photo, weight=0.5)) is source
