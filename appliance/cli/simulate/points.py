"""``appliance simulate points``: proposes landmarks of a face, for a clinician to correct."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

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
from appliance.files.output import PendingOutput
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.points import written_points
from appliance.pipeline.subject import Asked, proposal

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
        asked = Asked(_WHAT.lower(), face, which_face_hint("--face"), yaw="--yaw")
        found = proposal(engine.analyser, decode_photo(opened, _WHAT).canvas, yaw, asked)
        written = written_points(found.points)
        for result in results:
            result.file.write(written)
            result.commit()
    if output is None:
        click.echo(written.decode(), nl=False)


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
