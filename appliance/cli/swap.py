"""``appliance swap``: the face of the source on the faces of the target."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

import click

from appliance.audit.events import Media
from appliance.cli.engine import load_sealed
from appliance.cli.files import about, check_output, decode_photo, open_input
from appliance.cli.formats import photo_format, video_container
from appliance.cli.logged import LoggedJob
from appliance.cli.options import (
    FILE,
    Faces,
    Region,
    Strength,
    Wish,
    json_option,
    models_option,
    overwrite_option,
    policy_option,
    provider_option,
)
from appliance.cli.packs import Asked, pack_options
from appliance.cli.progress import progress
from appliance.cli.report import show_json, show_pairs
from appliance.cli.sealing import current_sealing
from appliance.cli.summary import pairs, summarise
from appliance.errors import NoFaceError, PolicyError
from appliance.pipeline.choose import FaceChoice, Which
from appliance.pipeline.engine import Engine
from appliance.pipeline.media.encoder import check_size
from appliance.pipeline.media.facts import probe
from appliance.pipeline.media.kind import is_video
from appliance.pipeline.media.output import PendingOutput
from appliance.pipeline.media.photo_encoding import encode_photo
from appliance.pipeline.regions import FACE, NAMES
from appliance.pipeline.run import (
    Sitter,
    SwapOptions,
    SwapReport,
    check_enlarged,
    enlarge_photo,
    read_reference,
    read_source,
    swap_photo,
    swap_video,
)
from appliance.policy.policy import Policy

_TARGET = "The target"
_REFERENCE = "The reference photo"


@dataclass(frozen=True, slots=True)
class _Ready:
    """All that a swap needs beside its target."""

    engine: Engine
    sitter: Sitter
    options: SwapOptions


_Prepare: TypeAlias = Callable[[], _Ready]
"""Looks at the sources; called late, so that a target that cannot be used is refused first."""


@click.command()
@click.option(
    "--source",
    "sources",
    type=FILE,
    required=True,
    multiple=True,
    metavar="PHOTO",
    help="Photo of the person whose face is applied; give it again for more photos of that person.",
)
@click.option(
    "--target", type=FILE, required=True, metavar="FILE", help="Photo or video that receives it."
)
@click.option(
    "--output",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Where the result goes; its suffix decides the format, without one the target's.",
)
@click.option(
    "--faces",
    type=Faces(),
    default=Wish("largest"),
    metavar="WHICH",
    help="largest (the default), all, left, right, or like:PHOTO for the face of that person.",
)
@click.option(
    "--region",
    "regions",
    type=Region(),
    multiple=True,
    metavar="NAME=STRENGTH",
    help=f"Change this region only ({', '.join(NAMES)}), by 0 to 1; may be given several times.",
)
@click.option(
    "--strength",
    type=Strength(),
    metavar="0..1",
    help="Strength of the whole face, or with --region of the rest. [default: 1, the rest 0]",
)
@click.option("--upscale", type=click.Choice(["2", "4"]), help="Enlarge the result.")
@pack_options
@policy_option
@provider_option
@models_option
@overwrite_option
@json_option
def swap(
    *,
    sources: Sequence[Path],
    target: Path,
    output: Path,
    faces: Wish,
    regions: Sequence[tuple[str, float]],
    strength: float | None,
    upscale: str | None,
    asked: Asked | None,
    policy: Policy,
    provider: str | None,
    models: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Put the face of the source on the faces of a photo or video.

    By default the result is a geometric simulation: the source's own pixels and proportions,
    fitted to the target's pose, expression and light. A generator of --pack draws it instead.
    """
    started = time.monotonic()
    _check_gates(policy)
    check_output(output, [target, *sources, *([faces.like] if faces.like else [])])
    scale = int(upscale or 1)
    with LoggedJob(policy) as job, ExitStack() as files:
        sealing = current_sealing(policy)
        opened = files.enter_context(open_input(target, _TARGET))
        portraits = [
            files.enter_context(open_input(path, _source(number)))
            for number, path in enumerate(sources, 1)
        ]
        alike = files.enter_context(open_input(faces.like, _REFERENCE)) if faces.like else None
        result = files.enter_context(PendingOutput(output, overwrite=overwrite))
        engine = load_sealed(
            sealing,
            [output],
            models=models,
            provider=provider,
            asked=asked,
            scale=scale,
            policy=policy,
        )
        kind: Media = "video" if is_video(opened) else "photo"
        job.started(engine.packs, sealing.report, "onnx" if engine.generates else "mesh", kind)
        photos = [decode_photo(file, _source(number)) for number, file in enumerate(portraits, 1)]
        reference = decode_photo(alike, _REFERENCE) if alike else None

        def prepare() -> _Ready:
            like = None if reference is None else read_reference(engine.stages, reference)
            choice = FaceChoice(Which(faces.name), like)
            options = SwapOptions(choice, strengths(regions, strength))
            return _Ready(engine, read_source(engine.stages, photos), options)

        if kind == "video":
            report = _video(opened, result, output, prepare, scale, silent=as_json)
        else:
            report = _photo(opened, result, output, prepare, scale)
        job.finished(result.file, report)
        result.commit()
    summary = summarise(report, time.monotonic() - started)
    if as_json:
        show_json(summary)
    else:
        show_pairs(pairs(summary))


def _check_gates(policy: Policy) -> None:
    """A gate is kept by a session, which knows who asks; a policy with one is not for a command."""
    if policy.gate.same_person or policy.gate.consent:
        raise PolicyError(
            "This policy lets a face be applied in a session only: it asks who is shown.",
            "Open a session, or name a policy whose gates are false.",
        )


def _source(number: int) -> str:
    return f"Source photo {number}"


def strengths(regions: Sequence[tuple[str, float]], strength: float | None) -> dict[str, float]:
    """Strength by region: those that are named, and ``face`` for the rest if it is asked for."""
    named = dict(regions)
    if strength is not None or not named:
        named.setdefault(FACE, 1.0 if strength is None else strength)
    return named


def _photo(
    opened: BinaryIO, result: PendingOutput, output: Path, prepare: _Prepare, scale: int
) -> SwapReport:
    target = decode_photo(opened, _TARGET)
    kind = photo_format(output, target.kind)
    check_enlarged(target, scale)
    ready = prepare()
    photo, report = swap_photo(ready.engine.stages, ready.sitter, target, ready.options)
    if ready.engine.upscaler:
        photo = enlarge_photo(photo, ready.engine.upscaler)
    result.file.write(encode_photo(photo, kind))
    return report


def _video(
    opened: BinaryIO,
    result: PendingOutput,
    output: Path,
    prepare: _Prepare,
    scale: int,
    *,
    silent: bool,
) -> SwapReport:
    with about(_TARGET):
        facts = probe(opened)
    opened.seek(0)
    container = video_container(output, facts.container)
    check_size(facts.width * scale, facts.height * scale)
    ready = prepare()
    with progress(silent=silent) as tell, about(_TARGET):
        report = swap_video(
            ready.engine.stages,
            ready.sitter,
            opened,
            cast(BinaryIO, result.file),
            ready.options,
            container=container,
            progress=lambda info: tell(info.index + 1, facts.frames),
            upscaler=ready.engine.upscaler,
        )
    if not report.faces_swapped and any(ready.options.regions.values()):
        hint = "Choose the face by another word of --faces, or use a video that shows it upright."
        raise NoFaceError("The chosen face was found in no frame of the target.", hint)
    return report
