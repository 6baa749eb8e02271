"""The generator engine on real portraits: what it changes, and what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from appliance.errors import ModelError
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL, five_points
from appliance.pipeline.generator_engine.engine import PreparedGeneratorSource
from appliance.pipeline.generator_engine.networks import GeneratorNetworks
from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import SwapOptions, SwapReport, read_source, swap_photo
from tests.inference.packs import write_standins
from tests.inference.standins import detectors
from tests.inference.standins.generators import PLANS
from tests.pipeline.pictures import pixels_of


def swapped(
    folder: Path,
    runtime: Runtime,
    source: Photo,
    target: Photo,
    *families: str,
    generator: GeneratorOptions | None = None,
    options: SwapOptions | None = None,
) -> tuple[np.ndarray, SwapReport]:
    pack = ModelPack.open(write_standins(folder, *families), INSPECTION)
    pipeline = Pipeline.load(ModelPack.open(), runtime, [pack], generator)
    person = read_source(pipeline, [source])
    result, report = swap_photo(pipeline, person, target, options or SwapOptions())
    return np.asarray(result.pixels), report


@pytest.mark.parametrize("family", PLANS)
def test_every_family_draws_the_face_and_nothing_else(
    family: str,
    tmp_path: Path,
    runtime: Runtime,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    target = photos["b_1"]
    families = (family, "arcface", "crossface")
    result, report = swapped(tmp_path, runtime, photos["a_2"], target, *families)
    assert (report.engine, report.faces_swapped) == (f"generator {family}", 1)
    before = pixels_of(target)
    changed = (result != before).any(axis=2)
    points = faces["b_1"].points
    # Nose, cheeks and lip are drawn: where it was skin, red over blue, it is now blue over red.
    for x, y in points[[1, 50, 280, 164]].round().astype(int):
        assert before[y, x, 0] > before[y, x, 2]
        assert result[y, x, 2] > result[y, x, 0]
    # What is changed lies around it.
    centre = points[OVAL].mean(axis=0)
    reach = np.ptp(points[OVAL], axis=0).max()
    rows, columns = np.nonzero(changed)
    assert np.abs(columns - centre[0]).max() < 1.5 * reach
    assert np.abs(rows - centre[1]).max() < 1.5 * reach


def test_a_source_s_portrait_shows_all_that_its_alignment_does(
    tmp_path: Path, runtime: Runtime, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    """UniFace takes the head and what is around it: more than the face's own cut-out."""
    pack = ModelPack.open(write_standins(tmp_path, "uniface"), INSPECTION)
    pipeline = Pipeline.load(ModelPack.open(), runtime, [pack])
    portrait = read_source(pipeline, [photos["b_1"]]).prepared
    whole = pipeline.engine.prepare([(pixels_of(photos["b_1"]), faces["b_1"])])
    assert isinstance(portrait, PreparedGeneratorSource)
    assert isinstance(whole, PreparedGeneratorSource)
    assert np.abs(portrait.tensor - whole.tensor).max() < 0.2
    assert np.abs(portrait.tensor - whole.tensor).mean() < 0.005


def test_strength_0_gives_the_input_back(
    tmp_path: Path, runtime: Runtime, photos: Mapping[str, Photo]
) -> None:
    for strength, same in ((0.0, True), (0.3, False)):
        options = SwapOptions(regions={"face": strength})
        result, _ = swapped(
            tmp_path, runtime, photos["a_2"], photos["b_1"], "hyperswap", "arcface", options=options
        )
        assert np.array_equal(result, pixels_of(photos["b_1"])) is same


def test_half_the_strength_goes_half_the_way(
    tmp_path: Path, runtime: Runtime, photos: Mapping[str, Photo]
) -> None:
    before = pixels_of(photos["b_1"]).astype(int)
    change = []
    for strength in (0.5, 1.0):
        result, _ = swapped(
            tmp_path,
            runtime,
            photos["a_2"],
            photos["b_1"],
            "hyperswap",
            "arcface",
            options=SwapOptions(regions={"face": strength}),
        )
        change.append(result.astype(int) - before)
    assert np.abs(2 * change[0] - change[1]).max() <= 2


