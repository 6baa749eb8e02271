"""Frames of spectacles in a texture: painted over by what is next to them, and nothing else."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.imaging.types import Float
from appliance.pipeline.mesh_engine.without_frames import FILLED, without_frames

SIDE = 192  # two texels for each of the visibility plane


def texture() -> Float:
    """Skin that grows lighter downwards."""
    rows = np.linspace(120, 180, SIDE, dtype=np.float32)[:, None, None]
    return np.tile(rows, (1, SIDE, 3)) * np.array([1.0, 0.8, 0.7], np.float32)


def test_a_frame_is_painted_over_by_the_skin_next_to_it() -> None:
    skin = texture()
    framed = skin.copy()
    framed[90:94, 30:160] = 20
    frames = np.zeros((96, 96), np.float32)
    frames[45:47, 15:80] = 1
    found, trust = without_frames(framed, frames)
    assert np.abs(found - skin).max() < 4
    assert (trust[90:94, 30:160] == FILLED).all()
    beyond = trust[..., 0] == 1
    assert beyond.mean() > 0.9
    np.testing.assert_array_equal(found[beyond], framed[beyond])


def test_without_frames_a_texture_stays_as_it_is() -> None:
    found, trust = without_frames(texture(), np.zeros((96, 96), np.float32))
    np.testing.assert_array_equal(found, texture())
    assert (trust == 1).all()
