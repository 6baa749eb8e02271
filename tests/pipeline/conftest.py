"""The real models and what they see in the real portraits, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.run import SourceIdentity, read_source


@pytest.fixture(scope="session")
def pipeline(pack: ModelPack, runtime: Runtime) -> Pipeline:
    """The pipeline of the starter pack."""
    return Pipeline.load(pack, runtime)


@pytest.fixture(scope="session")
def canonical(pack: ModelPack) -> Canonical:
    """The canonical face of the starter pack."""
    return Canonical.load(pack.read("canonical-mesh"))


@pytest.fixture(scope="session")
def photos(portraits: Mapping[str, Path]) -> Mapping[str, Photo]:
    """The portraits by person and number, such as ``a_1``. No test writes into them."""
    named = {stem.removeprefix("person_"): path for stem, path in portraits.items()}
    read = {name: read_photo(path.read_bytes()) for name, path in named.items()}
    for photo in read.values():
        photo.pixels.flags.writeable = False
    return MappingProxyType(read)


@pytest.fixture(scope="session")
def faces(pipeline: Pipeline, photos: Mapping[str, Photo]) -> Mapping[str, Face]:
    """The face of each portrait, in its pixels."""
    return MappingProxyType(
        {name: pipeline.analyser.faces(p.canvas)[0] for name, p in photos.items()}
    )


@pytest.fixture(scope="session")
def sources(pipeline: Pipeline, photos: Mapping[str, Photo]) -> Mapping[str, SourceIdentity]:
    """Each portrait as a source of its own."""
    return MappingProxyType({name: read_source(pipeline, [p]) for name, p in photos.items()})
