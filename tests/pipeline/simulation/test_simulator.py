"""A photo of a person, moved by handles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.shading import LightEstimator
from appliance.pipeline.simulation.simulator import Simulator
from tests.pipeline.heads import Head


def _copy(photo: Photo) -> Photo:
    return replace(photo, pixels=photo.pixels.copy())


def test_far_from_the_nose_every_pixel_is_as_it_was(
    simulator: Simulator, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    photo, face = _copy(photos["b_1"]), faces["b_1"]
    view = simulator.view(photo.canvas, face)
    done = simulator.simulate(photo.canvas, view, {"alar-width": -4})
    changed = (photo.pixels != photos["b_1"].pixels).any(axis=2)
    assert done.moved["alar-width"] == pytest.approx(2, rel=0.1)
    rows, columns = np.nonzero(changed)
    nose = face.points[[48, 278, 1]].mean(axis=0)
    reach = np.hypot(columns - nose[0], rows - nose[1]).max() * view.scale.mm
    assert changed.any()
    assert reach < 45


def test_nothing_asked_for_is_nothing_changed(
    simulator: Simulator, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    photo = _copy(photos["d_1"])
    simulator.simulate(photo.canvas, simulator.view(photo.canvas, faces["d_1"]), {})
    assert np.array_equal(photo.pixels, photos["d_1"].pixels)


def test_tiles_leave_no_seam(
    simulator: Simulator, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    photo = _copy(photos["d_1"])
    view = simulator.view(photo.canvas, faces["d_1"])
    height, width = photo.pixels.shape[:2]
    ramp = np.arange(width) / 4 + np.arange(height)[:, None] / 16
    photo.pixels[...] = ramp[..., None].astype(np.uint8)
    simulator.simulate(photo.canvas, view, {"jaw-width": -10, "brow-height": 4})
    steps = [np.abs(np.diff(photo.pixels[..., 0].astype(int), axis=axis)).max() for axis in (0, 1)]
    assert max(steps) <= 2  # a ramp is one still


def test_a_person_stays_that_person(
    pipeline: Pipeline, simulator: Simulator, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    photo, face = _copy(photos["c_1"]), faces["c_1"]
    before = pipeline.analyser.embedding(photo.canvas, face)
    view = simulator.view(photo.canvas, face)
    every = {name: handle.high for name, handle in HANDLES.items() if handle.unit != "%"}
    simulator.simulate(photo.canvas, view, every)
    assert similarity(before, pipeline.analyser.embedding(photo.canvas, face)) > 0.75


def test_light_follows_the_surface(canonical: Canonical, truth: Head) -> None:
    """Where the bridge rises, the side that turns to the lamp brightens and the other darkens."""
    rendered = truth.render(0)  # the lamp is at the picture's right, above
    mesh = rendered.face.mesh
    after = mesh.copy()
    after[[6, 197, 195, 5], 2] -= 8
    ratio = LightEstimator(canonical).ratio(rendered.image, np.zeros(2, np.float32), mesh, after)
    right, left = ratio[[351, 419, 248]].mean(), ratio[[122, 196, 3]].mean()
    assert right - left > 0.05
