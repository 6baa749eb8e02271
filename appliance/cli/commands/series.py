"""``appliance series``: checks the photos that a clinic takes of one patient's face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import click

from appliance.cli.framework.engine_options import EngineOptions, engine_options
from appliance.cli.framework.options import FILE, json_option
from appliance.cli.framework.output import LabelledValue, print_json, print_pairs
from appliance.cli.framework.progress import ProgressCallback, show_progress
from appliance.cli.process.input_files import decode_photo, open_input
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.errors import InputError
from appliance.files.reasons import reason_of
from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.series.check import check_series
from appliance.pipeline.series.record import PhotoRecord, SeriesRecord
from appliance.pipeline.series.seen_photo import SeenPhoto, SeriesEye

_MOST = 100  # photos at a time: a series has seven, and all of them are open at once


@click.group()
def series() -> None:
    """Check the photos of a clinic's series."""


@series.command()
@click.argument("paths", type=FILE, nargs=-1, required=True, metavar="DIR|FILES...")
@engine_options
@json_option
def check(*, paths: Sequence[Path], options: EngineOptions, as_json: bool) -> None:
    """Recognise which view each photo is, how well it is taken, and what to change.

    A series has seven views: front, both obliques, both profiles, base and smile. Photos are
    numbered in the order in which they are given, those of a folder by name; no name is printed.

    Each photo has nine points, as the SEPIA score has them. What cannot be measured is left to you
    and does not count.
    """
    with ExitStack() as stack:
        files = [
            stack.enter_context(open_input(path, f"Photo {number}"))
            for number, path in enumerate(_files(paths), 1)
        ]
        engine = load_sealed(current_sealing(options.policy), [], options)
        eye = SeriesEye.of(engine)
        progress = show_progress(silent=as_json, doing="checking", unit="photos")
        report = stack.enter_context(progress)
        found = check_series([*_seen(eye, files, report)])
    if as_json:
        print_json(found)
        return
    for number, photo in enumerate(found.photos, 1):
        click.echo(f"photo {number}: {photo.view}")
        print_pairs(_photo_pairs(photo), indent=2)
        click.echo()
    click.echo("series")
    print_pairs(_series_pairs(found), indent=2)


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files that are named, and those in folders that are. Raises ``InputError``."""
    files = [file for path in paths for file in (_in_folder(path) if path.is_dir() else [path])]
    if not files:
        raise InputError("The folder holds no file.", "Name a folder of photos, or the photos.")
    if len(files) > _MOST:
        raise InputError(f"These are more than {_MOST} files.", "Check one series at a time.")
    return files


def _in_folder(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    except OSError as error:
        reason = reason_of(error)
        raise InputError(f"The folder cannot be read: {reason.why}.", reason.hint) from error


def _seen(
    eye: SeriesEye, files: Sequence[BinaryIO], report: ProgressCallback
) -> Iterator[SeenPhoto]:
    """What each photo shows; one at a time is in memory."""
    for number, file in enumerate(files, 1):
        photo = decode_photo(file, f"Photo {number}")
        yield eye.look(in_colours_of(photo, Photo(photo.pixels)).canvas)
        report(number, len(files))


def _photo_pairs(photo: PhotoRecord) -> list[LabelledValue]:
    left = len(photo.points) - photo.judged
    return [
        ("score", f"{photo.score} of {photo.judged} points, {left} left to you"),
        ("change", photo.change),
        *[(point.name, f"{_MARKS[point.verdict]} {point.why}") for point in photo.points],
    ]


_MARKS = {"met": "yes:", "missed": "no: ", "person": "you:"}


def _series_pairs(found: SeriesRecord) -> list[LabelledValue]:
    missing = ", ".join(found.missing) or "none"
    if found.missing and found.unrecognised:
        photos = "1 photo" if found.unrecognised == 1 else f"{found.unrecognised} photos"
        missing += f" ({photos} of unknown view may be among them)"
    return [
        ("photos", str(len(found.photos))),
        ("missing", missing),
        ("double", ", ".join(found.double) or "none"),
    ]
