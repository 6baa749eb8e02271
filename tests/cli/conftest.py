"""Calls the command line as a person would, with names in paths that must never be printed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from PIL import Image

from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.framework.run_context import RunContext
from appliance.cli.main import appliance
from appliance.seal.seal import SealReport

CANARY = "jane-canary"


@dataclass(frozen=True)
class Outcome:
    """Exit code and output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


Call = Callable[..., Outcome]


class PromisedSealing:
    """Replaces the seal, which this process could not undo, and checks that commands respect it."""

    def __init__(self) -> None:
        self.report: SealReport | None = None
        self._confined = False
        self._modules: frozenset[str] | None = None

    def confine(self, readable: Sequence[Path], outputs: Sequence[Path]) -> None:
        """Called once, with folders that exist."""
        assert not self._confined
        assert all(output.parent.is_dir() for output in outputs)
        self._confined = True

    def seal(self, provider: str, *, serving: bool = False) -> None:
        """Called once, after ``confine``; from now on nothing may be imported."""
        assert self._confined
        assert self._modules is None
        self._modules = frozenset(sys.modules)

    def check(self) -> None:
        """Check that a sealed process could have done the same."""
        if self._modules is not None:
            assert not {*sys.modules} - self._modules


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Runs a command line; fails if a name is printed, or an error that is not in our form."""

    def call(*words: str | Path) -> Outcome:
        capfd.readouterr()
        sealing = PromisedSealing()
        code = run_command(appliance, [str(word) for word in words], RunContext(sealing=sealing))
        sealing.check()
        outcome = Outcome(code, *capfd.readouterr())
        assert CANARY not in (outcome.out + outcome.err).lower()
        assert "Traceback" not in outcome.err
        if code not in (0, 130):
            lines = outcome.err.splitlines()
            assert [line.partition(":")[0] for line in lines] == ["error", "hint"]
        return outcome

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a person's name."""
    folder = tmp_path / CANARY
    folder.mkdir()
    return folder


@pytest.fixture
def people(tmp_path: Path, portraits: Mapping[str, Path]) -> Mapping[str, Path]:
    """The portraits under names of persons, by letter."""
    named = tmp_path / f"people-{CANARY}"
    named.mkdir()
    found = {}
    for letter, stem in (("a", "person_a_2"), ("c", "person_c_1"), ("d", "person_d_1")):
        found[letter] = named / f"{CANARY}-{letter}{portraits[stem].suffix}"
        shutil.copy(portraits[stem], found[letter])
    return found


@pytest.fixture
def pair(tmp_path: Path, people: Mapping[str, Path]) -> Path:
    """Person c on the left of person d."""
    images = [np.array(Image.open(people[letter]).convert("RGB")) for letter in "cd"]
    height = min(image.shape[0] for image in images)
    image = np.hstack([image[:height] for image in images])
    path = tmp_path / f"{CANARY}-pair.png"
    Image.fromarray(image).save(path)
    return path


@pytest.fixture
def faceless(tmp_path: Path) -> Path:
    """A photo without a face: a gradient."""
    ramp = np.linspace(0, 255, 320, dtype=np.uint8)
    path = tmp_path / f"{CANARY}-gradient.png"
    Image.fromarray(np.repeat(np.tile(ramp, (240, 1))[..., None], 3, axis=2)).save(path)
    return path


@pytest.fixture
def faceless_video(tmp_path: Path) -> Path:
    """A video without a face: a moving gradient."""
    path = tmp_path / f"{CANARY}-gradient.mp4"
    ramp = np.linspace(0, 255, 320, dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(5):
            rows = np.tile(np.roll(ramp, number), (240, 1))
            grey = np.repeat(rows[..., None], 3, axis=2)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def clip(tmp_path: Path, single_face_clip: Path) -> Path:
    """The real clip under the name of a person."""
    path = tmp_path / f"{CANARY}-clip.mp4"
    shutil.copy(single_face_clip, path)
    return path


def pixels(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A photo's pixels as another library reads them."""
    return np.array(Image.open(path).convert("RGB"))
