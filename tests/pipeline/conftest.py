"""The real models and what they see in the real portraits, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.pipeline.analysis.analyser import Stages
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.run import Sitter, read_source


@pytest.fixture(scope="session")
def stages(pack: ModelPack, runtime: Runtime) -> Stages:
    """The stages of the starter pack."""
    return Stages.load(pack, runtime)


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
def faces(stages: Stages, photos: Mapping[str, Photo]) -> Mapping[str, Face]:
    """The face of each portrait, in its pixels."""
    return MappingProxyType({name: stages.faces(p.canvas)[0] for name, p in photos.items()})


@pytest.fixture(scope="session")
def sitters(stages: Stages, photos: Mapping[str, Photo]) -> Mapping[str, Sitter]:
    """Each portrait as a source of its own."""
    return MappingProxyType({name: read_source(stages, [p]) for name, p in photos.items()})
