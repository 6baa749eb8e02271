"""What the tests of simulations share."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.run import SourceIdentity
from appliance.pipeline.simulation.simulator import Simulator
from tests.pipeline.pictures import mesh_source
from tests.pipeline.simulation.truth import TrueMoves


@pytest.fixture(scope="session")
def simulator(canonical: Canonical) -> Simulator:
    return Simulator(canonical)


@pytest.fixture(scope="session")
def truth(canonical: Canonical, sources: Mapping[str, SourceIdentity]) -> TrueMoves:
    return TrueMoves(canonical, mesh_source(sources["b_1"]))
