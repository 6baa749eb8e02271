"""Occluder, parser and restorer: pre- and post-processing written out by hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.inference.batch_scheduler import run_one
from appliance.inference.batcher import Batcher
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.networks.face_parser import PARTS, FaceParser
from appliance.pipeline.networks.occluder import Occluder, softened
from appliance.pipeline.networks.restorer import Restorer
from tests.inference.packs import write_standins
from tests.inference.standins.restorers import SHARP


def load(folder: Path, runtime: Runtime, family: str) -> Batcher:
    pack = ModelPack.open(write_standins(folder, family), INSPECTION)
    return Batcher.load_any(runtime, pack, pack.entries[0].role)


def blurred_step(side: int, edge: float) -> np.ndarray:
    """A row that falls from 1 to 0 at ``edge``, smoothed by sigma 5, its lower half cut off."""
    wide = np.arange(side)
    row = (wide < edge).astype(np.float64)[None].repeat(side, axis=0)
    smooth = cv2.GaussianBlur(row, (0, 0), 5)
    return (np.clip(smooth, 0.5, 1) - 0.5) * 2


@pytest.mark.parametrize("side", [128, 256, 512])
def test_the_occluder_s_answer_is_drawn_back_and_softened(
    side: int, tmp_path: Path, runtime: Runtime
) -> None:
    """The stand-in says that everything right of column 205 of 256 is hidden."""
    crop = np.full((side, side, 3), 90, np.uint8)
    mask = run_one(Occluder(load(tmp_path, runtime, "xseg")).mask(crop))
    wanted = blurred_step(side, 205 * side / 256)
    # Enlarging a hard edge blurs it by a pixel or two of the larger picture.
    np.testing.assert_allclose(mask, wanted, atol=0.2 if side > 256 else 0.12)
    assert mask[side // 2, side // 4] == pytest.approx(1, abs=1e-3)
    assert mask[side // 2, -4:].max() == 0


def test_half_covered_is_covered() -> None:
    assert softened(np.full((40, 40), 0.5, np.float32)).max() == 0
    assert softened(np.full((40, 40), 0.75, np.float32)).min() == pytest.approx(0.5)
    assert softened(np.ones((40, 40), np.float32)).min() == 1


def test_the_parser_s_parts_are_what_may_change(tmp_path: Path, runtime: Runtime) -> None:
    """The stand-in sees skin in a disc of 0.4 about the middle, background elsewhere."""
    network = load(tmp_path, runtime, "bisenet")
    crop = np.full((256, 256, 3), 90, np.uint8)
    mask = run_one(FaceParser(network).mask(crop))
    v, u = np.mgrid[:256, :256] / 256 - 0.5
    far = np.hypot(u, v)
    assert mask[far < 0.34].min() > 0.99
    assert mask[far > 0.42].max() == 0
    assert run_one(FaceParser(network, ["nose"]).mask(crop)).max() == 0
    both = run_one(FaceParser(network, ["skin", "nose"]).mask(crop))
    np.testing.assert_array_equal(both, mask)


def test_the_classes_are_celebamask_s() -> None:
    """background skin l_brow r_brow l_eye r_eye eye_g l_ear r_ear ear_r nose mouth u_lip l_lip …"""
    assert PARTS == {
        "skin": 1,
        "left-eyebrow": 2,
        "right-eyebrow": 3,
        "left-eye": 4,
        "right-eye": 5,
        "glasses": 6,
        "nose": 10,
        "mouth": 11,
        "upper-lip": 12,
        "lower-lip": 13,
    }


@pytest.mark.parametrize("family", ["gfpgan", "codeformer", "restoreformer-plus-plus", "gpen-256"])
def test_a_restorer_sharpens_pixels_in_its_range(
    family: str, tmp_path: Path, runtime: Runtime
) -> None:
    """The stand-in takes -0.1 of each neighbour and 1.8 of the pixel, in -1..1."""
    network = load(tmp_path, runtime, family)
    restorer = Restorer(network, weight=1.0)
    side = restorer.input.side
    crop = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    kernel = np.full((3, 3), -0.1)
    kernel[1, 1] = SHARP
    unit = crop / 127.5 - 1
    wanted = cv2.filter2D(unit, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    wanted = np.clip((wanted + 1) * 127.5, 0, 255)
    assert np.abs(run_one(restorer.restore(crop)) - wanted).max() <= 0.51
    if network.takes("weight"):
        unchanged = run_one(Restorer(network, weight=0.0).restore(crop))
        np.testing.assert_array_equal(unchanged, crop)
        halfway = run_one(Restorer(network, weight=0.5).restore(crop)).astype(int)
        inside = (wanted > 1) & (wanted < 254)
        off = np.abs(halfway - (wanted + crop) / 2)
        assert off[inside].max() <= 0.51
