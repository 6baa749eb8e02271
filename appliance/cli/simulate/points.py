"""``appliance simulate points``: proposes landmarks of a face, for a clinician to correct."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import click

from appliance.cli.framework.engine_options import EngineOptions, engine_options
from appliance.cli.framework.options import (
    FILE,
    overwrite_option,
    which_face_hint,
    which_face_option,
)
from appliance.cli.process.input_files import check_output, decode_photo, open_input
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.errors import NoFaceError
from appliance.files.output import PendingOutput
from appliance.pipeline.analysis.analyser import FaceAnalyser
from appliance.pipeline.run import face_of_one
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.bending import MeshBender
from appliance.pipeline.simulation.points import PlacedPoints, proposed, written_points
from appliance.pipeline.simulation.view import ViewEstimator

_WHAT = "The photo"


@click.command()
@click.argument("photo", type=FILE)
@click.option(
    "-o", "--output", type=FILE, metavar="TOML", help="Write them to a file.  [default: print them]"
)
@click.option(
    "--yaw",
    type=click.FloatRange(-90, 90),
    metavar="DEGREES",
    help="Where no face is found, start from a standard face in the middle of the photo, turned by "
    "so much towards the right of the picture.",
)
@which_face_option("--face", "the photo")
@engine_options
@overwrite_option
def points(
    *,
    photo: Path,
    output: Path | None,
    yaw: float | None,
    face: WhichFace | None,
    options: EngineOptions,
    overwrite: bool,
) -> None:
    """Propose landmarks of a face, to be corrected by hand.

    They are written as TOML, in pixels of the upright photo. What the photo does not show is left
    out; delete what else it hides.
    """
    outputs = [] if output is None else [output]
    for path in outputs:
        check_output(path, [photo])
    with ExitStack() as files:
        opened = files.enter_context(open_input(photo, _WHAT))
        results = [
            files.enter_context(PendingOutput(path, overwrite=overwrite, shared=True))
            for path in outputs
        ]
        engine = load_sealed(current_sealing(options.policy), outputs, options)
        found = written_points(_proposed(engine.analyser, opened, face, yaw))
        for result in results:
            result.file.write(found)
            result.commit()
    if output is None:
        click.echo(found.decode(), nl=False)


class WithPoints(click.Command):
    """A command that is another one, ``points``, where that is its first word."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The context in which it is invoked, as click asks for it."""
        if args[:1] == ["points"]:
            return points.make_context(f"{info_name} points", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


def _proposed(
    analyser: FaceAnalyser, file: BinaryIO, which: WhichFace | None, yaw: float | None
) -> PlacedPoints:
    canvas = decode_photo(file, _WHAT).canvas
    size = (canvas.width, canvas.height)
    if yaw is not None and not analyser.faces(canvas):
        return proposed(MeshBender(analyser.canonical).standard(size, yaw), size, yaw)
    try:
        face = face_of_one(analyser, canvas, "the photo", which, which_face_hint("--face"))
    except NoFaceError as error:
        if analyser.faces(canvas):
            raise
        raise NoFaceError(
            error.message, "Give --yaw, such as 90 for a profile, to start from a standard face."
        ) from error
    return proposed(face.mesh, size, ViewEstimator(analyser.canonical).view(face.mesh, size).yaw)
