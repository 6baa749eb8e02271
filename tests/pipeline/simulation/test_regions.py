"""Regions of all kinds, as they are asked for together."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.errors import HandleError
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.simulation.mirror import Mirror
from appliance.pipeline.simulation.regions import Region, mirrored
from tests.pipeline.simulation.views import SIZE, view_of


def cheek(canonical: Canonical, width: float) -> list[tuple[float, float]]:
    """A square on the subject's right cheek, around the mesh point that marks it, of pixels."""
    x, y = view_of(canonical, 0.0).mesh[50, :2].tolist()
    half = width / 2
    return [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]


def test_lines_and_regions_are_painted_and_shapes_moved(canonical: Canonical) -> None:
    random = np.random.default_rng(5)
    photo = random.integers(110, 140, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    view, mirror = view_of(canonical, 0.0), Mirror(canonical)
    outline = cheek(canonical, 8 / view.scale.mm)
    assert Region(outline, "region").area(view.scale.mm) == pytest.approx(64, rel=1e-3)
    painted = photo.copy()
    assert mirrored(mirror, PhotoCanvas(painted), view, [Region(outline, "region")]) is None
    changed = (painted != photo).any(axis=2)
    assert 0 < changed.sum() <= (8 / view.scale.mm + 2) ** 2
    untouched = photo.copy()
    move = mirrored(mirror, PhotoCanvas(untouched), view, [Region(outline, "shape")] * 2)
    assert move is not None
    assert move.shape == (478, 3)
    assert (untouched == photo).all()


def test_a_region_that_would_look_wrong_is_refused(canonical: Canonical) -> None:
    photo = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    view, mirror = view_of(canonical, 0.0), Mirror(canonical)
    wide = Region(cheek(canonical, 12 / view.scale.mm), "line")
    with pytest.raises(HandleError, match="too much for a line"):
        mirrored(mirror, PhotoCanvas(photo), view, [wide])
