"""What a watermark survives, what it costs, and how often there is one where there is none.

python -m tests.bench.watermark

Stills are the portraits that are large enough, and gradients with noise; films are the first frames
of the two clips, enlarged to 1080p. Times are processor time of one thread.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.watermark import search
from appliance.release.watermark.film import FilmMark
from appliance.release.watermark.mark import SMALLEST_SIDE
from appliance.release.watermark.photo import embed_in_photo
from appliance.release.watermark.reading import (
    FALSE_ALARMS,
    LEAST_SCORE,
    read_from_frames,
    read_from_photo,
)
from appliance.release.watermark.votes import votes_of
from tests.fetch import CLIP, HAND_CLIP
from tests.paths import PORTRAITS

KEY = bytes(range(32))
NUMBER = 0xDEADBEEF
FRAMES = 24
ROUNDS = 12
KEYS = 30  # other keys, tried on each unmarked picture
_SIZE = (1920, 1080)

Attack = Callable[[Any], Any]


def main() -> None:
    """Print the tables."""
    cv2.setNumThreads(1)
    console = Console()
    stills = dict(_stills())
    console.print(_recovery(stills))
    console.print(_films())
    console.print(_times(next(iter(stills.values()))))
    console.print(_false_alarms(stills))


def _jpeg(pixels: Any, quality: int = 70) -> Any:
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def _half(pixels: Any) -> Any:
    return cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _cut(pixels: Any, share: float) -> Any:
    """``share`` of each dimension, half of it at each side."""
    height, width = pixels.shape[:2]
    down, right = int(height * share / 2), int(width * share / 2)
    return pixels[down : height - down, right : width - right].copy()


ATTACKS: Mapping[str, Attack] = {
    "none": lambda pixels: pixels,
    "JPEG 70": _jpeg,
    "JPEG 50": lambda pixels: _jpeg(pixels, 50),
    "half": _half,
    "a tenth cut": lambda pixels: _cut(pixels, 0.1),
    "a tenth off each side": lambda pixels: _cut(pixels, 0.2),
    "half, JPEG 70": lambda pixels: _jpeg(_half(pixels)),
    "a tenth cut, half, JPEG 70": lambda pixels: _jpeg(_half(_cut(pixels, 0.1))),
    "a tenth off each side, half, JPEG 70": lambda pixels: _jpeg(_half(_cut(pixels, 0.2))),
    "JPEG 70, half, a tenth off each side, JPEG 70": lambda pixels: _jpeg(
        _cut(_half(_jpeg(pixels)), 0.2)
    ),
    "a quarter turn": lambda pixels: np.ascontiguousarray(np.rot90(pixels)),
    "turned by 2 degrees": lambda pixels: _turned(pixels, 2.0),
    "mirrored": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
}


def _turned(pixels: Any, degrees: float) -> Any:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


def _stills() -> Iterator[tuple[str, Photo]]:
    for path in sorted(PORTRAITS.glob("person_*")):
        photo = read_photo(path.read_bytes())
        if min(photo.pixels.shape[:2]) >= SMALLEST_SIDE:
            yield path.stem, photo
    across = np.linspace(20, 235, 1200, dtype=np.float32)
    noise = np.random.default_rng(1).normal(0, 1, (900, 1200))
    grey = np.clip(across[None] + noise, 0, 255).astype(np.uint8)
    yield "gradient", Photo(np.ascontiguousarray(np.dstack([grey] * 3)))


def _recovery(stills: Mapping[str, Photo]) -> Table:
    marked = {name: embed_in_photo(photo, NUMBER, KEY) for name, photo in stills.items()}
    table = Table(title="Stills: score of the number that was read, or -")
    table.add_column("attack")
    for name in stills:
        table.add_column(name.removeprefix("person_"), justify="right")
    psnr = [cv2.PSNR(stills[name].pixels, marked[name].pixels) for name in stills]
    table.add_row("PSNR, dB", *(f"{one:.1f}" for one in psnr))
    for what, attack in ATTACKS.items():
        photos = [Photo(attack(photo.pixels)) for photo in marked.values()]
        table.add_row(what, *(_result(read_from_photo(photo, KEY)) for photo in photos))
    return table


def _result(reading: Any) -> str:
    if reading.number is None:
        return "-"
    return f"{reading.score:.0f}" if reading.number == NUMBER else "WRONG"


def _films() -> Table:
    table = Table(title="Films, 1080p: score of the number that was read, or -")
    for heading in ("clip", "luma PSNR, dB", "CRF 28", "CRF 28, half", "CRF 18, then CRF 28, half"):
        table.add_column(heading, justify="right")
    half = (_SIZE[0] // 2, _SIZE[1] // 2)
    chains = ([(_SIZE, 28)], [(half, 28)], [(_SIZE, 18), (half, 28)])
    for clip in (CLIP, HAND_CLIP):
        before = _frames(clip)
        mark = FilmMark(NUMBER, KEY, _SIZE)
        after = [mark.frame(_luma(frame)) for frame in before]
        psnr = [cv2.PSNR(_luma(one), two) for one, two in zip(before, after, strict=True)]
        results = []
        for chain in chains:
            frames = [_with_luma(one, two) for one, two in zip(before, after, strict=True)]
            for size, crf in chain:
                frames = _encoded(frames, size, crf)
            results.append(_result(read_from_frames([_luma(one) for one in frames], KEY)))
        table.add_row(clip.stem, f"{min(psnr):.1f}", *results)
    return table


def _frames(clip: Path) -> list[av.VideoFrame]:
    with av.open(str(clip)) as opened:
        some = islice(opened.decode(video=0), FRAMES)
        return [frame.reformat(*_SIZE, "yuv420p") for frame in some]


def _luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.ascontiguousarray(frame.to_ndarray(format="yuv420p")[: frame.height], np.uint8)


def _with_luma(frame: av.VideoFrame, luma: NDArray[Any]) -> av.VideoFrame:
    planes = frame.to_ndarray(format="yuv420p")
    planes[: luma.shape[0]] = luma
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def _encoded(frames: Sequence[av.VideoFrame], size: tuple[int, int], crf: int) -> Any:
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as sink:
        stream = sink.add_stream("libx264", rate=30, options={"crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index, frame in enumerate(frames):
            sized = frame.reformat(*size, "yuv420p")
            sized.pts, sized.time_base = index, Fraction(1, 30)
            sized.pict_type = av.video.frame.PictureType.NONE
            sink.mux(stream.encode(sized))
        sink.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory, "r") as source:
        return list(source.decode(video=0))


def _times(photo: Photo) -> Table:
    million = Photo(np.asarray(cv2.resize(photo.pixels, (896, 1116)), np.uint8))
    luma = np.asarray(cv2.resize(cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY), _SIZE), np.uint8)
    mark = FilmMark(NUMBER, KEY, _SIZE)
    marked = embed_in_photo(million, NUMBER, KEY)
    cut = Photo(_cut(marked.pixels, 0.2))
    table = Table(title="Processor time, least of some rounds, ms")
    for heading in ("what", "ms", "goal"):
        table.add_column(heading, justify="right")
    table.add_row(
        "mark a still of 1 MP", _least(lambda: embed_in_photo(million, NUMBER, KEY)), "40"
    )
    table.add_row("mark a frame of 1080p", _least(lambda: mark.frame(luma)), "5")
    table.add_row("read a still", _least(lambda: read_from_photo(marked, KEY)), "-")
    table.add_row("read a cut still", _least(lambda: read_from_photo(cut, KEY)), "-")
    table.add_row("find nothing", _least(lambda: read_from_photo(million, KEY), rounds=3), "-")
    return table


def _least(once: Callable[[], object], rounds: int = ROUNDS) -> str:
    once()
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        once()
        taken.append(time.process_time() - started)
    return f"{min(taken) * 1000:.1f}"


def _false_alarms(stills: Mapping[str, Photo]) -> Table:
    """Unmarked pictures under many keys: the pilot's best score, and numbers, of which none is."""
    numbers, pilots, tried = 0, [], 0
    for photo in stills.values():
        votes = votes_of(cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY), 255.0)
        for index in range(KEYS):
            key = hashlib.sha256(index.to_bytes(4, "big")).digest()
            numbers += read_from_photo(photo, key).number is not None
            pilots.append(search.uncut(votes, key).score)
            tried += 1
    table = Table(title="Unmarked pictures")
    for heading in ("readings", "numbers", "bound by theory", "best pilot", "least score"):
        table.add_column(heading, justify="right")
    row = (f"{FALSE_ALARMS:.1e}", f"{max(pilots):.1f}", f"{LEAST_SCORE}")
    table.add_row(str(tried), str(numbers), *row)
    return table


if __name__ == "__main__":
    main()
