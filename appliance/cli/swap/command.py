"""``appliance swap``: applies the face of the source to faces in the target."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, cast

import click

from appliance.audit.entries.fields import Media
from appliance.cli.framework.engine_options import EngineOptions
from appliance.cli.framework.options import FaceArgument, which_face_hint
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.framework.progress import show_progress
from appliance.cli.framework.run_context import Sealing
from appliance.cli.process.fork_pool import Placement, fork_pool, placements
from appliance.cli.process.input_files import (
    check_output,
    decode_photo,
    naming_file,
    open_input,
)
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.load_engine import load_sealed
from appliance.cli.process.sealing import current_sealing
from appliance.cli.swap.arguments import SwapArguments, region_strengths, swap_arguments
from appliance.cli.swap.output_format import (
    check_request,
    is_named_as_video,
    photo_format,
    video_container,
)
from appliance.cli.swap.summary import summarise, summary_pairs
from appliance.errors import NoFaceError, PolicyError, ProviderError
from appliance.files.output import PendingOutput
from appliance.inference.session import HOST_PROVIDERS
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.kind import is_video, written_as
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.photo.encode import check_quality, encode_photo, photo_conversions
from appliance.pipeline.media.video.encoder import CONTAINERS, check_size
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.pool.coordinator import ProcessPool
from appliance.pipeline.run import (
    SourceIdentity,
    SwapOptions,
    SwapReport,
    check_enlarged,
    enlarge_photo,
    read_reference,
    read_source,
    swap_photo,
    swap_video,
)
from appliance.pipeline.selection import FaceRule, FaceSelection, WhichFace
from appliance.policy.policy import Policy

_TARGET = "The target"
_REFERENCE = "The reference photo"


@dataclass(frozen=True, slots=True)
class _Request:
    """What the command line asks for, except for the target: the same for every process."""

    sources: int
    faces: FaceArgument
    source_face: WhichFace | None
    like_face: WhichFace | None
    regions: Mapping[str, float]
    options: EngineOptions
    sealing: Sealing

    @classmethod
    def of(cls, arguments: SwapArguments) -> _Request:
        """The request in ``arguments``."""
        options = replace(arguments.options, packs=arguments.pack_request)
        return cls(
            sources=len(arguments.sources),
            faces=arguments.faces,
            source_face=arguments.source_face,
            like_face=arguments.like_face,
            regions=region_strengths(arguments.regions, arguments.strength),
            options=options,
            sealing=current_sealing(options.policy),
        )

    @property
    def photo_names(self) -> list[str]:
        """How messages call the source photos and, after them, the reference photo."""
        names = [f"Source photo {number}" for number in range(1, self.sources + 1)]
        return [*names, _REFERENCE] if self.faces.like else names

    def load(
        self,
        place: Placement,
        outputs: Sequence[Path] = (),
        *,
        scale: int = 1,
        latency_mode: bool = False,
    ) -> Pipeline:
        """Load the engine and seal this process, which may then create only ``outputs``."""
        options = replace(
            self.options,
            scale=scale,
            device=place.device,
            threads=place.threads,
            latency_mode=latency_mode,
        )
        return load_sealed(self.sealing, outputs, options)

    def decode(self, files: Sequence[BinaryIO]) -> list[Photo]:
        """The source photos and, after them, the reference photo if there is one."""
        pairs = zip(files, self.photo_names, strict=True)
        return [decode_photo(file, name) for file, name in pairs]

    def look(self, engine: Pipeline, photos: Sequence[Photo]) -> tuple[SourceIdentity, SwapOptions]:
        """The identity to apply and the faces to apply it to, from what ``decode`` returned."""
        like = None
        if self.faces.like:
            hint = which_face_hint("--like-face")
            like = read_reference(engine.analyser, photos[-1], self.like_face, hint)
        choice = FaceSelection(FaceRule(self.faces.name), like)
        hint = which_face_hint("--source-face")
        person = read_source(engine, photos[: self.sources], self.source_face, hint)
        return person, SwapOptions(choice, self.regions)


@dataclass(frozen=True, slots=True)
class _Ready:
    """All that a swap needs except its target. ``pool``: processes that share a video."""

    engine: Pipeline
    person: SourceIdentity
    options: SwapOptions
    pool: ProcessPool | None


_Prepare: TypeAlias = Callable[[], _Ready]
"""Reads the sources; called late, so that an unusable target is refused before that."""


@click.command()
@swap_arguments
def swap(arguments: SwapArguments) -> None:
    """Apply the face of the source to faces in a photo or video.

    By default the result is a geometric simulation: the source's own pixels and proportions,
    fitted to the target's pose, expression and light. With --pack a generator draws it instead.
    """
    started = time.monotonic()
    _refuse_gates(arguments.options.policy)
    check_request(arguments.output, arguments.encoding)
    check_output(arguments.output, arguments.inputs)
    with JobLog(arguments.options.policy) as job, ExitStack() as files:
        report = _run(arguments, job, files)
    summary = summarise(report, time.monotonic() - started)
    if arguments.as_json:
        print_json(summary)
    else:
        print_pairs(summary_pairs(summary))


def _refuse_gates(policy: Policy) -> None:
    """Gates need a session, which knows its user: a command cannot enforce them."""
    if policy.gate.same_person or policy.gate.consent:
        raise PolicyError(
            "This policy allows swaps in sessions only, because it has gates.",
            "Open a session, or use a policy with the gates same_person and consent set to false.",
        )


def _run(arguments: SwapArguments, job: JobLog, files: ExitStack) -> SwapReport:
    """Open all files, fork, load and seal, swap, and give the result its name."""
    request = _Request.of(arguments)
    target = files.enter_context(open_input(arguments.target, _TARGET))
    paths = [*arguments.sources, *([arguments.faces.like] if arguments.faces.like else [])]
    portraits = [
        files.enter_context(open_input(path, name))
        for path, name in zip(paths, request.photo_names, strict=True)
    ]
    result = files.enter_context(
        PendingOutput(arguments.output, overwrite=arguments.overwrite, shared=True)
    )
    named_as_video = is_named_as_video(arguments.output, arguments.encoding)
    pool = _fork(arguments, request, portraits)
    if pool:
        files.callback(pool.close)
        if named_as_video:
            pool.start_loading()  # no photo can have this name, and loading takes a while
    threads = _network_threads() if named_as_video and request.options.packs is None else None
    engine = request.load(
        Placement(arguments.devices[0] if arguments.devices else 0, threads),
        [arguments.output],
        scale=arguments.scale,
        # With a pool, this process only reads the source photos. A name without a suffix may be
        # that of either kind; a video is then merely slower.
        latency_mode=pool is not None or not named_as_video,
    )
    _check_device(arguments, engine)
    kind: Media = "video" if is_video(target) else "photo"
    drawn_by: Literal["onnx", "mesh"] = "onnx" if engine.generates else "mesh"
    job.started(engine.packs, request.sealing.report, drawn_by, kind)
    photos = request.decode(portraits)

    def prepare() -> _Ready:
        return _Ready(engine, *request.look(engine, photos), pool if engine.generates else None)

    if kind == "video":
        report = _video(target, result, prepare, arguments)
    else:
        report = _photo(target, result, prepare, arguments)
    job.finished(result.file, frames=report.frames, faces=report.faces_swapped)
    result.commit()
    return report


def _network_threads() -> int:
    """Threads of each network while a video is swapped without a pack.

    Others decode and encode meanwhile. On two cores, a second thread made the networks' share of
    the processor's time larger and gained nothing.
    """
    return max(1, len(os.sched_getaffinity(0)) // 2)


def _check_device(arguments: SwapArguments, engine: Pipeline) -> None:
    """Raises ``ProviderError`` if a GPU was named and none is used."""
    if arguments.devices and engine.engine.provider in HOST_PROVIDERS:
        raise ProviderError(
            "A GPU was named with --device, but this swap would run on the processor.",
            "Leave --device out, or choose with --provider one that uses the GPU.",
        )


def _fork(
    arguments: SwapArguments, request: _Request, portraits: Sequence[BinaryIO]
) -> ProcessPool | None:
    """The processes for a video, if a generator draws it and more than one process helps."""
    if request.options.packs is None:
        return None
    places = placements(
        arguments.devices, arguments.processes, request.options.provider, request.options.policy
    )
    if not places:
        return None
    return fork_pool(
        places,
        portraits,
        request.load,
        lambda engine, copies: request.look(engine, request.decode(copies)),
    )


def _photo(
    opened: BinaryIO, result: PendingOutput, prepare: _Prepare, arguments: SwapArguments
) -> SwapReport:
    target = decode_photo(opened, _TARGET, video_too=True)
    kind = photo_format(arguments.output, target.kind, arguments.encoding)
    quality = arguments.encoding.quality
    check_quality(kind, quality)
    check_enlarged(target, arguments.scale)
    ready = prepare()
    photo, report = swap_photo(ready.engine, ready.person, target, ready.options)
    if ready.engine.upscaler:
        photo = enlarge_photo(photo, ready.engine.upscaler)
    result.file.write(encode_photo(photo, kind, quality))
    return replace(report, converted=photo_conversions(target, kind, quality, arguments.scale))


def _video(
    opened: BinaryIO, result: PendingOutput, prepare: _Prepare, arguments: SwapArguments
) -> SwapReport:
    with naming_file(_TARGET):
        facts = probe(opened)
    opened.seek(0)
    container = video_container(arguments.output, written_as(facts.container), arguments.encoding)
    settings = arguments.encoding.settings(CONTAINERS[container])
    check_size(facts.width * arguments.scale, facts.height * arguments.scale)
    ready = prepare()
    editor = None
    if ready.pool and any(ready.options.regions.values()):
        shape = facts.width, facts.height, facts.pixel_format
        editor = ready.pool.editor(*shape, facts.frames)
    if ready.pool and editor:
        ready.pool.wait_until_ready()
    with show_progress(silent=arguments.as_json) as tell, naming_file(_TARGET):
        report = swap_video(
            ready.engine,
            ready.person,
            opened,
            cast(BinaryIO, result.file),
            ready.options,
            container=container,
            settings=settings,
            progress=lambda info: tell(info.index + 1, facts.frames),
            editor=editor,
        )
    if not report.faces_swapped and any(ready.options.regions.values()):
        hint = "Choose another face with --faces, or use a video that shows it upright."
        raise NoFaceError("The chosen face was not found in any frame of the target.", hint)
    return report
