"""``appliance simulate``: moves the face on a person's own photos by handles."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
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
from appliance.cli.process.input_files import check_output, decode_photo, open_input
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.cli.simulate.handle_type import HandleType
from appliance.cli.simulate.summary import PhotoSummary, Summary, summarise, summary_pairs
from appliance.cli.swap.output_format import photo_format
from appliance.cli.swap.output_options import OutputRequest, output_options
from appliance.errors import HandleError, PolicyError
from appliance.files.output import PendingOutput
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.face_model.topology import mouth_openness
from appliance.pipeline.media.photo.encode import check_quality, encode_photo
from appliance.pipeline.run import face_of_one
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.honesty import check_bounds, honest_values
from appliance.pipeline.simulation.simulator import Simulator

WORDS = (
    "Geometric simulation. It shows a wish, not a result.",
    "几何模拟。表示愿望，并非手术结果。",  # noqa: RUF001 - Chinese punctuation
)
"""What every result is accompanied by."""

_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class _Request:
    """What the command line asks for; ``outputs``: one for each of ``photos``."""

    photos: Sequence[Path]
    outputs: Sequence[Path]
    values: Mapping[str, float]
    face: WhichFace | None
    encoding: OutputRequest
    options: EngineOptions
    overwrite: bool

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
        check_bounds(self.values)
        for output in self.outputs:
            check_output(output, self.photos)


@click.command()
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
    required=True,
    multiple=True,
    metavar="NAME=VALUE",
    help="What to change, in millimetres, degrees or percent: tip-rotation=+6deg; repeatable.",
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
@output_options
@which_face_option("--face", "a photo")
@engine_options
@overwrite_option
@json_option
def simulate(
    *,
    photos: tuple[Path, ...],
    handles: tuple[tuple[str, float], ...],
    outputs: tuple[Path, ...],
    encoding: OutputRequest,
    face: WhichFace | None,
    options: EngineOptions,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Show a person's own photo as an operation could change the face.

    Handles move the face in space: no other person's picture has a part in it. A value beyond its
    bounds, or one that would not be honest in any of the photos, is refused.
    """
    started = time.monotonic()
    request = _Request(photos, outputs, dict(handles), face, encoding, options, overwrite)
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
    results = [
        files.enter_context(PendingOutput(path, overwrite=request.overwrite, shared=True))
        for path in request.outputs
    ]
    sealing = current_sealing(request.options.policy)
    engine = load_sealed(sealing, request.outputs, replace(request.options, latency_mode=True))
    job.started(engine.packs, sealing.report, "simulation", "photo")
    series = _Series(request, engine.analyser, Simulator(engine.analyser.canonical), job)
    found = []
    for number, (photo, result) in enumerate(zip(photos, results, strict=True)):
        if number:
            job.next_photo()
        found.append(series.simulate(number, photo, result))
    _refuse_if_nowhere(request.values, found)
    for result in results:
        result.commit()
    return found


@dataclass(frozen=True, slots=True)
class _Series:
    """All that the photos share."""

    request: _Request
    analyser: FaceAnalyser
    simulator: Simulator
    job: JobLog

    def simulate(self, number: int, file: BinaryIO, result: PendingOutput) -> PhotoSummary:
        """Photo ``number``, from 0 on, into ``result``."""
        request = self.request
        name, quality = request.names[number], request.encoding.quality
        photo = decode_photo(file, name)
        kind = photo_format(request.outputs[number], photo.kind, request.encoding)
        check_quality(kind, quality)
        canvas = photo.canvas
        hint = which_face_hint("--face")
        face = face_of_one(self.analyser, canvas, name.lower(), request.face, hint)
        view = self.simulator.view(canvas, face)
        gap = mouth_openness(face.points)
        values, left_out = honest_values(request.values, view.yaw, mouth_gap=gap)
        done = self.simulator.simulate(canvas, view, values)
        result.file.write(encode_photo(photo, kind, quality))
        self.job.simulated(_digest(file), cast("Mapping[HandleName, float]", values))
        self.job.finished(result.file, frames=1, faces=int(bool(values)))
        return summarise(done, values, left_out)


def _refuse_if_nowhere(values: Mapping[str, float], found: Sequence[PhotoSummary]) -> None:
    """Raises ``HandleError`` for a handle that no photo shows honestly."""
    for name in values:
        reasons = [photo.left_out[name] for photo in found if name in photo.left_out]
        if len(reasons) == len(found):
            raise HandleError(
                f"{name} would not be honest here: {reasons[0]}.",
                "Use a photo of another view or expression, or set its points by hand.",
            )


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
