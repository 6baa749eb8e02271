"""Films that are signed where they lie."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
import pytest

from appliance.errors import ReleaseError
from appliance.release.facts import ReleaseFacts
from appliance.release.film import FilmFormat, mark_film
from appliance.release.inspection import inspect_file
from appliance.release.labels.implicit.label import label_fields
from appliance.release.provenance.films import sign_film_in_place
from appliance.release.provenance.library import MIME_TYPES, FilmKind
from tests.pipeline.media.clips import Clip, make
from tests.release.signed import WATERMARK_KEY, anchors, second_opinion, signing_key

FACTS = ReleaseFacts(9, "onnx", "")
FRAMES = 10


def write_film(path: Path) -> Path:
    source = io.BytesIO(make(Clip(size=(320, 320), frames=FRAMES)))
    with path.open("w+b") as sink:
        mark_film(source, sink, film_format(path), FACTS, WATERMARK_KEY)
    return path


def film_format(path: Path) -> FilmFormat:
    return "mov" if path.suffix == ".mov" else "mp4"


@pytest.fixture(params=["mp4", "mov"])
def film(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FilmKind, BinaryIO]]:
    with write_film(tmp_path / f"film.{request.param}").open("r+b") as file:
        yield request.param, file


def test_a_film_signed_in_place_is_trusted(film: tuple[FilmKind, BinaryIO]) -> None:
    kind, file = film
    before = file.read()
    sign_film_in_place(file, kind, FACTS, signing_key())
    found = inspect_file(file, anchors())
    assert (found.kind, found.trusted, found.label) == (kind, True, label_fields(FACTS))
    assert found.provenance.source == "compositeWithTrainedAlgorithmicMedia"
    assert found.provenance.thumbnails == 0
    file.seek(0)
    data = file.read()
    assert data.startswith(before)
    assert second_opinion(data, MIME_TYPES[kind], anchors()) == (
        "valid",
        "valid_for_supplied_material",
    )
    with av.open(io.BytesIO(data), "r") as shown:
        assert sum(1 for _ in shown.decode(video=0)) == FRAMES


def test_a_flipped_byte_is_seen_by_both_readers(film: tuple[FilmKind, BinaryIO]) -> None:
    kind, file = film
    sign_film_in_place(file, kind, FACTS, signing_key())
    file.seek(0)
    changed = bytearray(file.read())
    changed[changed.index(b"mdat") + 20] ^= 1
    assert inspect_file(io.BytesIO(changed), anchors()).provenance.state == "invalid"
    assert second_opinion(bytes(changed), MIME_TYPES[kind], anchors())[0] == "invalid"


@pytest.mark.parametrize("kind", ["mkv", "webm"])
def test_a_film_without_a_place_for_a_manifest_is_refused_untouched(kind: FilmKind) -> None:
    file = io.BytesIO(b"film")
    with pytest.raises(ReleaseError, match="cannot carry"):
        sign_film_in_place(file, kind, FACTS, signing_key())
    assert file.getvalue() == b"film"
