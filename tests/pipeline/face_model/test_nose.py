"""Gaps on a nose: small ones are closed, large ones and those elsewhere stay."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.nose import NoseCloser
from appliance.pipeline.face_model.shape import facing
from appliance.pipeline.face_model.topology import POINTS, indices
from appliance.pipeline.imaging.types import Float

NOSTRILS = indices("79 309 238 458 20 250")
WINGS = indices("49 64 102 279 294 331")
TO_THE_CAMERA = np.array([1, -1, -1], np.float32)  # canonical y and z against a picture's


@pytest.fixture(scope="module")
def closer(canonical: Canonical) -> NoseCloser:
    return NoseCloser(canonical)


def turned(canonical: Canonical, degrees: float) -> Float:
    """How squarely the canonical face, turned to its left, faces the camera: (478,)."""
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    about = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]], np.float32)
    mesh = np.asarray((canonical.xyz @ about.T) * TO_THE_CAMERA, np.float32)
    return facing(mesh, canonical.triangles)


def test_wings_and_nostrils_seen_from_the_front_count_as_seen(
    canonical: Canonical, closer: NoseCloser
) -> None:
    frontal = turned(canonical, 0)
    closed = closer.closed(frontal)
    for part in (NOSTRILS, WINGS):
        assert frontal[part].min() < 0.3
        assert closed[part].min() > 0.4
    assert (closed >= frontal).all()


def test_the_far_side_of_a_turned_nose_stays_unseen(
    canonical: Canonical, closer: NoseCloser
) -> None:
    for degrees in (-30, 30):
        seen = turned(canonical, degrees)
        far = min(WINGS[:3], WINGS[3:], key=lambda wing: float(seen[wing].mean()))
        assert closer.closed(seen)[far].max() < 0.2


def test_gaps_elsewhere_and_even_values_stay(closer: NoseCloser) -> None:
    values = np.full(POINTS, 0.6, np.float32)
    assert np.array_equal(closer.closed(values), values)
    values[[205, 425, 0]] = 0  # cheeks and a lip
    assert np.array_equal(closer.closed(values), values)
