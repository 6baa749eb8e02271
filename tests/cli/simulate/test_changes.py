"""Regions of several kinds in one photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from appliance.cli.simulate.changes import Changer
from appliance.cli.simulate.looker import Look
from appliance.errors import HandleError
from appliance.inference.pack import ModelPack
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.simulation.drawn_region import DrawnRegion, RegionMode
from appliance.pipeline.simulation.honesty import Given
from appliance.pipeline.simulation.simulator import Simulator
from tests.pipeline.simulation.views import SIZE, view_of

CHEEK, NOSE = 205, 4


@pytest.fixture(scope="module")
def canonical(pack: ModelPack) -> Canonical:
    return Canonical.load(pack.read("canonical-mesh"))


def test_regions_side_by_side_both_move_and_each_as_alone(canonical: Canonical) -> None:
    random = np.random.default_rng(3)
    photo = Photo(random.integers(90, 170, (SIZE[1], SIZE[0], 3)).astype(np.uint8))
    view = view_of(canonical)
    view.shape[[CHEEK, NOSE], 0] += 4  # so that neither is as it should be
    changer = Changer(Simulator(canonical), canonical, ())

    def region(mode: RegionMode, middle: int) -> DrawnRegion:
        x, y = view.mesh[middle, :2].tolist()
        return DrawnRegion(
            mode, [(x - 20, y - 20), (x + 20, y - 20), (x + 20, y + 20), (x, y + 24)]
        )

    def moves(*regions: DrawnRegion) -> Float:
        look = Look(view, Given(), {}, {}, {}, regions)
        changed, done = changer.changed(photo, look, {})
        assert (changed.pixels != photo.pixels).any()
        assert not np.shares_memory(changed.pixels, photo.pixels)
        return done.mesh - view.mesh

    cheek, nose = region("shape", CHEEK), region("mean", NOSE)
    half = moves(replace(nose, share=50))
    assert half[NOSE] == pytest.approx(moves(nose)[NOSE] / 2, abs=0.3)
    together = moves(cheek, nose)
    for one, at in ((cheek, CHEEK), (nose, NOSE)):
        alone = moves(one)
        assert np.abs(alone[at]).max() > 2
        assert together[at] == pytest.approx(alone[at], abs=0.5)


def test_what_a_region_refuses_reaches_the_caller(canonical: Canonical) -> None:
    photo = Photo(np.full((SIZE[1], SIZE[0], 3), 120, np.uint8))
    changer = Changer(Simulator(canonical), canonical, ())
    outline = [(2, 2), (30, 2), (30, 30)]
    for mode in ("line", "region", "shape", "mean"):
        look = Look(view_of(canonical), Given(), {}, {}, {}, [DrawnRegion(mode, outline)])
        with pytest.raises(HandleError, match="on the face"):
            changer.changed(photo, look, {})
