"""A photo's face is looked for once, however often sliders and points are moved."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Lock

import numpy as np
import pytest

from appliance.inference.loader import NetworkLoader
from appliance.inference.pack import ModelPack
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.protocols.worker_api import Place, PreviewSimulation, ProposePoints, Simulate
from appliance.worker.simulations import Simulations
from appliance.worker.workspace import Workspace
from tests.worker.process import portrait

WINGS = {"alar-width": -2.0}


class Counting(Workspace):
    """Counts how often each photo is decoded."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read: Counter[int] = Counter()

    def photo(self, number: int) -> Photo:
        self.read[number] += 1
        return super().photo(number)


@pytest.fixture
def workspace(tmp_path: Path) -> Counting:
    made = Counting(tmp_path)
    for name in ("person_b_1.jpg", "person_d_1.jpg"):
        png = encode_photo(read_photo(portrait(name).read_bytes()), "png")
        (tmp_path / "new").write_bytes(png)
        made.add_item(tmp_path / "new", "photo")
    return made


@pytest.fixture
def simulations(workspace: Counting, pack: ModelPack, runtime: NetworkLoader) -> Simulations:
    return Simulations(workspace, Pipeline.load(pack, runtime).analyser, Lock())


def test_sliders_and_points_and_a_look_back_decode_no_photo_again(
    workspace: Counting, simulations: Simulations
) -> None:
    found = simulations.propose(ProposePoints(1)).points.places
    points = {name: Place(x, y) for name, (x, y) in found.items()}
    first = simulations.preview(PreviewSimulation(1, WINGS), 256).photo.pixels.copy()
    simulations.preview(PreviewSimulation(2, WINGS), 256)
    assert workspace.read == {1: 2, 2: 1}  # a proposal needs no small copy
    for right in (0.0, 1.0, 2.0):
        moved = points | {"pronasale": Place(points["pronasale"].x + right, points["pronasale"].y)}
        simulations.preview(PreviewSimulation(1, WINGS, points=moved), 256)
    again = simulations.preview(PreviewSimulation(1, WINGS), 256).photo.pixels
    assert (again == first).all()
    assert workspace.read == {1: 2, 2: 1}
    simulations.clear()
    simulations.preview(PreviewSimulation(1, WINGS), 256)
    assert workspace.read == {1: 3, 2: 1}


def test_what_was_kept_makes_the_result_that_a_fresh_look_makes(
    simulations: Simulations,
) -> None:
    places = simulations.propose(ProposePoints(1)).points.places
    points = {name: Place(x, y - 1) for name, (x, y) in places.items()}
    wanted = Simulate(1, {"tip-rotation": 4.0}, points=points)
    simulations.preview(PreviewSimulation(1, WINGS), 256)
    kept = simulations.simulate(wanted).photo.pixels
    simulations.clear()
    assert np.array_equal(simulations.simulate(wanted).photo.pixels, kept)
