"""What a watermark survives, what it costs, and how often there is one where there is none.

python -m tests.bench.watermark [times] [stills] [films] [tails] [alarms]

Stills are the portraits, brought to several sizes. Films are the first frames of the two clips,
enlarged to 1080p, and of a portrait that moves past, with noise. Times are processor time of one
thread. False alarms are counted in unmarked pictures under random keys: numbers that were read,
which no count can show to be as rare as theory says, and alignments whose score is beyond some
deviations, which can be compared with Hoeffding's bound.
"""

from __future__ import annotations

import hashlib
import io
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from statistics import median
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
from appliance.release.watermark.mark import Plane
from appliance.release.watermark.pattern import TILE, pattern_of
from appliance.release.watermark.photo import embed_in_photo
from appliance.release.watermark.reading import (
    FALSE_ALARMS,
    Reading,
    read_from_frames,
    read_from_photo,
)
from appliance.release.watermark.votes import votes_of
from tests.fetch import CLIP, HAND_CLIP
from tests.paths import PORTRAITS

KEY = bytes(range(32))
NUMBER = 0xDEADBEEF
SIDES = (512, 640, 768, 1024, 2048)
FRAMES = 48
READ_EVERY = 12
ROUNDS = 12
KEYS = 100  # other keys, tried on each unmarked picture
TAIL_KEYS = 40  # those whose alignments are counted
TAIL_SHARES = (1024, 922, 820)
DEVIATIONS = (4.0, 4.5, 5.0, 5.5)
_SIZE = (1920, 1080)

Attack = Callable[[Any], Any]


def main(parts: Sequence[str]) -> None:
    """Print the tables of these ``parts``, or all."""
    cv2.setNumThreads(1)
    console = Console(width=110)
    tables: Mapping[str, Callable[[], Table]] = {
        "times": _times,
        "stills": _recovery,
        "films": _films,
        "tails": _tails,
        "alarms": _false_alarms,
    }
    for part in parts or tables:
        console.print(tables[part]())


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


def _portraits() -> Iterator[tuple[str, Photo]]:
    for path in sorted(PORTRAITS.glob("person_*")):
        yield path.stem, read_photo(path.read_bytes())


def _sized(photo: Photo, side: int) -> Photo:
    """``photo`` with ``side`` pixels along its shorter side."""
    factor = side / min(photo.pixels.shape[:2])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    sized = cv2.resize(photo.pixels, None, fx=factor, fy=factor, interpolation=way)
    return Photo(np.ascontiguousarray(sized, np.uint8))


def _recovery() -> Table:
    portraits = [photo for _, photo in _portraits()]
    title = f"Stills: how many of {len(portraits)} portraits gave their number, and the least score"
    table = Table(title=title)
    table.add_column("attack")
    rows: dict[str, list[str]] = {what: [] for what in ("least PSNR, dB", *ATTACKS)}
    for side in SIDES:
        table.add_column(f"{side} px", justify="right")
        stills = [_sized(photo, side) for photo in portraits]
        marked = [embed_in_photo(photo, NUMBER, KEY) for photo in stills]
        pairs = zip(stills, marked, strict=True)
        psnr = min(cv2.PSNR(one.pixels, two.pixels) for one, two in pairs)
        rows["least PSNR, dB"].append(f"{psnr:.1f}")
        for what, attack in ATTACKS.items():
            photos = [Photo(attack(photo.pixels)) for photo in marked]
            rows[what].append(_counted([read_from_photo(photo, KEY) for photo in photos]))
    for what, results in rows.items():
        table.add_row(what, *results)
    return table


def _counted(readings: Sequence[Reading]) -> str:
    wrong = [one for one in readings if one.number not in (None, NUMBER)]
    scores = [one.score for one in readings if one.number == NUMBER]
    if wrong:
        return "WRONG"
    return f"{len(scores)}, {min(scores):.0f}" if scores else "0"


def _result(reading: Reading) -> str:
    if reading.number is None:
        return "-"
    return f"{reading.score:.0f}" if reading.number == NUMBER else "WRONG"


