"""All that may be asked for together leaves a face that of the same person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from appliance.errors import HandleError
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.likeness import COSTS, LEAST, MOST, check_likeness, cost
from appliance.pipeline.simulation.limits import Limits
from appliance.pipeline.simulation.simulator import Simulator

RAISED = {name: handle.high for name, handle in HANDLES.items()}
BROWS: Mapping[str, float] = {"brow-height": 4, "brow-arch": 3, "bridge-width": -4}


def test_every_handle_has_a_cost() -> None:
    assert COSTS.keys() == HANDLES.keys()


def test_one_is_permitted_and_all_are_not() -> None:
    for name, handle in HANDLES.items():
        check_likeness({name: handle.low})
        check_likeness({name: handle.high})
    with pytest.raises(HandleError, match="another person's face"):
        check_likeness(RAISED)
    refused = Limits().refusal(RAISED)
    assert refused is not None
    assert (refused.what, refused.reason) == ("handle", "likeness")
    assert "brow-height, brow-arch, bridge-width" in refused.error.hint


def test_a_share_of_each_is_permitted() -> None:
    share = MOST / cost(RAISED)
    check_likeness({name: 0.99 * share * value for name, value in RAISED.items()})
    with pytest.raises(HandleError):
        check_likeness({name: 1.01 * share * value for name, value in RAISED.items()})


@pytest.mark.parametrize("person", ["b_2", "e_1"])  # who lose the most
def test_the_most_that_is_permitted_leaves_the_person(
    pipeline: Pipeline, simulator: Simulator, photos: Mapping[str, Photo], person: str
) -> None:
    analyser, canvas = pipeline.analyser, photos[person].canvas
    face = analyser.faces(canvas)[0]
    view, before = simulator.view(canvas, face), analyser.embedding(canvas, face)
    for values in (RAISED, BROWS):
        share = min(1.0, MOST / cost(values))
        moved = replace(photos[person], pixels=photos[person].pixels.copy()).canvas
        simulator.simulate(moved, view, {name: share * one for name, one in values.items()})
        after = analyser.embedding(moved, analyser.faces(moved)[0])
        assert similarity(before, after) >= LEAST
