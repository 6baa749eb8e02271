"""Simulates the photos of a series, one after the other, by the same values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from appliance.audit.entries.receipt import Receipt
from appliance.cli.process.input_files import decode_photo
from appliance.cli.process.job_log import JobLog
from appliance.cli.simulate.changes import Changer
from appliance.cli.simulate.lines import lines_picture, measured
from appliance.cli.simulate.looker import Look, Looker
from appliance.cli.simulate.report.request import LogProof, ReportRequest, Result
from appliance.cli.simulate.report.written import picture, written_report
from appliance.cli.simulate.request import SimulationRequest
from appliance.cli.simulate.summary import PhotoSummary, summarise
from appliance.cli.swap.output_format import photo_format
from appliance.cli.swap.output_options import OutputRequest
from appliance.files.digest import sha256_of
from appliance.files.output import PendingOutput
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.photo.encode import PhotoFormat, check_quality, encode_photo
from appliance.pipeline.simulation.lettering import lettered
from appliance.policy.handles import HandleName


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one photo, as far as they are asked for."""

    result: PendingOutput
    report: PendingOutput | None
    lines: PendingOutput | None

    def commit(self) -> None:
        """Give all of them their names."""
        for output in (self.result, self.report, self.lines):
            if output is not None:
                output.commit()


@dataclass(frozen=True, slots=True)
class Series:
    """All that the photos share."""

    request: SimulationRequest
    looker: Looker
    changer: Changer
    job: JobLog

    def look(self, number: int, file: BinaryIO) -> Look:
        """At photo ``number``, from 0 on; it is not kept, as a series may fill the memory."""
        photo = decode_photo(file, self.request.names[number])
        self._kind(number, photo)
        return self.looker.look(number, photo.canvas)

    def simulate(self, number: int, file: BinaryIO, look: Look, outputs: Outputs) -> PhotoSummary:
        """Photo ``number`` into its ``outputs``, which get their names."""
        file.seek(0)
        photo = decode_photo(file, self.request.names[number])
        changed, done = self.changer.changed(photo, look, look.values)
        digest = sha256_of(file)
        receipt = self._log(digest, look)
        shown = _flipped(changed) if self.request.mirrored else changed
        kind, quality = self._kind(number, photo), self.request.encoding.quality
        outputs.result.file.write(encode_photo(lettered(shown), kind, quality))
        style = self.request.style
        if outputs.report is not None:
            page = ReportRequest(
                photo=picture(photo),
                view=look.view,
                triangles=self.changer.simulator.triangles,
                wished=Result.of(
                    picture(changed), done, look.values, sha256_of(outputs.result.file)
                ),
                photo_sha256=digest,
                least=self._least(photo, look),
                left_out=look.left_out,
                points=look.points,
                regions=look.regions,
                drags=self.request.drag_lengths,
                proof=self._proof(receipt),
                mirrored=style.mirrored,
                result_mirrored=self.request.mirrored,
                name=style.name,
            )
            outputs.report.file.write(written_report(page, self.request.reports[number]))
        measurement = None
        if outputs.lines is not None:
            drawn = lines_picture(
                picture(changed), look.view, look.points, done.mesh, mirrored=style.mirrored
            )
            outputs.lines.file.write(encoded_lines(drawn, self.request.lines[number]))
            measurement = measured(look.view, look.points, done.mesh)
        moved = bool(look.values or self.request.drags or look.regions)
        self.job.finished(outputs.result.file, frames=1, faces=int(moved))
        outputs.commit()
        return summarise(look, done, measurement, mirrored=self.request.mirrored)

    def _kind(self, number: int, photo: Photo) -> PhotoFormat:
        """What photo ``number`` is written as."""
        encoding = self.request.encoding
        kind = photo_format(self.request.outputs[number], photo.kind, encoding)
        check_quality(kind, encoding.quality)
        return kind

    def _log(self, photo: str, look: Look) -> Receipt:
        """Record what is done with a photo, named by its SHA-256."""
        receipt = self.job.simulated(photo, cast("Mapping[HandleName, float]", look.values))
        if look.points:
            self.job.placed(len(look.points), face=look.given.network)
        drags = self.request.drag_lengths
        if drags:
            self.job.dragged(len(drags), max(drags))
        for region in look.regions:
            self.job.changed_region(region, region.area(look.view.scale.mm))
        return receipt

    def _proof(self, receipt: Receipt) -> LogProof:
        proved = self.job.proof(receipt)
        return LogProof(receipt.index, proved.proof, proved.vkey)

    def _least(self, photo: Photo, look: Look) -> Result | None:
        """What is to be expected at least of those handles that are kept."""
        least = self.request.least
        if least is None:
            return None
        values = {name: least[name] for name in look.values}
        changed, done = self.changer.changed(photo, look, values)
        return Result.of(picture(changed), done, values)


def encoded_lines(drawn: Photo, path: Path) -> bytes:
    """A picture of lines as a file of the kind that the suffix of ``path`` names."""
    return encode_photo(drawn, photo_format(path, "png", OutputRequest()))


def _flipped(photo: Photo) -> Photo:
    """``photo`` as in a mirror."""
    alpha = photo.alpha
    return replace(
        photo,
        pixels=photo.pixels[:, ::-1].copy(),
        alpha=None if alpha is None else alpha[:, ::-1].copy(),
    )