def test_a_grey_photo_stays_grey(
    tmp_path: Path, runtime: Runtime, photos: Mapping[str, Photo]
) -> None:
    grey = pixels_of(photos["b_1"]).mean(axis=2, keepdims=True).astype(np.uint8).repeat(3, axis=2)
    target = Photo(grey)
    generator = GeneratorOptions(restore=1.0)
    result, _ = swapped(
        tmp_path,
        runtime,
        photos["a_2"],
        target,
        "inswapper",
        "arcface",
        "gfpgan",
        generator=generator,
    )
    assert (result != grey).any()
    assert (result == result[..., :1]).all()


def test_the_restorer_s_share_is_how_far_it_counts(
    tmp_path: Path, runtime: Runtime, photos: Mapping[str, Photo]
) -> None:
    families = ("inswapper", "arcface", "gfpgan")
    plain, half, whole = (
        swapped(
            tmp_path,
            runtime,
            photos["a_2"],
            photos["b_1"],
            *families,
            generator=GeneratorOptions(restore=share, restorer_weight=1.0),
        )[0].astype(int)
        for share in (0.0, 0.5, 1.0)
    )
    assert np.abs(whole - plain).max() > 10
    # A mask counts in steps of 1/255, of which half of an odd number is none.
    assert np.abs(2 * (half - plain) - (whole - plain)).max() <= 3


def test_the_detector_of_the_pack_is_the_one_that_looks(
    tmp_path: Path, runtime: Runtime, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    """The stand-in sees one face at its own place, so only there is one swapped."""
    pack = ModelPack.open(write_standins(tmp_path, "scrfd"), INSPECTION)
    analyser = FaceAnalyser.load(ModelPack.open(), runtime, detecting=pack)
    picture = pixels_of(photos["b_1"])
    eyes = five_points(faces["b_1"].points)[:2]
    wanted = detectors.POINTS[:2]
    scale = np.ptp(wanted[:, 0]) / np.ptp(eyes[:, 0])
    # The portrait, moved so that its eyes lie where the stand-in sees some.
    at = (eyes.mean(axis=0) - wanted.mean(axis=0) / scale).round().astype(int)
    whole = np.full((int(360 / scale), int(640 / scale), 3), 128, np.uint8)
    y, x = np.maximum(at[::-1], 0)
    top, left = np.maximum(-at[::-1], 0)
    part = picture[y : y + whole.shape[0] - top, x : x + whole.shape[1] - left]
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    (face,) = analyser.faces(Photo(whole).canvas)
    near = 0.2 * float(np.ptp(wanted[:, 0]))
    np.testing.assert_allclose(five_points(face.points)[:2] * scale, wanted, atol=near)
    empty = np.full_like(whole, 128)
    assert analyser.locate(Photo(empty).canvas)  # it sees one there too …
    assert analyser.faces(Photo(empty).canvas) == ()  # … but the mesh network does not


def test_landmarks_of_the_pack_place_the_crop(
    tmp_path: Path, runtime: Runtime, photos: Mapping[str, Photo]
) -> None:
    with_own, _ = swapped(
        tmp_path / "a", runtime, photos["a_2"], photos["b_1"], "inswapper", "arcface", "2dfan4"
    )
    with_mesh, _ = swapped(
        tmp_path / "b", runtime, photos["a_2"], photos["b_1"], "inswapper", "arcface"
    )
    before = pixels_of(photos["b_1"])
    places = [np.argwhere((r != before).any(axis=2)).mean(axis=0) for r in (with_own, with_mesh)]
    assert np.linalg.norm(places[0] - places[1]) > 3  # the stand-in draws its points by hand


def test_pixels_that_are_no_multiple_are_refused(tmp_path: Path, runtime: Runtime) -> None:
    pack = ModelPack.open(write_standins(tmp_path, "ghost"), INSPECTION)
    assert GeneratorNetworks.load(pack, runtime, GeneratorOptions(pixels=1024)).pixels == 1024
    with pytest.raises(ModelError, match="takes 256 pixels, and 300"):
        GeneratorNetworks.load(pack, runtime, GeneratorOptions(pixels=300))
