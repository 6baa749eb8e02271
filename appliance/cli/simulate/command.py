"""``appliance simulate``: moves the face on a person's own photos by handles."""

from __future__ import annotations

import time
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
from appliance.cli.simulate.handle_type import DragType, DragValue, HandleType, HandleValue
from appliance.cli.simulate.place_types import LengthType, LengthValue, RegionType
from appliance.cli.simulate.points import WithPoints
from appliance.cli.simulate.ranges import Ranges, range_pairs
from appliance.cli.simulate.report.written import ReportStyle
from appliance.cli.simulate.request import SimulationRequest
from appliance.cli.simulate.run import lines_alone, ranges, simulated
from appliance.cli.simulate.summary import Summary, summary_pairs
from appliance.cli.swap.output_options import OutputRequest, output_options
from appliance.pipeline.selection import WhichFace
from appliance.pipeline.simulation.drawn_region import DrawnRegion
from appliance.pipeline.simulation.words import WORDS

EXAMPLES = (
    "appliance simulate --photo front.jpg --range",
    "appliance simulate --photo front.jpg --handle chin-width=-2..-5mm --output wished.jpg",
    "appliance simulate --photo left.jpg --points points.toml --lines lines.png",
)


@click.command(cls=WithPoints, epilog="\n  ".join(("\b\nExamples:", *EXAMPLES)))
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
    "--length",
    "lengths",
    type=LengthType(),
    multiple=True,
    metavar="X,Y:X,Y=MM",
    help="Take the scale from a length in the photo, across the line of sight: between two places "
    "(pixels), one for each --photo, or between two of --points by their names, such as "
    "right-exocanthion:left-exocanthion=92.5, which then holds for all.",
)
@click.option(
    "--mirror-region",
    "regions",
    type=RegionType(),
    multiple=True,
    metavar="MODE=X,Y:X,Y:X,Y|TOML",
    help="Change what a polygon encloses (corners in pixels): from the other half of the face take "
    "a scar's fine structure (line), the skin (region) or the shape (shape); or bring the shape to "
    "the mean of faces (mean); mean@50 goes half of the way. Or a file of regions; repeatable.",
)
@click.option(
    "--output",
    "outputs",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="File to write, one for each --photo, in the same order. The words that belong to every "
    "simulation stand below the photo.",
)
@click.option(
    "--report",
    "reports",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Report to write as .pdf or .html, one for each --photo: pictures, measures with errors.",
)
@click.option(
    "--lines",
    "lines",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Picture to write with the lines of the measures that the photo shows, one for each "
    "--photo; without --output of the photo as it is.",
)
@click.option(
    "--range",
    "only_ranges",
    is_flag=True,
    help="Print which handles are honest in each photo, within what bounds, and why others are "
    "not. Nothing is changed.",
)
@click.option(
    "--mirror",
    is_flag=True,
    help="Show the pictures of --report and --lines as people know themselves, in a mirror.",
)
@click.option("--mirror-result", is_flag=True, help="Write the results as in a mirror, too.")
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
    lengths: tuple[LengthValue, ...],
    regions: tuple[DrawnRegion | Path, ...],
    outputs: tuple[Path, ...],
    reports: tuple[Path, ...],
    lines: tuple[Path, ...],
    only_ranges: bool,
    mirror: bool,
    mirror_result: bool,
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
        lines=lines,
        points=points,
        lengths=lengths,
        handles=handles,
        drags=drags,
        regions=[one for one in regions if isinstance(one, DrawnRegion)],
        region_files=[one for one in regions if isinstance(one, Path)],
        style=ReportStyle(mirror, name),
        mirrored=mirror_result,
        only_ranges=only_ranges,
        face=face,
        encoding=encoding,
        options=options,
        overwrite=overwrite,
    )
    request.check()
    if only_ranges:
        found = Ranges(tuple(ranges(request)))
        if as_json:
            print_json(found)
        else:
            print_pairs(range_pairs(found))
        return
    done = simulated(request) if request.changes else lines_alone(request)
    seconds = round(time.monotonic() - started, 3)
    summary = Summary(tuple(done), seconds, WORDS if request.changes else ())
    if as_json:
        print_json(summary)
    else:
        print_pairs(summary_pairs(summary))
