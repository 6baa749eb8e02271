"""``appliance accuracy``: compares later photos with what was simulated, and sums up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import click
import msgspec

from appliance.cli.framework.engine_options import EngineOptions, engine_options
from appliance.cli.framework.options import (
    FILE,
    json_option,
    overwrite_option,
    which_face_option,
)
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.process.input_files import check_output, naming_file, open_input
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.cli.simulate.accuracy.page import Shown, page
from appliance.cli.simulate.accuracy.pair import (
    Look,
    Opened,
    check_person,
    check_rest,
    likeness_of,
    look,
)
from appliance.cli.simulate.accuracy.record import MAX_BYTES, Record, read_record
from appliance.cli.simulate.accuracy.summary import Summary, summarise, summary_pairs
from appliance.cli.simulate.accuracy.table import summarised, table_lines
from appliance.cli.simulate.handle_type import HandleType, HandleValue
from appliance.cli.simulate.report.content import Content
from appliance.cli.simulate.report.html import as_html
from appliance.cli.simulate.report.pdf import as_pdf
from appliance.cli.simulate.report.prepare import prepare
from appliance.cli.simulate.report.written import check_report_name, picture
from appliance.errors import InputError, PolicyError
from appliance.files.output import PendingOutput
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.selection import SAME_PERSON, WhichFace
from appliance.pipeline.simulation.accuracy.achieved import Accuracy, Achieved, Asked
from appliance.pipeline.simulation.accuracy.meter import AccuracyMeter
from appliance.pipeline.simulation.limits import Refusal
from appliance.pipeline.simulation.simulator import Simulator
from appliance.pipeline.simulation.view import View
from appliance.policy.handles import HandleName
from appliance.worker.simulation_limits import limits_of

_BEFORE, _LATER = "The photo before", "The later photo"


@dataclass(frozen=True, slots=True)
class _Request:
    """What the command line asks for. ``points``: files of points set on the photo."""

    before: Path
    before_points: Sequence[Path]
    later: Path
    later_points: Sequence[Path]
    handles: Sequence[HandleValue]
    report: Path | None
    record: Path | None
    face: WhichFace | None
    options: EngineOptions
    overwrite: bool

    @property
    def asked(self) -> dict[str, Asked]:
        """What was simulated, by handle."""
        return {one.name: Asked(one.least, one.wished) for one in self.handles}

    @property
    def refusal(self) -> Refusal | None:
        """What bounds or the site's policy do not allow of what was simulated."""
        limits = limits_of(self.options.policy.simulation)
        wished = {name: one.wished for name, one in self.asked.items()}
        least = {name: one.least for name, one in self.asked.items()}
        return limits.refusal(wished) or limits.refusal(least)

    def check(self) -> None:
        """Raises an error for what can be refused before anything is loaded."""
        if self.options.policy.gate.consent:
            raise PolicyError(
                "This policy allows simulations in sessions only, because it asks for consent.",
                "Use a policy with the gate consent set to false.",
            )
        if len(self.asked) < len(self.handles):
            raise PrivateUsageError("A handle (--handle) was named twice.")
        for output in filter(None, (self.report, self.record)):
            check_output(output, (self.before, *self.before_points, self.later, *self.later_points))
        if self.report is not None:
            check_report_name(self.report)
            if self.report == self.record:
                raise PrivateUsageError("The page (--report) and the record (--record) are one.")


@click.group()
def accuracy() -> None:
    """Compare what operations achieved with what was simulated."""


