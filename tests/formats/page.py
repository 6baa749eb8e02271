"""The page: one table for each group of inputs, with a column for each kind of result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar, get_args

from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.photo.encode import PhotoFormat
from tests.formats.films import OTHERS, PICTURES, SOUNDS, Film
from tests.formats.measure import Refusals, other, photo, picture, taken
from tests.formats.photos import OTHER_FILES, PHOTOS

_CONTAINERS: tuple[VideoKind, ...] = ("mp4", "mov", "mkv", "webm", "avi")
_FORMATS: tuple[PhotoFormat, ...] = get_args(PhotoFormat)

Kind = TypeVar("Kind", bound=str)

_HEAD = """\
# What becomes of which file

Measured: `python -m tests.formats` makes a tiny file of each kind, reads and writes it with the \
code that `appliance swap` uses, and writes this page; `tests/formats/test_page.py` compares it \
with what is measured now. Rows are targets, columns are results. A number in brackets is that of \
a message at the end of the page.
"""
_PICTURES = """
## Pictures of films

The codec and the pixel format of the result where no option chooses others, and in `code` what \
the summary names. The target's own container is in brackets.
"""
_SOUNDS = """
## Sound

*copied* is bit by bit. *converted* is decoded and encoded again.
"""
_OTHERS = """
## Other tracks

The summary names what is left out (`dropped` with `--json`) by the words in `code`.
"""
_PHOTOS = """
## Photos

Depth, channels and profile of the result. All metadata but the profile is left out.
"""
_FILES = """
## Other files

| file | |
| --- | --- |
"""


def page() -> str:
    """The whole page, measured now."""
    refusals = Refusals()
    parts = [_HEAD]
    for head, films, measure in (
        (_PICTURES, PICTURES, picture),
        (_SOUNDS, SOUNDS, other),
        (_OTHERS, OTHERS, other),
    ):
        parts += [head, *_film_table(films, measure, refusals)]
    parts += [_PHOTOS, *_photo_table(refusals), _FILES]
    for name, make in OTHER_FILES.items():
        data = make()
        parts.append(_row([name, refusals.cell(partial(taken, data))]))
    parts.append("\n## Messages\n\n")
    parts += [f"{number}. {text}\n" for number, text in enumerate(refusals.messages, 1)]
    return "".join(parts)


def _film_table(
    films: Iterable[Film], measure: Callable[[bytes, VideoKind], str], refusals: Refusals
) -> Iterable[str]:
    inputs = {f"{film.of} ({film.container})": film.make() for film in films}
    return _table(inputs, _CONTAINERS, measure, refusals)


def _photo_table(refusals: Refusals) -> Iterable[str]:
    inputs = {name: make() for name, make in PHOTOS.items()}
    return _table(inputs, _FORMATS, photo, refusals)


def _table(
    inputs: Mapping[str, bytes],
    kinds: Sequence[Kind],
    measure: Callable[[bytes, Kind], str],
    refusals: Refusals,
) -> Iterable[str]:
    yield "\n" + _row(["target", *kinds])
    yield _row(["---"] * (len(kinds) + 1))
    for name, data in inputs.items():
        cells = [refusals.cell(partial(measure, data, kind)) for kind in kinds]
        yield _row([name, *cells])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
