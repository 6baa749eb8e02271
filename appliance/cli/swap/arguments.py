"""The command line of ``appliance swap``."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from appliance.cli.framework.engine_options import EngineOptions, engine_options
from appliance.cli.framework.options import (
    FILE,
    CommandFunction,
    DevicesType,
    FaceArgument,
    FacesType,
    RegionType,
    StrengthType,
    json_option,
    overwrite_option,
    which_face_option,
)
from appliance.cli.framework.pack_options import PackRequest, pack_options
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.swap.output_options import OutputRequest, output_options
from appliance.pipeline.face_model.regions import REGIONS, WHOLE_FACE
from appliance.pipeline.selection import WhichFace

_OPTIONS = (
    click.option(
        "--source",
        "sources",
        type=FILE,
        required=True,
        multiple=True,
        metavar="PHOTO",
        help="Photo of the person whose face is applied; repeatable, for more photos of that "
        "person.",
    ),
    click.option(
        "--target",
        type=FILE,
        required=True,
        metavar="FILE",
        help="Photo or video that receives the face.",
    ),
    click.option(
        "--output",
        type=FILE,
        required=True,
        metavar="FILE",
        help="File to write. Its suffix decides the format; without one it is the target's, or "
        "what --container says.",
    ),
    output_options,
    click.option(
        "--faces",
        type=FacesType(),
        default=FaceArgument("largest"),
        metavar="WHICH",
        help="Faces to change: largest, all, left, right, or like:PHOTO for the person in that "
        "photo. [default: largest]",
    ),
    which_face_option("--source-face", "a source photo"),
    which_face_option("--like-face", "the photo after like:"),
    click.option(
        "--region",
        "regions",
        type=RegionType(),
        multiple=True,
        metavar="NAME=STRENGTH",
        help=f"Change only this region ({', '.join(REGIONS)}), with a strength from 0 to 1; "
        "repeatable.",
    ),
    click.option(
        "--strength",
        type=StrengthType(),
        metavar="0..1",
        help="Strength of the whole face or, with --region, of all other regions. "
        "[default: 1; with --region 0]",
    ),
    click.option(
        "--device",
        "devices",
        type=DevicesType(),
        default=(),
        metavar="N[,N...]",
        help="GPU to compute on; with --pack several, which share a video. [default: all]",
    ),
    click.option(
        "--processes",
        type=click.IntRange(1, 16),
        metavar="1..16",
        help="Processes per GPU, or on the CPU, that share a video, with --pack. "
        "[default: by cores and GPU memory; 1 on a CPU]",
    ),
    click.option("--upscale", type=click.Choice(["2", "4"]), help="Enlarge the result."),
    pack_options,
    engine_options,
    overwrite_option,
    json_option,
)


@dataclass(frozen=True, slots=True)
class SwapArguments:
    """The parsed command line.

    ``encoding``: how to write the result. ``pack_request``: of ``--pack`` and what needs it.
    """

    sources: tuple[Path, ...]
    target: Path
    output: Path
    encoding: OutputRequest
    faces: FaceArgument
    source_face: WhichFace | None
    like_face: WhichFace | None
    regions: tuple[tuple[str, float], ...]
    strength: float | None
    devices: tuple[int, ...]
    processes: int | None
    upscale: str | None
    pack_request: PackRequest | None
    options: EngineOptions
    overwrite: bool
    as_json: bool

    @property
    def inputs(self) -> list[Path]:
        """All files that are read."""
        return [self.target, *self.sources, *([self.faces.like] if self.faces.like else [])]

    @property
    def scale(self) -> int:
        """The factor by which the result is enlarged."""
        return int(self.upscale or 1)


def swap_arguments(command: CommandFunction) -> CommandFunction:
    """All options of the command, as one argument ``arguments``."""

    @functools.wraps(command)
    def with_arguments(**values: Any) -> Any:
        arguments = SwapArguments(**values)
        _check_sharing(arguments)
        return command(arguments)

    decorated: Any = with_arguments
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _check_sharing(arguments: SwapArguments) -> None:
    """Raises ``PrivateUsageError`` if the work is to be shared by what cannot share it."""
    if arguments.pack_request is None and arguments.processes is not None:
        raise PrivateUsageError("The option --processes needs --pack.")
    if arguments.pack_request is None and len(arguments.devices) > 1:
        raise PrivateUsageError("Several GPUs (--device) need --pack.")


def region_strengths(
    regions: Sequence[tuple[str, float]], strength: float | None
) -> dict[str, float]:
    """Strength (0 to 1) by region, with ``face`` for all that is not named."""
    named = dict(regions)
    if strength is not None or not named:
        named.setdefault(WHOLE_FACE, 1.0 if strength is None else strength)
    return named
