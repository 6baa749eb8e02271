"""Landmarks that tell what a handle achieved are those that it moves."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.simulation.accuracy.telling import TELLING, landmarks_for
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.mover import HandleMover
from appliance.pipeline.simulation.points import NAMED

MUCH = 0.6  # of the longest move of any point


def test_a_landmark_tells_a_handle_that_moves_it_nearly_as_far_as_anything(
    canonical: Canonical,
) -> None:
    mover, shape = HandleMover(canonical), canonical.xyz * np.float32(MM)
    for handle in HANDLES:
        if handle == "symmetry":  # it moves everything, by how uneven a face is
            assert handle not in TELLING
            continue
        way = np.linalg.norm(mover.move(shape, {handle: 1.0}), axis=1)
        share = {name: way[point.index] / way.max() for name, point in NAMED.items()}
        telling = TELLING.get(handle, ())
        assert all(share[name] > MUCH for name in telling), handle
        if not telling:
            assert max(share.values()) < MUCH, handle


def test_what_was_not_asked_of_a_region_is_left_out_of_it() -> None:
    compared = landmarks_for(["tip-projection"])
    assert "pronasale" in compared
    assert "right-alare" not in compared
    assert {"left-exocanthion", "menton", "right-cheilion"} <= compared
    both = landmarks_for(["tip-projection", "chin-height"])
    assert {"pronasale", "menton", "pogonion"} <= both
    assert "right-gonion" not in both
