"""Under a policy of training words stand over all pictures that a worker makes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.audit.service.embedded import EmbeddedAudit
from appliance.pipeline.imaging.words_over import WordsOver
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.simulation.lettering import strip
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME, PreviewSimulation, Simulate, View
from appliance.wire.client import Client
from appliance.worker.training_words import WORDS, TrainingWords
from tests.worker.process import OPEN, Worker, portrait, read_all, working

TRAINING = OPEN + "training: true\nworkspace: {backend: memory}\n"
OVER = WordsOver(WORDS, ("training-latin.ttf", "training.ttf"))
HANDLES = {"alar-width": -2.0}
FRAMES = 6

Pixels = NDArray[np.uint8]


class Whatever(msgspec.Struct):
    """An answer whose fields do not matter."""


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, audit: EmbeddedAudit
) -> Iterator[tuple[Worker, Client]]:
    with working(tmp_path_factory.mktemp("training"), audit, TRAINING) as pair:
        yield pair


def assert_marked(pixels: Pixels, plain: Pixels) -> None:
    """``pixels`` are ``plain`` with the words; both may have been compressed."""
    change = np.abs(pixels.astype(int) - plain).mean(axis=2)
    drawn = np.zeros(change.shape, np.uint8)
    for line in OVER.lines(change.shape[1], change.shape[0]):
        drawn[line.top : line.top + line.ink.shape[0]] = line.ink
    away = cv2.dilate(drawn, np.ones((17, 17), np.uint8)) == 0
    assert change[drawn > 250].mean() > 30  # levels
    assert away.mean() > 0.3
    assert change[away].mean() < 1.5


def asked(client: Client, wanted: View | PreviewSimulation | worker_api.Preview) -> Pixels:
    _, (pipe,) = client.call(f"{NAME}.{type(wanted).__name__}", wanted, gives=Whatever, attached=1)
    return np.asarray(read_photo(read_all(pipe)).pixels, np.uint8)


def simulated(worker: Worker, client: Client) -> list[Pixels]:
    """A view, a preview and a result, without the strip of a simulation's own words."""
    item = worker.take_in(client, portrait("person_b_1.jpg")).item
    wanted = Simulate(item, HANDLES)
    done, _ = client.call(f"{NAME}.Simulate", wanted, gives=worker_api.Simulated)
    result = np.asarray(read_photo(worker.result(done.result)).pixels, np.uint8)
    photo = read_photo(portrait("person_b_1.jpg").read_bytes()).pixels
    return [
        asked(client, View(item, side=512)),
        asked(client, PreviewSimulation(item, HANDLES, side=512))[:512],
        result[: photo.shape[0]],
    ]


def swapped(worker: Worker, client: Client, clip: Path) -> list[Pixels]:
    """A preview and results: a photo, and frames of a film."""
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
    pictures = []
    for target in (portrait("person_b_1.jpg"), clip):
        item = worker.take_in(client, target).item
        wanted = worker_api.Swap([source], item, {"face": 1.0})
        done, _ = client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
        assert done.result is not None
        data = worker.result(done.result)
        pictures += [asked(client, worker_api.Preview([source], item, {"face": 1.0}, side=512))]
        pictures += frames(data) if target == clip else [np.asarray(read_photo(data).pixels)]
    return pictures


def frames(film: bytes) -> list[Pixels]:
    with av.open(io.BytesIO(film), "r") as opened:
        return [np.asarray(frame.to_ndarray(format="rgb24")) for frame in opened.decode(video=0)]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    pixels = read_photo(portrait("person_c_1.jpg").read_bytes()).pixels
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.width = stream.height = 320
        stream.pix_fmt = "yuv420p"
        picture = np.asarray(cv2.resize(pixels, (320, 320)), np.uint8)
        for _ in range(FRAMES):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))
    return path


def test_views_and_simulations_say_that_it_is_training(
    worker: Worker, client: Client, trained: tuple[Worker, Client]
) -> None:
    for pixels, plain in zip(simulated(*trained), simulated(worker, client), strict=True):
        assert_marked(pixels, plain)


def test_swaps_and_each_frame_of_a_film_say_that_it_is_training(
    worker: Worker, client: Client, trained: tuple[Worker, Client], clip: Path
) -> None:
    marked, plain = swapped(*trained, clip), swapped(worker, client, clip)
    assert len(marked) == len(plain) == 3 + FRAMES
    for pixels, before in zip(marked, plain, strict=True):
        assert_marked(pixels, before)


def test_the_strip_below_a_simulation_stays_as_it_is(trained: tuple[Worker, Client]) -> None:
    worker, client = trained
    item = worker.take_in(client, portrait("person_b_1.jpg")).item
    shown = asked(client, PreviewSimulation(item, HANDLES, side=512))
    words = strip(shown.shape[1], 512)
    assert np.abs(shown[512:].astype(int) - words[..., None]).mean() < 8  # it is a JPEG


def test_words_hide_neither_where_a_photo_is_transparent_nor_in_16_bits() -> None:
    pixels = np.full((240, 320, 3), 40_000, np.uint16)
    alpha = np.zeros((240, 320), np.uint16)
    photo = TrainingWords(wanted=True).over(Photo(pixels, alpha=alpha))
    assert photo.alpha is not None
    for line in OVER.lines(320, 240):
        rows = slice(line.top, line.top + line.ink.shape[0])
        drawn = line.ink > 250
        assert (photo.alpha[rows][drawn] == 65535).all()
        assert (np.abs(photo.pixels[rows][drawn].astype(int) - 40_000) > 12_000).all()


def test_nothing_is_written_where_it_is_no_training() -> None:
    pixels = np.full((240, 320, 3), 90, np.uint8)
    assert (
        TrainingWords(wanted=False).over(Photo(pixels.copy())).pixels.tobytes() == pixels.tobytes()
    )
