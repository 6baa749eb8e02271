"""``appliance simulate``: moves the face on a person's own photos by handles."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path
from typing import BinaryIO, cast

import click

from appliance.audit.entries.fields import HandleName
from appliance.cli.framework.engine_options import EngineOptions, engine_options
from appliance.cli.framework.options import (
    FILE,
    json_option,
    overwrite_option,
    which_face_hint,
    which_face_option,
)
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.process.input_files import (
    check_output,
    decode_photo,
    naming_file,
    open_input,
)
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.cli.simulate.handle_type import DragType, DragValue, HandleType, HandleValue
from appliance.cli.simulate.points import WithPoints
from appliance.cli.simulate.report.prepare import prepare
from appliance.cli.simulate.report.request import ReportRequest, Result
from appliance.cli.simulate.report.written import (
    ReportStyle,
    check_report_name,
    file_digest,
    picture,
    written_report,
)
from appliance.cli.simulate.summary import PhotoSummary, Summary, summarise, summary_pairs
from appliance.cli.swap.output_format import photo_format
from appliance.cli.swap.output_options import OutputRequest, output_options
from appliance.errors import HandleError, NoFaceError, PolicyError
from appliance.files.output import PendingOutput
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import mouth_openness
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.photo.encode import PhotoFormat, check_quality, encode_photo
from appliance.pipeline.run import face_of_one
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.bending import MeshBender
from appliance.pipeline.simulation.free_hand import Drag
from appliance.pipeline.simulation.honesty import Given, check_bounds, honest_values
from appliance.pipeline.simulation.measuring.measurer import HandPoints
from appliance.pipeline.simulation.points import NAMED, read_points
from appliance.pipeline.simulation.simulator import Simulated, Simulator
from appliance.pipeline.simulation.view import View
from appliance.pipeline.simulation.words import WORDS


@dataclass(frozen=True, slots=True)
class _Request:
    """What the command line asks for.

    ``outputs``, ``reports`` and ``points``: one for each of ``photos``, but there may be no reports
    and no points.
    """

    photos: Sequence[Path]
    outputs: Sequence[Path]
    reports: Sequence[Path]
    points: Sequence[Path]
    handles: Sequence[HandleValue]
    drags: Sequence[DragValue]
    style: ReportStyle
    face: WhichFace | None
    encoding: OutputRequest
    options: EngineOptions
    overwrite: bool

    @property
    def wished(self) -> dict[str, float]:
        """What is wished, by handle."""
        return {handle.name: handle.wished for handle in self.handles}

    @property
    def least(self) -> dict[str, float] | None:
        """What is to be expected at least, by handle; ``None`` where it is what is wished."""
        least = {handle.name: handle.least for handle in self.handles}
        return None if least == self.wished else least

    @property
    def names(self) -> list[str]:
        """How messages call the photos."""
        return [f"Photo {number}" for number in range(1, len(self.photos) + 1)]

    def check(self) -> None:
        """Raises an error for what can be refused before anything is loaded."""
        if self.options.policy.gate.consent:
            raise PolicyError(
                "This policy allows simulations in sessions only, because it asks for consent.",
                "Open a session, or use a policy with the gate consent set to false.",
            )
        if len(self.photos) != len(self.outputs):
            raise PrivateUsageError("Each --photo needs one --output.")
        if len(self.reports) not in (0, len(self.photos)):
            raise PrivateUsageError("Each --photo needs one --report, or none does.")
        if len(self.points) not in (0, len(self.photos)):
            raise PrivateUsageError("Each --photo needs one --points, or none does.")
        if not self.handles and not self.drags:
            raise PrivateUsageError("Nothing is to be moved: name a --handle or a --drag.")
        if self.drags and len(self.photos) > 1:
            raise PrivateUsageError("A drag (--drag) is a place of a single --photo.")
        if len({handle.name for handle in self.handles}) < len(self.handles):
            raise PrivateUsageError("A handle (--handle) was named twice.")
        check_bounds(self.wished)
        check_bounds(self.least or {})
        for output in (*self.outputs, *self.reports):
            check_output(output, (*self.photos, *self.points))
        for report in self.reports:
            check_report_name(report)


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
    request = _Request(
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


def _run(request: _Request, job: JobLog, files: ExitStack) -> list[PhotoSummary]:
    """Open all files, load and seal, simulate photo by photo, and give the results their names."""
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
    if reports:
        prepare()
    sealing = current_sealing(request.options.policy)
    written = [*request.outputs, *request.reports]
    engine = load_sealed(sealing, written, replace(request.options, latency_mode=True))
    job.started(engine.packs, sealing.report, "simulation", "photo")
    series = _Series(request, engine.analyser, Simulator(engine.analyser.canonical), placed, job)
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


@dataclass(frozen=True, slots=True)
class _Look:
    """The ``view`` of a photo's face, the ``values`` that are honest there, and why others are not.

    ``points``: set by hand, by mesh point.
    """

    view: View
    values: Mapping[str, float]
    left_out: Mapping[str, str]
    points: HandPoints


@dataclass(frozen=True, slots=True)
class _Series:
    """All that the photos share."""

    request: _Request
    analyser: FaceAnalyser
    simulator: Simulator
    placed: Sequence[BinaryIO]
    job: JobLog

    def look(self, number: int, file: BinaryIO) -> _Look:
        """At photo ``number``, from 0 on; it is not kept, as a series may fill the memory."""
        photo = decode_photo(file, self.request.names[number])
        self._kind(number, photo)
        view, given, points = self._seen(number, photo.canvas)
        return _Look(view, *honest_values(self.request.wished, view.yaw, given), points)

    def simulate(
        self,
        number: int,
        file: BinaryIO,
        look: _Look,
        result: PendingOutput,
        report: PendingOutput | None,
    ) -> PhotoSummary:
        """Photo ``number`` into ``result``, and a ``report`` of it; both get their names."""
        file.seek(0)
        photo = decode_photo(file, self.request.names[number])
        changed, done = self._changed(photo, look.view, look.values)
        kind = self._kind(number, photo)
        result.file.write(encode_photo(changed, kind, self.request.encoding.quality))
        digest = file_digest(file)
        if report is not None:
            wished = Result.of(picture(changed), done, look.values, file_digest(result.file))
            page = ReportRequest(
                photo=picture(photo),
                view=look.view,
                triangles=self.simulator.triangles,
                wished=wished,
                photo_sha256=digest,
                least=self._least(photo, look.view, look.values),
                left_out=look.left_out,
                points=look.points,
                mirrored=self.request.style.mirrored,
                name=self.request.style.name,
            )
            report.file.write(written_report(page, self.request.reports[number]))
        self._log(digest, look.values, result)
        result.commit()
        if report is not None:
            report.commit()
        return summarise(done, look.values, look.left_out)

    def _kind(self, number: int, photo: Photo) -> PhotoFormat:
        """What photo ``number`` is written as."""
        encoding = self.request.encoding
        kind = photo_format(self.request.outputs[number], photo.kind, encoding)
        check_quality(kind, encoding.quality)
        return kind

    def _log(self, photo: str, values: Mapping[str, float], result: PendingOutput) -> None:
        drags = self.request.drags
        self.job.simulated(photo, cast("Mapping[HandleName, float]", values))
        if drags:
            self.job.dragged(len(drags), max(hypot(*drag.by) for drag in drags))
        self.job.finished(result.file, frames=1, faces=int(bool(values) or bool(drags)))

    def _changed(
        self, photo: Photo, view: View, values: Mapping[str, float]
    ) -> tuple[Photo, Simulated]:
        changed = replace(photo, pixels=photo.pixels.copy())
        drags = [Drag.by_mm(one.start, one.by, view.scale.mm) for one in self.request.drags]
        return changed, self.simulator.simulate(changed.canvas, view, values, drags)

    def _seen(self, number: int, canvas: Canvas) -> tuple[View, Given, HandPoints]:
        """The view of the face of photo ``number``, by its points where there are some."""
        name = self.request.names[number].lower()
        if not self.placed:
            face = self._face(canvas, name)
            return self.simulator.view(canvas, face), Given(mouth_openness(face.points)), {}
        try:
            found: Face | None = self._face(canvas, name)
        except NoFaceError:
            found = None
        gap = 0.0 if found is None else mouth_openness(found.points)
        mesh = None if found is None else found.mesh
        with naming_file(f"The points of {name}"):
            points = read_points(self.placed[number].read(), (canvas.width, canvas.height))
            view = MeshBender(self.analyser.canonical).view(points, mesh)
        given = Given(gap, points.complete(view.yaw), network=mesh is not None)
        return view, given, {NAMED[name].index: at for name, at in points.places.items()}

    def _face(self, canvas: Canvas, name: str) -> Face:
        hint = which_face_hint("--face")
        return face_of_one(self.analyser, canvas, name, self.request.face, hint)

    def _least(self, photo: Photo, view: View, kept: Mapping[str, float]) -> Result | None:
        """What is to be expected at least of those handles that are ``kept``."""
        if self.request.least is None:
            return None
        values = {name: self.request.least[name] for name in kept}
        changed, done = self._changed(photo, view, values)
        return Result.of(picture(changed), done, values)


def _refuse_if_nowhere(values: Mapping[str, float], looks: Sequence[_Look]) -> None:
    """Raises ``HandleError`` for a handle that no photo shows honestly."""
    for name in values:
        reasons = [look.left_out[name] for look in looks if name in look.left_out]
        if len(reasons) == len(looks):
            raise HandleError(
                f"{name} would not be honest here: {reasons[0]}.",
                "Use a photo of another view or expression, or set its points by hand.",
            )