def _films() -> Table:
    table = Table(title="Films, 1080p: score of the number that was read, or -")
    half = (_SIZE[0] // 2, _SIZE[1] // 2)
    chains: Mapping[str, Sequence[tuple[tuple[int, int], int]]] = {
        "CRF 23": [(_SIZE, 23)],
        "CRF 28": [(_SIZE, 28)],
        "CRF 28, half": [(half, 28)],
        "CRF 18, then 28": [(_SIZE, 18), (_SIZE, 28)],
        "CRF 18, then 28, half": [(_SIZE, 18), (half, 28)],
    }
    for heading in ("clip", "PSNR of luma, dB", *chains):
        table.add_column(heading, justify="right")
    for name, before in _clips():
        mark = FilmMark(NUMBER, KEY, _SIZE)
        after = [mark.frame(_luma(frame)) for frame in before]
        psnr = [cv2.PSNR(_luma(one), two) for one, two in zip(before, after, strict=True)]
        results = []
        for chain in chains.values():
            frames = [_with_luma(one, two) for one, two in zip(before, after, strict=True)]
            for size, crf in chain:
                frames = _encoded(frames, size, crf)
            shown = [_luma(one) for one in frames[::READ_EVERY]]
            results.append(_result(read_from_frames(shown, KEY)))
        table.add_row(name, f"{min(psnr):.1f}", *results)
    return table


def _clips() -> Iterator[tuple[str, list[av.VideoFrame]]]:
    for clip in (CLIP, HAND_CLIP):
        with av.open(str(clip)) as opened:
            some = islice(opened.decode(video=0), FRAMES)
            yield clip.stem, [frame.reformat(*_SIZE, "yuv420p") for frame in some]
    yield "portrait, moving", list(_moving())


def _moving() -> Iterator[av.VideoFrame]:
    """A portrait that fills the frame and moves up by two pixels a frame, with noise."""
    pixels = read_photo((PORTRAITS / "person_d_1.jpg").read_bytes()).pixels
    large: Any = cv2.resize(pixels, (_SIZE[0], 2200), interpolation=cv2.INTER_CUBIC)
    dice = np.random.default_rng(1)
    for number in range(FRAMES):
        shown = large[200 + 2 * number :][: _SIZE[1]]
        noisy = shown + dice.normal(0, 1.5, (*shown.shape[:2], 1))
        rgb = np.ascontiguousarray(np.clip(noisy, 0, 255).astype(np.uint8))
        yield av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")


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


def _times() -> Table:
    photo = dict(_portraits())["person_d_1"]
    million = Photo(np.asarray(cv2.resize(photo.pixels, (896, 1116)), np.uint8))
    large = Photo(np.asarray(cv2.resize(photo.pixels, (4000, 6000)), np.uint8))
    luma = np.asarray(cv2.resize(cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY), _SIZE), np.uint8)
    deep = luma.astype(np.uint16) * 4
    mark, deep_mark = FilmMark(NUMBER, KEY, _SIZE), FilmMark(NUMBER, KEY, _SIZE, 10)
    marked = embed_in_photo(million, NUMBER, KEY)
    cut = Photo(_cut(marked.pixels, 0.2))
    table = Table(title="Processor time, least and median of some rounds, ms")
    for heading in ("what", "least", "median", "goal"):
        table.add_column(heading, justify="right")
    rows: Sequence[tuple[str, Callable[[], object], str]] = (
        ("mark a still of 1 MP", lambda: embed_in_photo(million, NUMBER, KEY), "40"),
        ("mark a still of 24 MP", lambda: embed_in_photo(large, NUMBER, KEY), "-"),
        ("mark a frame of 1080p", lambda: mark.frame(luma), "5"),
        ("mark a frame of 1080p, 10 bits", lambda: deep_mark.frame(deep), "-"),
        ("read a still", lambda: read_from_photo(marked, KEY), "-"),
        ("read a cut still", lambda: read_from_photo(cut, KEY), "-"),
        ("find nothing", lambda: read_from_photo(million, KEY), "-"),
    )
    for what, once, goal in rows:
        table.add_row(what, *_taken(once), goal)
    return table


