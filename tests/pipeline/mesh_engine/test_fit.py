"""A source on one target through a shot: what it settles on, and that it does so without a jump."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.appearance.look.face_look import FaceLook, face_look
from appliance.pipeline.appearance.look.planes import FINE, LookPlanes
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.mesh_engine.fit import (
    FADE,
    FIRST_LOOKS,
    LOOK_INTERVAL,
    MEMORY,
    SourceFit,
)
from appliance.pipeline.run import SourceIdentity
from tests.pipeline.pictures import mesh_source

WHOLE = np.ones(POINTS, np.float32)
STILL = np.zeros((POINTS, 3), np.float32)
EVEN = np.ones(3, np.float32)


@pytest.fixture(scope="module")
def planes(canonical: Canonical) -> LookPlanes:
    """The planes of the starter pack's canonical face."""
    return LookPlanes(canonical)


def look(planes: LookPlanes, level: float, seen: float = 1.0) -> FaceLook:
    """Even skin at that log luminance."""
    logs = np.full((FINE, FINE, 3), level, np.float32)
    return face_look(planes, logs, np.full((FINE, FINE), seen, np.float32))


@pytest.fixture
def fit(sources: Mapping[str, SourceIdentity]) -> SourceFit:
    """Of a portrait."""
    return SourceFit(mesh_source(sources["c_1"]), WHOLE)


def test_a_look_is_wanted_in_a_few_frames(fit: SourceFit) -> None:
    wanted = []
    for frame in range(2 * LOOK_INTERVAL + 1):
        if fit.wants_look:
            wanted.append(frame)
        fit.observe(STILL, 100.0)
    assert wanted == [*FIRST_LOOKS, LOOK_INTERVAL, 2 * LOOK_INTERVAL]


def test_the_first_look_counts_at_once(fit: SourceFit, planes: LookPlanes) -> None:
    fit.match(planes, look(planes, 0.1), EVEN, 100.0)
    fit.observe(STILL, 100.0)
    assert 200 < fit.texture.shape[0] < 512  # no finer than the target can show
    assert np.isfinite(fit.texture).all()
    without = SourceFit(fit.source, WHOLE)
    without.observe(STILL, 100.0)
    assert np.abs(fit.texture - without.texture).mean() > 1


def test_a_new_look_fades_in(fit: SourceFit, planes: LookPlanes) -> None:
    fit.match(planes, look(planes, 0.15), EVEN, 100.0)
    fit.observe(STILL, 100.0)
    before = fit.texture
    fit.match(planes, look(planes, -0.15), EVEN, 100.0)
    steps = []
    for _ in range(FADE + 3):
        last = fit.texture
        fit.observe(STILL, 100.0)
        steps.append(float(np.abs(fit.texture - last).mean()))
    whole = float(np.abs(fit.texture - before).mean())
    assert whole > 1  # the two looks do differ
    assert max(steps) < 1.1 * whole / FADE
    assert max(steps[FADE:]) == 0


def test_a_hidden_face_hardly_counts(
    planes: LookPlanes, sources: Mapping[str, SourceIdentity]
) -> None:
    found: list[Float] = []
    for second_seen in (0.02, 1.0):
        fit = SourceFit(mesh_source(sources["c_1"]), WHOLE)
        for level, seen in ((0.15, 1.0), (-0.15, second_seen)):
            fit.match(planes, look(planes, level, seen), EVEN, 100.0)
            for _ in range(FADE + 1):
                fit.observe(STILL, 100.0)
        found.append(fit.texture)
    first = SourceFit(mesh_source(sources["c_1"]), WHOLE)
    first.match(planes, look(planes, 0.15), EVEN, 100.0)
    off = [np.abs(one - first.texture).mean() for one in found]
    assert off[0] < 0.2 * off[1]


def test_a_face_that_grows_keeps_fading(fit: SourceFit, planes: LookPlanes) -> None:
    fit.match(planes, look(planes, 0.1), EVEN, 60.0)
    fit.observe(STILL, 60.0)
    small = fit.texture
    fit.match(planes, look(planes, 0.1), EVEN, 120.0)
    fit.observe(STILL, 120.0)
    assert fit.texture.shape[0] > small.shape[0]
    assert abs(fit.texture.mean() - small.mean()) < 2


def test_a_shape_settles_on_the_mean_of_what_it_has_seen(fit: SourceFit) -> None:
    seen = np.random.default_rng(0).normal(0, 1, (9, POINTS, 3)).astype(np.float32)
    for difference in seen:
        fit.observe(difference, 100.0)
    assert np.allclose(fit.difference, seen.mean(axis=0), atol=1e-4)
    large = SourceFit(fit.source, WHOLE * 0)
    large.observe(seen[0], 1000.0)
    assert large.texture.shape[0] == fit.source.texture.shape[0]


def test_a_frame_in_which_a_face_fades_counts_by_its_share(
    fit: SourceFit, planes: LookPlanes
) -> None:
    first, turned = np.zeros_like(STILL), np.ones_like(STILL)
    for share, difference in ((1.0, first), (0.25, turned), (1.0, first)):
        fit.share = share
        fit.observe(difference, 100.0)
    assert np.allclose(fit.difference, 0.25 / 2.25)
    found: list[Float] = []
    for share in (0.02, 1.0):
        one = SourceFit(fit.source, WHOLE)
        for level, part in ((0.15, 1.0), (-0.15, share)):
            one.share = part
            one.match(planes, look(planes, level), EVEN, 100.0)
            for _ in range(FADE + 1):
                one.observe(STILL, 100.0)
        found.append(one.texture)
    only = SourceFit(fit.source, WHOLE)
    only.match(planes, look(planes, 0.15), EVEN, 100.0)
    off = [np.abs(one - only.texture).mean() for one in found]
    assert off[0] < 0.2 * off[1]


def test_a_brow_that_stays_raised_hardly_sinks(fit: SourceFit) -> None:
    # Raised by 1 cm after two seconds at rest, for two more: the difference is what it sinks by.
    brows = np.zeros(POINTS, np.float32)
    brows[0] = 1
    raised = STILL.copy()
    raised[:2, 1] = -1
    for difference in [STILL] * MEMORY + [raised] * MEMORY:
        fit.observe(difference, 100.0, brows=brows)
    brow, skin = -fit.difference[:2, 1]
    assert brow == pytest.approx(0.5, abs=0.01)  # the mean of all
    assert skin > 0.6
    for _ in range(MEMORY):
        fit.observe(STILL, 100.0, brows=brows)
    assert -fit.difference[0, 1] == pytest.approx(1 / 3, abs=0.01)
