"""A training machine with a project, and samples for a swap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty as Nothing
from queue import SimpleQueue

import av
import cv2
import numpy as np

from appliance import resources
from tests.kiosk.machine import Running, machine, until
from tests.paths import PORTRAITS

PROJECT = "example"
FRAMES = 12
RATE = 6
SOURCE, FILM = "source.jpg", "take.mp4"


def policy() -> str:
    """That of training, with a project, and any face on any other."""
    text = (resources.policies() / "training.yaml").read_text()
    assert "same_person: true" in text
    assert "projects:" not in text
    project = f"\nprojects:\n  - {{name: {PROJECT}, members: [anna], days: 1}}\n"
    return text.replace("same_person: true", "same_person: false") + project


def write_samples(folder: Path) -> None:
    """A photo of one person, and a short film of another who moves."""
    (folder / SOURCE).write_bytes((PORTRAITS / "person_a_1.jpg").read_bytes())
    picture = cv2.imread(str(PORTRAITS / "person_b_1.jpg"))
    assert picture is not None
    height = 480 * picture.shape[0] // picture.shape[1]
    small = cv2.resize(picture, (480, height), interpolation=cv2.INTER_AREA)[:480, :, ::-1]
    with av.open(folder / FILM, "w") as container:
        stream = container.add_stream("libx264", RATE, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = 480, 480, "yuv420p"
        for number in range(FRAMES):
            moved = np.ascontiguousarray(np.roll(small, 4 * number, axis=1), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(moved, "rgb24")))
        container.mux(stream.encode(None))


@contextmanager
def studio(folder: Path) -> Iterator[Running]:
    """The machine; ``folder`` gets the samples."""
    write_samples(folder)
    with machine(policy(), samples=folder) as running:
        yield running


class Window:
    """The window's thread, played by the thread of the test."""

    def __init__(self) -> None:
        self._posted: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def post(self, act: Callable[[], object]) -> None:
        self._posted.put(act)

    def until(self, holds: Callable[[], bool]) -> None:
        """Do what was posted until ``holds``."""

        def worked() -> bool:
            while not holds():
                try:
                    self._posted.get(timeout=0.02)()
                except Nothing:
                    return False
            return True

        until(worked)


class KeptPictures:
    """Pictures by name, as the bytes of their JPEGs."""

    def __init__(self) -> None:
        self.shown: dict[str, bytes] = {}

    def decode(self, data: bytes) -> object:
        return data

    def put(self, name: str, picture: object) -> None:
        assert isinstance(picture, bytes)
        self.shown[name] = picture

    def copy(self, name: str, to: str) -> None:
        if name in self.shown:
            self.shown[to] = self.shown[name]

    def clear(self) -> None:
        self.shown.clear()