@accuracy.command()
@click.option("--before", type=FILE, required=True, metavar="PHOTO", help="Photo before.")
@click.option(
    "--before-points",
    type=FILE,
    required=True,
    multiple=True,
    metavar="TOML",
    help="Landmarks set by hand on it, as `simulate points` writes them; repeatable, for points "
    "that were set several times: their mean is surer.",
)
@click.option(
    "--later", type=FILE, required=True, metavar="PHOTO", help="Photo after, of the same view."
)
@click.option(
    "--later-points",
    type=FILE,
    required=True,
    multiple=True,
    metavar="TOML",
    help="Landmarks set on that one; repeatable.",
)
@click.option(
    "--handle",
    "handles",
    type=HandleType(),
    multiple=True,
    required=True,
    metavar="NAME=VALUE",
    help="What was simulated, as for `simulate`: hump=-2mm or hump=-1..-2mm; repeatable. Name all "
    "that was operated on.",
)
@click.option(
    "--report", type=FILE, metavar="FILE", help="Page to write as .pdf or .html, with pictures."
)
@click.option(
    "--record",
    type=FILE,
    metavar="CSV",
    help="File to add a line to for each handle, with figures alone: a surgeon's own record.",
)
@which_face_option("--face", "a photo")
@engine_options
@overwrite_option
@json_option
def measure(
    *,
    before: Path,
    before_points: tuple[Path, ...],
    later: Path,
    later_points: tuple[Path, ...],
    handles: tuple[HandleValue, ...],
    report: Path | None,
    record: Path | None,
    face: WhichFace | None,
    options: EngineOptions,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Measure on a later photo what was achieved of what was simulated.

    Landmarks must be set by hand on both photos: a network that looks for them again finds the nose
    that it expects. Photos of another person, expression or view are refused.
    """
    request = _Request(
        before=before,
        before_points=before_points,
        later=later,
        later_points=later_points,
        handles=handles,
        report=report,
        record=record,
        face=face,
        options=options,
        overwrite=overwrite,
    )
    request.check()
    with JobLog(options.policy) as job, ExitStack() as files:
        summary = _run(request, job, files)
    if as_json:
        print_json(summary)
    else:
        print_pairs(summary_pairs(summary))


@accuracy.command(name="summary")
@click.argument("records", type=FILE, nargs=-1, required=True, metavar="FILE...")
@json_option
def summary_command(*, records: tuple[Path, ...], as_json: bool) -> None:
    """Sum up records: bias and spread of each handle."""
    lines: list[Achieved] = []
    for number, path in enumerate(records, 1):
        with open_input(path, f"Record {number}") as file, naming_file(f"Record {number}"):
            lines.extend(read_record(file.read(MAX_BYTES + 1)))
    if not lines:
        raise InputError("The records hold no operation.", "Measure one with --record first.")
    found = summarised(lines)
    if as_json:
        print_json(found)
    else:
        for line in table_lines(found):
            click.echo(line)


def _run(request: _Request, job: JobLog, files: ExitStack) -> Summary:
    """Open all files, load and seal, compare, and write what is asked for."""
    job.allow(request.refusal)
    pair = [
        _opened(*one, files)
        for one in (
            (request.before, request.before_points, _BEFORE),
            (request.later, request.later_points, _LATER),
        )
    ]
    record = None if request.record is None else Record(request.record, files)
    reports = [
        (path, files.enter_context(PendingOutput(path, overwrite=request.overwrite, shared=True)))
        for path in ([] if request.report is None else [request.report])
    ]
    if reports:
        prepare()
    sealing = current_sealing(request.options.policy)
    written = [*filter(None, (request.report, request.record))]
    engine = load_sealed(sealing, written, replace(request.options, latency_mode=True))
    job.started(engine.packs, sealing.report, "simulation", "photo")
    analyser = engine.analyser
    before, later = (look(analyser, one, request.face) for one in pair)
    likeness = _alike(request, job, analyser, before, later)
    check_rest(before, later)
    found = AccuracyMeter(analyser.canonical).compare(before.sight, later.sight, request.asked)
    summary = summarise(found, before.sight.view.scale, likeness)
    for path, result in reports:
        view, simulator = before.sight.view, Simulator(analyser.canonical)
        simulated = _simulated(before.photo, view, request.asked, simulator)
        shown = Shown(
            before=picture(before.photo),
            simulated=picture(simulated),
            later=picture(later.photo),
            view=view,
            found=found,
            summary=summary,
        )
        result.file.write(_encoded(page(shown), path))
    _log(job, found, summary)
    for _, result in reports:
        result.commit()
    if record is not None:
        record.add(found.achieved)
    return summary


def _opened(photo: Path, points: Sequence[Path], name: str, files: ExitStack) -> Opened:
    what = f"The points of {name.lower()}"
    return Opened(
        files.enter_context(open_input(photo, name)),
        [files.enter_context(open_input(path, what)) for path in points],
        name,
    )


def _alike(
    request: _Request, job: JobLog, analyser: FaceAnalyser, before: Look, later: Look
) -> float | None:
    """How alike the faces are; it is recorded. Raises ``NotSamePersonError``."""
    gate = request.options.policy.gate
    threshold = max(gate.likeness, SAME_PERSON) if gate.same_person else SAME_PERSON
    likeness = likeness_of(analyser, before, later)
    job.same_person(likeness, threshold)
    check_person(likeness, threshold, demanded=gate.same_person)
    return likeness


def _simulated(photo: Photo, view: View, asked: Mapping[str, Asked], simulator: Simulator) -> Photo:
    """The photo before as it was simulated: as wished."""
    changed = replace(photo, pixels=photo.pixels.copy())
    simulator.simulate(changed.canvas, view, {name: one.wished for name, one in asked.items()})
    return changed


def _encoded(content: Content, path: Path) -> bytes:
    return as_pdf(content) if path.suffix.lower() == ".pdf" else as_html(content)


def _log(job: JobLog, found: Accuracy, summary: Summary) -> None:
    job.measured(
        [
            (cast("HandleName", one.name), one.asked.wished, one.value, one.error)
            for one in found.achieved
        ]
    )
    job.concluded(msgspec.json.encode(summary), photos=2)
