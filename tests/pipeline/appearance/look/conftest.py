"""The canonical plane, and faces of known contrast on it."""

from __future__ import annotations

import pytest

from appliance.pipeline.appearance.look.planes import LookPlanes
from appliance.pipeline.face_model.canonical import Canonical


@pytest.fixture(scope="session")
def planes(canonical: Canonical) -> LookPlanes:
    """The planes of the starter pack's canonical face."""
    return LookPlanes(canonical)
