"""``appliance swap``: the face of the source on the faces of the target."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

import click

from appliance.audit.entries.events import Media
from appliance.cli.framework.options import (
    FILE,
    DevicesType,
    FaceArgument,
    FacesType,
    RegionType,
    StrengthType,
    json_option,
    models_option,
    overwrite_option,
    policy_option,
    provider_option,
)
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.framework.pack_options import PackRequest, pack_options
from appliance.cli.framework.progress import show_progress
from appliance.cli.process.fork_pool import Placement, fork_pool, placements
from appliance.cli.process.input_files import (
    check_output,
    decode_photo,
    naming_file,
    open_input,
)
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import Sealing, current_sealing
from appliance.cli.swap.output_format import VIDEO_SUFFIXES, photo_format, video_container
from appliance.cli.swap.summary import summarise, summary_pairs
from appliance.errors import NoFaceError, PolicyError
from appliance.pipeline.engine import Engine
from appliance.pipeline.face_model.regions import FACE, NAMES
from appliance.pipeline.media.kind import is_video
from appliance.pipeline.media.output import PendingOutput
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.video.encoder import check_size
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.pool.coordinator import Crew
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
from appliance.pipeline.selection import FaceChoice, Which
from appliance.policy.policy import Policy

_TARGET = "The target"
_REFERENCE = "The reference photo"


@dataclass(frozen=True, slots=True)
class _Order:
    """What the command line asks for, but for the target; the same for every process."""

    sources: int
    faces: FaceArgument
    regions: Mapping[str, float]
    models: Path | None
    provider: str | None
    asked: PackRequest | None
    policy: Policy
    sealing: Sealing

    def load(
        self,
        place: Placement,
        outputs: Sequence[Path] = (),
        *,
        scale: int = 1,
        alone: bool = False,
    ) -> Engine:
        """The engine in this process, which is sealed then, with ``outputs`` it may name."""
        return load_sealed(
            self.sealing,
            outputs,
            models=self.models,
            provider=self.provider,
            asked=self.asked,
            scale=scale,
            policy=self.policy,
            device=place.device,
            threads=place.threads,
            alone=alone,
        )

    def decode(self, files: Sequence[BinaryIO]) -> list[Photo]:
        """The source photos, and behind them the reference photo if there is one."""
        names = [f"Source photo {number}" for number in range(1, self.sources + 1)]
        names += [_REFERENCE] if self.faces.like else []
        return [decode_photo(file, name) for file, name in zip(files, names, strict=True)]

    def look(self, engine: Engine, photos: Sequence[Photo]) -> tuple[Sitter, SwapOptions]:
        """Who is to be drawn, and onto whom, by the photos that ``decode`` gives."""
        like = read_reference(engine.stages, photos[-1]) if self.faces.like else None
        choice = FaceChoice(Which(self.faces.name), like)
        sitter = read_source(engine.stages, photos[: self.sources])
        return sitter, SwapOptions(choice, self.regions)


@dataclass(frozen=True, slots=True)
class _Ready:
    """All that a swap needs beside its target. ``crew``: who is to help with a video."""

    engine: Engine
    sitter: Sitter
    options: SwapOptions
    crew: Crew | None


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
    type=FacesType(),
    default=FaceArgument("largest"),
    metavar="WHICH",
    help="largest (the default), all, left, right, or like:PHOTO for the face of that person.",
)
@click.option(
    "--region",
    "regions",
    type=RegionType(),
    multiple=True,
    metavar="NAME=STRENGTH",
    help=f"Change this region only ({', '.join(NAMES)}), by 0 to 1; may be given several times.",
)
@click.option(
    "--strength",
    type=StrengthType(),
    metavar="0..1",
    help="Strength of the whole face, or with --region of the rest. [default: 1, the rest 0]",
)
@click.option(
    "--device",
    "devices",
    type=DevicesType(),
    default=(),
    metavar="N[,N...]",
    help="GPUs that share a video's frames, with --pack. [default: all there are]",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 16),
    help="How many processes share each GPU, or the CPU, for a video with --pack. "
    "[default: by the number of cores; one on a CPU]",
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
    faces: FaceArgument,
    regions: Sequence[tuple[str, float]],
    strength: float | None,
    devices: tuple[int, ...],
    processes: int | None,
    upscale: str | None,
    asked: PackRequest | None,
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
    with JobLog(policy) as job, ExitStack() as files:
        order = _Order(
            sources=len(sources),
            faces=faces,
            regions=region_strengths(regions, strength),
            models=models,
            provider=provider,
            asked=asked,
            policy=policy,
            sealing=current_sealing(policy),
        )
        opened = files.enter_context(open_input(target, _TARGET))
        portraits = [
            files.enter_context(open_input(path, f"Source photo {number}"))
            for number, path in enumerate(sources, 1)
        ]
        if faces.like:
            portraits.append(files.enter_context(open_input(faces.like, _REFERENCE)))
        result = files.enter_context(PendingOutput(output, overwrite=overwrite))
        crew, named_as_video = None, output.suffix.lower() in VIDEO_SUFFIXES
        if asked and (wanted := placements(devices, processes, provider, policy)):
            crew = fork_pool(
                wanted,
                portraits,
                order.load,
                lambda engine, copies: order.look(engine, order.decode(copies)),
            )
            files.callback(crew.close)
            if named_as_video:
                crew.call()  # no photo gets such a name, and loading takes a while
        # Where a crew does a video, the faces that are left are those of the sources. A name
        # without a suffix may stand for either; a video is only slower then.
        alone = crew is not None or not named_as_video
        place = Placement(devices[0] if devices else 0)
        engine = order.load(place, [output], scale=scale, alone=alone)
        seal = order.sealing.report
        kind: Media = "video" if is_video(opened) else "photo"
        job.started(engine.packs, seal, "onnx" if engine.generates else "mesh", kind)
        photos = order.decode(portraits)

        def prepare() -> _Ready:
            return _Ready(engine, *order.look(engine, photos), crew if engine.generates else None)

        if kind == "video":
            report = _video(opened, result, output, prepare, scale, silent=as_json)
        else:
            report = _photo(opened, result, output, prepare, scale)
        job.finished(result.file, report)
        result.commit()
    summary = summarise(report, time.monotonic() - started)
    if as_json:
        print_json(summary)
    else:
        print_pairs(summary_pairs(summary))


def _check_gates(policy: Policy) -> None:
    """A gate is kept by a session, which knows who asks; a policy with one is not for a command."""
    if policy.gate.same_person or policy.gate.consent:
        raise PolicyError(
            "This policy lets a face be applied in a session only: it asks who is shown.",
            "Open a session, or name a policy whose gates are false.",
        )


def region_strengths(
    regions: Sequence[tuple[str, float]], strength: float | None
) -> dict[str, float]:
    """Strength (0 to 1) by region, with ``face`` for all that is not named."""
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
    with naming_file(_TARGET):
        facts = probe(opened)
    opened.seek(0)
    container = video_container(output, facts.container)
    check_size(facts.width * scale, facts.height * scale)
    ready = prepare()
    editor = None
    if ready.crew and any(ready.options.regions.values()):
        shape = facts.width, facts.height, facts.pixel_format
        editor = ready.crew.editor(*shape, facts.frames)
    if ready.crew and editor:
        ready.crew.start()
    with show_progress(silent=silent) as tell, naming_file(_TARGET):
        report = swap_video(
            ready.engine.stages,
            ready.sitter,
            opened,
            cast(BinaryIO, result.file),
            ready.options,
            container=container,
            progress=lambda info: tell(info.index + 1, facts.frames),
            upscaler=ready.engine.upscaler,
            editor=editor,
        )
    if not report.faces_swapped and any(ready.options.regions.values()):
        hint = "Choose the face by another word of --faces, or use a video that shows it upright."
        raise NoFaceError("The chosen face was found in no frame of the target.", hint)
    return report
