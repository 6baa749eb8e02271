"""``appliance simulate``: moves the face on a person's own photos by handles."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from appliance.cli.framework.engine_options import EngineOptions, engine_options
from appliance.cli.framework.options import (
    FILE,
    json_option,
    overwrite_option,
    which_face_option,
)
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.process.input_files import (
    open_input,
)
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.cli.simulate.handle_type import DragType, DragValue, HandleType, HandleValue
from appliance.cli.simulate.points import WithPoints
from appliance.cli.simulate.report.prepare import prepare
from appliance.cli.simulate.report.written import (
    ReportStyle,
)
from appliance.cli.simulate.request import SimulationRequest
from appliance.cli.simulate.series import Look, Series
from appliance.cli.simulate.summary import PhotoSummary, Summary, summary_pairs
from appliance.cli.swap.output_options import OutputRequest, output_options
from appliance.errors import HandleError
from appliance.files.output import PendingOutput
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.lettering import load_words
from appliance.pipeline.simulation.simulator import Simulator
from appliance.pipeline.simulation.words import WORDS


@click.command(cls=WithPoints)
@click.option(
    "--photo",
    "photos",
    type=FILE,
    required=True,
    multiple=True,
    metavar="PHOTO",
    help="Photo of the person; repeatable, for a series that the same values move alike.",
)
@click.option(
    "--handle",
    "handles",
    type=HandleType(),
    multiple=True,
    metavar="NAME=VALUE",
    help="What to change, in millimetres, degrees or percent: tip-rotation=+6deg, or with what is "
    "to be expected at least: tip-rotation=+3..+6deg; repeatable.",
)
@click.option(
    "--drag",
    "drags",
    type=DragType(),
    multiple=True,
    metavar="X,Y=DX,DY",
    help="Move the place at X, Y (pixels) of the photo by DX to the right and DY down (mm); "
    "repeatable. Without a move it is held.",
)
@click.option(
    "--points",
    "points",
    type=FILE,
    multiple=True,
    metavar="TOML",
    help="Landmarks set by hand, one file for each --photo, as `simulate points` writes them.",
)
@click.option(
    "--output",
    "outputs",
    type=FILE,
    required=True,
    multiple=True,
    metavar="FILE",
    help="File to write, one for each --photo, in the same order.",
)
@click.option(
    "--report",
    "reports",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Report to write as .pdf or .html, one for each --photo: pictures, measures with errors.",
)
@click.option("--mirror", is_flag=True, help="Show a report's pictures as people know themselves.")
@click.option("--name", metavar="TEXT", help="Name to print on the reports; it is kept nowhere.")
@output_options
@which_face_option("--face", "a photo")
@engine_options
@overwrite_option
@json_option
def simulate(
    *,
    photos: tuple[Path, ...],
    handles: tuple[HandleValue, ...],
    drags: tuple[DragValue, ...],
    points: tuple[Path, ...],
    outputs: tuple[Path, ...],
    reports: tuple[Path, ...],
    mirror: bool,
    name: str | None,
    encoding: OutputRequest,
    face: WhichFace | None,
    options: EngineOptions,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Show a person's own photo as an operation could change the face.

    Handles move the face in space: no other person's picture has a part in it. A value beyond its
    bounds, or one that would not be honest in any of the photos, is refused.

    `appliance simulate points PHOTO` proposes landmarks of the face, to be corrected by hand.
    """
    started = time.monotonic()
    request = SimulationRequest(
        photos=photos,
        outputs=outputs,
        reports=reports,
        points=points,
        handles=handles,
        drags=drags,
        style=ReportStyle(mirror, name),
        face=face,
        encoding=encoding,
        options=options,
        overwrite=overwrite,
    )
    request.check()
    with JobLog(options.policy) as job, ExitStack() as files:
        found = _run(request, job, files)
    summary = Summary(tuple(found), round(time.monotonic() - started, 3), WORDS)
    if as_json:
        print_json(summary)
    else:
        print_pairs(summary_pairs(summary))


def _run(request: SimulationRequest, job: JobLog, files: ExitStack) -> list[PhotoSummary]:
    """Open all files, load and seal, simulate photo by photo, and give the results their names."""
    job.allow(request.refusal)
    photos = [
        files.enter_context(open_input(path, name))
        for path, name in zip(request.photos, request.names, strict=True)
    ]
    placed = [
        files.enter_context(open_input(path, f"The points of photo {number}"))
        for number, path in enumerate(request.points, 1)
    ]
    pending = [
        files.enter_context(PendingOutput(path, overwrite=request.overwrite, shared=True))
        for path in (*request.outputs, *request.reports)
    ]
    results, reports = pending[: len(photos)], pending[len(photos) :]
    load_words()
    if reports:
        prepare()
    sealing = current_sealing(request.options.policy)
    written = [*request.outputs, *request.reports]
    engine = load_sealed(sealing, written, replace(request.options, latency_mode=True))
    job.started(engine.packs, sealing.report, "simulation", "photo")
    series = Series(request, engine.analyser, Simulator(engine.analyser.canonical), placed, job)
    # All is looked at before anything is done: what is logged as finished has its name at once.
    looks = [series.look(number, photo) for number, photo in enumerate(photos)]
    _refuse_if_nowhere(request.wished, looks)
    found = []
    for number, (photo, look) in enumerate(zip(photos, looks, strict=True)):
        if number:
            job.next_photo()
        report = reports[number] if reports else None
        found.append(series.simulate(number, photo, look, results[number], report))
    return found


def _refuse_if_nowhere(values: Mapping[str, float], looks: Sequence[Look]) -> None:
    """Raises ``HandleError`` for a handle that no photo shows honestly."""
    for name in values:
        reasons = [look.left_out[name] for look in looks if name in look.left_out]
        if len(reasons) == len(looks):
            raise HandleError(
                f"{name} would not be honest here: {reasons[0]}.",
                "Use a photo of another view or expression, or set its points by hand.",
            )