def _taken(once: Callable[[], object]) -> tuple[str, str]:
    once()
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        once()
        taken.append(1000 * (time.process_time() - started))
    return f"{min(taken):.1f}", f"{median(taken):.1f}"


def _unmarked() -> Iterator[tuple[str, Photo]]:
    """The portraits, a gradient, plain noise, and a pattern that repeats as tiles do."""
    for name, photo in _portraits():
        yield name, _sized(photo, 640)
    across = np.linspace(20, 235, 800, dtype=np.float32)
    noise = np.random.default_rng(1).normal(0, 1, (600, 800))
    for name, plane in (
        ("gradient", across[None] + noise),
        ("noise", 128 + 20 * noise),
        ("checks", np.indices((600, 800)).sum(0) // 5 % 2 * 120.0 + 60 + noise),
    ):
        grey = np.clip(plane, 0, 255).astype(np.uint8)
        yield name, Photo(np.ascontiguousarray(np.dstack([grey] * 3)))


def _key(index: int) -> bytes:
    return hashlib.sha256(index.to_bytes(4, "big")).digest()


def _false_alarms() -> Table:
    """Unmarked pictures under many keys, and a marked one under keys that are not its own."""
    marked = embed_in_photo(_sized(dict(_portraits())["person_d_1"], 640), NUMBER, KEY)
    pictures = [*_unmarked(), ("marked with another key", marked)]
    table = Table(title=f"Readings that should give nothing: {KEYS} keys a picture")
    for heading in ("picture", "readings", "numbers", "bound for all of them"):
        table.add_column(heading, justify="right")
    for name, photo in pictures:
        found = [read_from_photo(photo, _key(index)).number for index in range(KEYS)]
        numbers = sum(number is not None for number in found)
        table.add_row(name, str(KEYS), str(numbers), f"{KEYS * FALSE_ALARMS:.1e}")
    return table


def _tails() -> Table:
    """Scores of the pilot at every alignment of some shares, against Hoeffding's bound."""
    counts, tried, most = np.zeros(len(DEVIATIONS), np.int64), 0, 0.0
    for _, photo in _unmarked():
        votes = votes_of(cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY), 255.0)
        for index in range(TAIL_KEYS):
            for share in TAIL_SHARES:
                scores = _pilot_scores(votes, share, _key(index))
                counts += [int((scores >= level).sum()) for level in DEVIATIONS]
                tried += scores.size
                most = max(most, float(scores.max()))
    table = Table(title=f"Scores of {tried:.2e} alignments without a mark; largest {most:.2f}")
    for heading in ("deviations", "share at least so large", "Hoeffding's bound"):
        table.add_column(heading, justify="right")
    for level, count in zip(DEVIATIONS, counts, strict=True):
        bound = math.exp(-(level**2) / 2)
        table.add_row(str(level), f"{count / tried:.2e}", f"{bound:.2e}")
    return table


def _pilot_scores(votes: Plane, share: int, key: bytes) -> NDArray[np.float64]:
    """The pilot's sum at each shift, divided by the root of the sum of its votes' squares.

    (256, 256), by circular correlation of folded votes, as the search does it; the search divides
    by one root for all shifts.
    """
    folded = search._folded(votes, share).astype(np.float64)
    boxes = folded + np.roll(folded, -1, 0)
    boxes = boxes + np.roll(boxes, -1, 1)
    grid = np.zeros((2 * TILE, 2 * TILE))
    grid[::2, ::2] = pattern_of(key).pilot
    sums = _correlated(boxes, grid)
    energy = _correlated(np.square(boxes), np.abs(grid))
    return np.asarray(sums / np.sqrt(np.maximum(energy, 1e-9)), np.float64)


def _correlated(plane: NDArray[Any], pattern: NDArray[Any]) -> NDArray[Any]:
    spectrum = np.fft.rfft2(plane) * np.conj(np.fft.rfft2(pattern))
    return np.fft.irfft2(spectrum, plane.shape)


if __name__ == "__main__":
    main(sys.argv[1:])
