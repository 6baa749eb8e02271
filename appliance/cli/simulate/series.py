"""Simulates the photos of a series, one after the other, by the same values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import BinaryIO, cast

from appliance.audit.entries.fields import HandleName
from appliance.audit.entries.receipt import Receipt
from appliance.cli.framework.options import which_face_hint
from appliance.cli.process.input_files import decode_photo, naming_file
from appliance.cli.process.job_log import JobLog
from appliance.cli.simulate.report.request import LogProof, ReportRequest, Result
from appliance.cli.simulate.report.written import file_digest, picture, written_report
from appliance.cli.simulate.request import SimulationRequest
from appliance.cli.simulate.summary import PhotoSummary, summarise
from appliance.cli.swap.output_format import photo_format
from appliance.errors import NoFaceError
from appliance.files.output import PendingOutput
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import mouth_openness
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.photo.encode import PhotoFormat, check_quality, encode_photo
from appliance.pipeline.run import face_of_one
from appliance.pipeline.simulation.bending import MeshBender
from appliance.pipeline.simulation.free_hand import Drag
from appliance.pipeline.simulation.honesty import Given, honest_values
from appliance.pipeline.simulation.lettering import lettered
from appliance.pipeline.simulation.measuring.measurer import HandPoints
from appliance.pipeline.simulation.points import NAMED, read_points
from appliance.pipeline.simulation.simulator import Simulated, Simulator
from appliance.pipeline.simulation.view import View


@dataclass(frozen=True, slots=True)
class Look:
    """The ``view`` of a photo's face, the ``values`` that are honest there, and why others are not.

    ``points``: set by hand, by mesh point. ``network``: whether the network found the face.
    """

    view: View
    values: Mapping[str, float]
    left_out: Mapping[str, str]
    points: HandPoints
    network: bool


@dataclass(frozen=True, slots=True)
class Series:
    """All that the photos share. ``placed``: the open files of points, if there are some."""

    request: SimulationRequest
    analyser: FaceAnalyser
    simulator: Simulator
    placed: Sequence[BinaryIO]
    job: JobLog

    def look(self, number: int, file: BinaryIO) -> Look:
        """At photo ``number``, from 0 on; it is not kept, as a series may fill the memory."""
        photo = decode_photo(file, self.request.names[number])
        self._kind(number, photo)
        view, given, points = self._seen(number, photo.canvas)
        values, left_out = honest_values(self.request.wished, view.yaw, given)
        return Look(view, values, left_out, points, given.network)

    def simulate(
        self,
        number: int,
        file: BinaryIO,
        look: Look,
        result: PendingOutput,
        report: PendingOutput | None,
    ) -> PhotoSummary:
        """Photo ``number`` into ``result``, and a ``report`` of it; both get their names."""
        file.seek(0)
        photo = decode_photo(file, self.request.names[number])
        changed, done = self._changed(photo, look.view, look.values)
        kind = self._kind(number, photo)
        result.file.write(encode_photo(lettered(changed), kind, self.request.encoding.quality))
        digest = file_digest(file)
        receipt = self._log(digest, look)
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
                proof=self._proof(receipt),
                mirrored=self.request.style.mirrored,
                name=self.request.style.name,
            )
            report.file.write(written_report(page, self.request.reports[number]))
        moved = bool(look.values) or bool(self.request.drags)
        self.job.finished(result.file, frames=1, faces=int(moved))
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

    def _log(self, photo: str, look: Look) -> Receipt:
        """Record what is done with a photo, named by its SHA-256."""
        values, drags = look.values, self.request.drags
        receipt = self.job.simulated(photo, cast("Mapping[HandleName, float]", values))
        if look.points:
            self.job.placed(len(look.points), face=look.network)
        if drags:
            self.job.dragged(len(drags), max(hypot(*drag.by) for drag in drags))
        return receipt

    def _proof(self, receipt: Receipt) -> LogProof:
        proved = self.job.proof(receipt)
        return LogProof(receipt.index, proved.proof, proved.vkey)

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
