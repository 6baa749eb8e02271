"""Fixtures that most tests start from."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import settings

from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from tests.fetch import CLIP, HAND_CLIP
from tests.paths import PORTRAITS

# No deadline: on a busy machine, how long an example takes says nothing. In CI the same examples
# each time, so that a change is judged by what it changed; elsewhere others are tried each time.
settings.register_profile("appliance", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("appliance")

# A shell ignores SIGINT for what it starts in the background, and children inherit that. Tests that
# interrupt a command must work there too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def pack() -> ModelPack:
    """The starter pack."""
    return ModelPack.open()


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """One thread on the CPU, so that results differ as little as possible between machines."""
    return Runtime(("cpu",), threads=1)


@pytest.fixture(scope="session")
def portraits() -> Mapping[str, Path]:
    """Photos of people by stem, such as ``person_a_1``; see their CREDITS.md."""
    files = (path for path in PORTRAITS.iterdir() if path.suffix in {".jpg", ".png"})
    return MappingProxyType({path.stem: path for path in sorted(files)})


@pytest.fixture(scope="session")
def single_face_clip() -> Path:
    """A video of one moving face, which ``make test`` fetches."""
    if not CLIP.is_file():
        pytest.fail("The test clip is missing. Run `python -m tests.fetch`.")
    return CLIP


@pytest.fixture(scope="session")
def hand_clip() -> Path:
    """A video of a face with a hand before it in some frames, which ``make test`` fetches."""
    if not HAND_CLIP.is_file():
        pytest.fail("The test clip is missing. Run `python -m tests.fetch`.")
    return HAND_CLIP


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where commands keep their ledger: never in the home folder of the person who runs tests."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder
