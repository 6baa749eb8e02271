"""What the tests of simulations share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.run import SourceIdentity
from appliance.pipeline.simulation.simulator import Simulator
from tests.pipeline.heads import Head
from tests.pipeline.pictures import mesh_source
from tests.pipeline.simulation.displacement import DisplacementMeter
from tests.pipeline.simulation.lit import LitHead


@pytest.fixture(scope="session")
def simulator(canonical: Canonical) -> Simulator:
    return Simulator(canonical)


@pytest.fixture(scope="session")
def truth(canonical: Canonical, sources: Mapping[str, SourceIdentity]) -> Head:
    return Head(canonical, mesh_source(sources["b_1"]))


@pytest.fixture(scope="session")
def heads(canonical: Canonical, sources: Mapping[str, SourceIdentity]) -> Mapping[str, Head]:
    """Two people's heads."""
    names = ("d_1", "e_1")
    return MappingProxyType({name: Head(canonical, mesh_source(sources[name])) for name in names})


@pytest.fixture(scope="session")
def lit_heads(canonical: Canonical, sources: Mapping[str, SourceIdentity]) -> Mapping[str, LitHead]:
    """Two heads of shapes that no network drew, by shape."""
    people = {"humped": "b_1", "deviated": "c_1"}
    return MappingProxyType(
        {
            shape: LitHead(canonical, mesh_source(sources[name]), shape)
            for shape, name in people.items()
        }
    )


@pytest.fixture(scope="session")
def meter(canonical: Canonical) -> DisplacementMeter:
    """Compares moves with the true ones."""
    return DisplacementMeter(canonical)
