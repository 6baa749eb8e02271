"""``appliance compare``: measures how much two faces resemble each other."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from appliance.cli.drawing.portrait import PortraitFraming
from appliance.cli.drawing.sheet import (
    ACCENT,
    INK,
    Sheet,
    outline,
)
from appliance.cli.framework.engine_options import EngineOptions, engine_options
from appliance.cli.framework.options import (
    FILE,
    json_option,
    overwrite_option,
    which_face_hint,
    which_face_option,
)
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.process.input_files import check_output, decode_photo, open_input
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.errors import OutputError
from appliance.files.output import PendingOutput
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OUTER_LIPS,
    OVAL,
    RIGHT_EYE,
)
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.networks.recogniser import similarity
from appliance.pipeline.run import face_of_one
from appliance.pipeline.selection import SAME_PERSON, WhichFace

_TILE = (480, 600)
_MARGIN, _GAP = 40, 24
_LINES: tuple[int, int, int] = (120, 235, 225)


class Comparison(msgspec.Struct, frozen=True):
    """Two faces. ``similarity``: SFace cosine, -1 to 1; the same person from ``threshold`` on."""

    similarity: float
    threshold: float
    same_person: bool


@dataclass(frozen=True, slots=True)
class _Measured:
    """The one face of a photo; ``embedding``: (128,) of SFace."""

    canvas: Canvas
    face: Face
    embedding: Float


@click.command()
@click.argument("first", type=FILE, metavar="A")
@click.argument("second", type=FILE, metavar="B")
@click.option(
    "-o", "--output", type=FILE, metavar="PNG", help="Write a picture of both faces, side by side."
)
@which_face_option("--face-a", "photo A")
@which_face_option("--face-b", "photo B")
@engine_options
@overwrite_option
@json_option
def compare(
    *,
    first: Path,
    second: Path,
    face_a: WhichFace | None,
    face_b: WhichFace | None,
    output: Path | None,
    options: EngineOptions,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Measure how much the faces in two photos resemble each other.

    Each photo shows one person; faces that are much smaller do not count.
    """
    outputs = [] if output is None else [output]
    for path in outputs:
        _check_suffix(path)
        check_output(path, [first, second])
    with ExitStack() as files:
        photos = (
            files.enter_context(open_input(first, "Photo A")),
            files.enter_context(open_input(second, "Photo B")),
        )
        results = [
            files.enter_context(PendingOutput(path, overwrite=overwrite, shared=True))
            for path in outputs
        ]
        engine = load_sealed(current_sealing(options.policy), outputs, options)
        found, measured = _compare(engine.analyser, photos, (face_a, face_b))
        for result in results:
            result.file.write(encode_photo(Photo(comparison_sheet(found, measured)), "png"))
            result.commit()
    if as_json:
        print_json(found)
        return
    verdict = "the same person" if found.same_person else "different people"
    print_pairs(
        [
            ("similarity", f"{found.similarity:.3f}"),
            ("verdict", f"{verdict} (same person from {found.threshold})"),
        ]
    )


def comparison_sheet(found: Comparison, measured: tuple[_Measured, _Measured]) -> Image:
    """Both faces with their outlines above their similarity: (height, width, 3) uint8 RGB."""
    width, height = _TILE
    page = Sheet(2 * (_MARGIN + width) + _GAP, _MARGIN + height + 126)
    for number, (name, one) in enumerate(zip("AB", measured, strict=True)):
        x = _MARGIN + number * (width + _GAP)
        page.picture(x, _MARGIN, _outlined(one))
        page.text((x + 14, _MARGIN + 12), name, 28, (255, 255, 255))
    y = _MARGIN + height + 28
    verdict = "the same person" if found.same_person else "different people"
    page.text((_MARGIN, y), f"{found.similarity:.3f}", 44, INK)
    page.text((_MARGIN + 130, y + 2), verdict, 20, ACCENT)
    page.text((_MARGIN + 130, y + 28), f"SFace cosine; same person from {found.threshold}", 16)
    left, length = _MARGIN + width + _GAP, width - 8
    page.scale((left, y + 24), length, None, found.similarity)
    for value in (0.0, SAME_PERSON, 1.0):
        page.text((left + value * length, y + 42), f"{value:g}", 15, anchor="ma")
    return page.finish()


def _compare(
    analyser: FaceAnalyser,
    files: tuple[BinaryIO, BinaryIO],
    which: tuple[WhichFace | None, WhichFace | None],
) -> tuple[Comparison, tuple[_Measured, _Measured]]:
    photos = decode_photo(files[0], "Photo A"), decode_photo(files[1], "Photo B")
    a, b = (
        _measure(analyser, photo, name, one)
        for photo, name, one in zip(photos, "AB", which, strict=True)
    )
    value = round(similarity(a.embedding, b.embedding), 3)
    return Comparison(value, SAME_PERSON, value >= SAME_PERSON), (a, b)


def _measure(analyser: FaceAnalyser, photo: Photo, name: str, which: WhichFace | None) -> _Measured:
    canvas = in_colours_of(photo, Photo(photo.pixels)).canvas
    hint = which_face_hint(f"--face-{name.lower()}")
    face = face_of_one(analyser, canvas, f"photo {name}", which, hint)
    return _Measured(canvas, face, analyser.embedding(canvas, face))


def _outlined(measured: _Measured) -> Image:
    frame = PortraitFraming.around(measured.face, measured.canvas, _TILE)
    points = frame.place(measured.face.points)
    rings = [points[ring] for ring in (OVAL, RIGHT_EYE, LEFT_EYE, OUTER_LIPS, INNER_LIPS)]
    return outline(frame.show(measured.canvas), rings, _LINES)


def _check_suffix(output: Path) -> None:
    if output.suffix.lower() != ".png":
        raise OutputError("The picture is a PNG.", "Let the output's name end in .png.")
