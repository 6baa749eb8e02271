"""What most tests start from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import settings

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from tests.fetch import CLIP
from tests.paths import PORTRAITS

# No deadline: how long an example takes says nothing on a shared machine.
settings.register_profile("appliance", deadline=None)
settings.load_profile("appliance")


@pytest.fixture(scope="session")
def pack() -> ModelPack:
    """The starter pack."""
    return ModelPack.open()


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """The CPU, one thread: the same numbers on every machine with as little noise as can be."""
    return Runtime(("cpu",), threads=1)


@pytest.fixture(scope="session")
def portraits() -> Mapping[str, Path]:
    """Photos of people by stem, such as ``person_a_1``; see their CREDITS.md."""
    files = (path for path in PORTRAITS.iterdir() if path.suffix in {".jpg", ".png"})
    return MappingProxyType({path.stem: path for path in sorted(files)})


@pytest.fixture(scope="session")
def single_face_clip() -> Path:
    """A video of one moving face, fetched by ``make test``."""
    if not CLIP.is_file():
        pytest.fail("The test clip is not here: run `make test` once, it fetches it.")
    return CLIP


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where commands keep their ledger: never in the home of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder
