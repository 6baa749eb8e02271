"""``appliance demo``: shows what a swap looks like, on sample portraits."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from types import MappingProxyType
from typing import BinaryIO, cast

import click

from appliance import resources
from appliance.cli.demo.contact_sheet import (
    TILE,
    SwapTiles,
    Tile,
    contact_sheet,
)
from appliance.cli.demo.pan_clip import FRAMES, pan_clip
from appliance.cli.drawing.portrait import PortraitFraming
from appliance.cli.framework.engine_options import EngineOptions
from appliance.cli.framework.options import FILE, models_option, provider_option
from appliance.cli.framework.output import print_pairs
from appliance.cli.framework.progress import show_progress
from appliance.cli.process.input_files import decode_photo, open_input
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.cli.swap.summary import Similarity, similarity_text
from appliance.errors import InputError, NoFaceError
from appliance.files.output import PendingOutput, as_output_error
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.regions import WHOLE_FACE
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.canvas import as_8_bit
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.mesh_engine.engine import MESH_ENGINE
from appliance.pipeline.run import (
    SwapOptions,
    SwapReport,
    read_source,
    swap_photo,
    swap_video,
)

# Sources and targets, chosen for contrast: light skin on dark and dark on light, an open mouth on
# a closed one and the reverse, a man on a woman, and photos of very different sizes.
PAIRS = (
    ("person_c_1", "person_d_1"),
    ("person_a_2", "person_c_1"),
    ("person_b_2", "person_e_1"),
    ("person_e_1", "person_b_1"),
    ("person_d_1", "person_a_2"),
    ("person_b_1", "person_a_1"),
)
STRIP = ("person_d_1", "person_c_1")
REGIONS = ("nose", "jaw", "brows")
STRIP_MARGIN = 1.25  # height of the strip's tiles over that of the face

_WHOLE: Mapping[str, float] = MappingProxyType({WHOLE_FACE: 1.0})


_PORTRAIT = "A sample portrait"


@dataclass(frozen=True, slots=True)
class _Portrait:
    """A sample portrait in sRGB, its face, and the part of it that is shown."""

    photo: Photo
    framing: PortraitFraming
    face: Face


@dataclass(frozen=True, slots=True)
class _Swapped:
    """The face of ``source`` on the portrait ``target``."""

    source: _Portrait
    target: _Portrait
    photo: Photo
    report: SwapReport


@click.command()
@click.option(
    "--output",
    type=FILE,
    default=Path("demo"),
    metavar="DIR",
    help="Folder for the results; those of an earlier demo are replaced. [default: demo]",
)
@click.option(
    "--portraits",
    type=FILE,
    default=resources.portraits,
    metavar="DIR",
    help="Folder of the sample portraits. [default: those of the package]",
)
@provider_option
@models_option
def demo(*, output: Path, portraits: Path, provider: str | None, models: Path | None) -> None:
    """Swap faces between the sample portraits and draw a contact sheet.

    Writes sheet.png, swapped.png and swapped.mp4 to the output folder.
    """
    started = time.monotonic()
    files = _find(portraits)
    _make_folder(output)
    # All three appear together at the end: an interrupted demo leaves nothing behind.
    with ExitStack() as stack:
        opened = {
            name: stack.enter_context(open_input(file, _PORTRAIT)) for name, file in files.items()
        }
        sheet, photo, video = (
            stack.enter_context(PendingOutput(output / name, overwrite=True, shared=True))
            for name in ("sheet.png", "swapped.png", "swapped.mp4")
        )
        outputs = [output / "sheet.png"]
        engine = load_sealed(
            current_sealing(), outputs, EngineOptions(models=models, provider=provider)
        )
        people = {name: _read(engine, file) for name, file in opened.items()}
        swaps = [_swap(engine, people[source], people[target]) for source, target in PAIRS]
        strip = _strip(engine, *(people[name] for name in STRIP))
        drawn = contact_sheet([_shown(swap) for swap in swaps], strip)
        sheet.file.write(encode_photo(Photo(drawn), "png"))
        photo.file.write(encode_photo(swaps[0].photo, "png"))
        report = _video(engine, swaps[0], video)
        for result in (photo, video, sheet):
            result.commit()
    print_pairs(
        [
            ("contact sheet", str(output / "sheet.png")),
            ("photo", str(output / "swapped.png")),
            ("video", str(output / "swapped.mp4")),
            ("engine", MESH_ENGINE),
            (
                "similarity",
                f"{similarity_text(_mean_similarity(swaps))}, mean of {len(swaps)} swaps",
            ),
            ("provider", report.provider),
            ("time", f"{time.monotonic() - started:.1f} s"),
        ]
    )


def _find(folder: Path) -> dict[str, Path]:
    """The files of the portraits that are used, by stem. Raises ``InputError``."""
    needed = {name for pair in PAIRS for name in pair}
    files = {file.stem: file for file in folder.glob("person_*") if file.stem in needed}
    if files.keys() != needed:
        hint = "Name the folder that contains all of them with --portraits."
        raise InputError("Sample portraits are missing.", hint)
    return files


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise as_output_error(error) from error


def _read(pipeline: Pipeline, file: BinaryIO) -> _Portrait:
    photo = decode_photo(file, _PORTRAIT)
    photo = in_colours_of(photo, Photo(photo.pixels))
    faces = pipeline.analyser.faces(photo.canvas)
    if not faces:
        hint = "Use the original sample portraits."
        raise NoFaceError("No face was found in a sample portrait.", hint)
    return _Portrait(photo, PortraitFraming.around(faces[0], photo.canvas, TILE), faces[0])


def _swap(
    pipeline: Pipeline,
    source: _Portrait,
    target: _Portrait,
    regions: Mapping[str, float] = _WHOLE,
) -> _Swapped:
    person = read_source(pipeline, [source.photo])
    photo, report = swap_photo(pipeline, person, target.photo, SwapOptions(regions=regions))
    return _Swapped(source, target, photo, report)


def _strip(pipeline: Pipeline, source: _Portrait, target: _Portrait) -> list[Tile]:
    """Close-ups: one region after the other, then the whole face."""
    framing = PortraitFraming.around(target.face, target.photo.canvas, TILE, STRIP_MARGIN)
    wanted = [(f"{name} only", {name: 1.0}) for name in REGIONS]
    edits = [
        Tile(framing.show(_swap(pipeline, source, target, regions).photo.canvas), caption)
        for caption, regions in (*wanted, ("whole face", _WHOLE))
    ]
    near = PortraitFraming.around(source.face, source.photo.canvas, TILE, STRIP_MARGIN)
    first = Tile(near.show(source.photo.canvas), "source")
    return [first, Tile(framing.show(target.photo.canvas), "target"), *edits]


def _shown(swap: _Swapped) -> SwapTiles:
    return SwapTiles(
        source=swap.source.framing.show(swap.source.photo.canvas),
        target=swap.target.framing.show(swap.target.photo.canvas),
        result=swap.target.framing.show(swap.photo.canvas),
        before=swap.report.similarity_before or 0.0,
        after=swap.report.similarity_after or 0.0,
    )


def _mean_similarity(swaps: Sequence[_Swapped]) -> Similarity:
    shown = [_shown(swap) for swap in swaps]
    return Similarity(mean(one.before for one in shown), mean(one.after for one in shown))


def _video(pipeline: Pipeline, swap: _Swapped, result: PendingOutput) -> SwapReport:
    """Apply the source of ``swap`` to a video that pans over its target."""
    target = swap.target
    with (
        pan_clip(as_8_bit(target.photo.pixels), target.face) as clip,
        show_progress(silent=False) as report,
    ):
        return swap_video(
            pipeline,
            read_source(pipeline, [swap.source.photo]),
            clip,
            cast(BinaryIO, result.file),
            SwapOptions(),
            container="mp4",
            progress=lambda info: report(info.index + 1, FRAMES),
        )
