"""Generators of every family: what they are given and what is made of their answer.

The stand-ins turn the colour channels round and let the source shift the brightness, in each
family's own value range, which is written down with them and not taken from the contract.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.inference.batch_scheduler import run_one
from appliance.inference.batcher import Batcher
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.generator_engine.generator import Generator, deinterleave, interleave
from appliance.pipeline.imaging.types import Image
from tests.inference.packs import write_standins
from tests.inference.standins.generators import PLANS, SHIFT


def load(folder: Path, runtime: Runtime, family: str, *, batched: bool = False) -> Generator:
    pack = ModelPack.open(write_standins(folder, family, batched=batched), INSPECTION)
    return Generator(Batcher.load_any(runtime, pack, "generator"))


def picture(side: int) -> Image:
    return np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)


def turned(crop: Image, first: np.ndarray) -> np.ndarray:
    """What a stand-in makes of a crop: worked out here in doubles."""
    shift = SHIFT * 255 * float(first.ravel()[:8].mean())
    return np.clip(crop[..., [1, 2, 0]].astype(np.float64) + shift, 0, 255)


@pytest.mark.parametrize("family", PLANS)
def test_pixels_go_in_and_come_out_in_the_family_s_range(
    family: str, tmp_path: Path, runtime: Runtime
) -> None:
    generator = load(tmp_path, runtime, family)
    plan = PLANS[family]
    shape = (1, 3, plan.source, plan.source) if plan.source else (1, 512)
    source = np.random.default_rng(1).random(shape, np.float32)
    crop = picture(plan.side)
    assert generator.side == plan.side
    off = np.abs(run_one(generator.swap(crop, source)) - turned(crop, source))
    assert off.max() <= 0.51  # rounded to the nearest, no more


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("times", [1, 2, 4, 8])
def test_a_finer_crop_is_drawn_pixel_for_pixel(
    times: int, batched: bool, tmp_path: Path, runtime: Runtime
) -> None:
    generator = load(tmp_path, runtime, "inswapper", batched=batched)
    source = np.linspace(-1, 1, 512, dtype=np.float32)[None]
    crop = picture(128 * times)
    off = np.abs(run_one(generator.swap(crop, source)) - turned(crop, source))
    assert off.max() <= 0.51


def test_each_part_shows_the_whole_face_at_every_nth_pixel() -> None:
    """As FaceFusion's pixel boost takes crops apart: reshape, then transpose."""
    crop = picture(12)
    parts = deinterleave(crop, 3)
    boost = crop.reshape(4, 3, 4, 3, 3).transpose(1, 3, 0, 2, 4).reshape(9, 4, 4, 3)
    np.testing.assert_array_equal(np.stack(parts), boost)
    np.testing.assert_array_equal(interleave(parts), crop)
