"""The crew of a command: processes made before anything is sealed, which then seal themselves."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NoReturn, TypeAlias

import cv2

from appliance.inference.gpu_memory import least_free
from appliance.pipeline.engine import Engine
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES
from appliance.pipeline.pool.coordinator import Crew
from appliance.pipeline.pool.member import Member, live
from appliance.pipeline.pool.messages import Line, pair
from appliance.pipeline.run import Sitter, SwapOptions
from appliance.policy.policy import Policy
from appliance.seal.needed import GPU_PROVIDERS, gpus
from appliance.seal.process import close_all, descriptors

CORES_PER_PROCESS = 4  # that a process keeps busy beside its share of a GPU
MAX_PROCESSES_PER_GPU = (
    4  # processes that share a GPU; six were 11 % faster on an H200 with 16 cores
)
GPU_MIB_PER_PROCESS = (
    4500  # MiB that a process needs of it: seen with four networks, 16 faces at once
)
LINES_PER_MEMBER = 2  # segments that a process changes at once
SWITCH_INTERVAL = 5e-4  # seconds after which a thread lets others have the interpreter


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a process works.

    ``device``: its GPU. ``threads``: those that a network has on the CPU; by default all cores.
    """

    device: int = 0
    threads: int | None = None


LoadEngine: TypeAlias = Callable[[Placement], Engine]
"""Loads for this place and seals the process."""

ReadSources: TypeAlias = Callable[[Engine, Sequence[BinaryIO]], tuple[Sitter, SwapOptions]]
"""Looks at the sources; called when the process is sealed."""


def placements(
    devices: Sequence[int], processes: int | None, provider: str | None, policy: Policy
) -> list[Placement]:
    """Where members are to work: as asked, or by the GPUs, their memory and the cores there are.

    None where one process does as well: on a CPU the networks use all cores by themselves.
    """
    cores = len(os.sched_getaffinity(0))
    on_gpu = policy.engine.gpu and provider in (None, *GPU_PROVIDERS)
    there = gpus() if on_gpu else 0
    used = tuple(devices) or tuple(range(there)) or (0,)
    if processes is None:
        each = [MAX_PROCESSES_PER_GPU, cores // (CORES_PER_PROCESS * len(used))] if there else [1]
        free = least_free() if there else None
        if free is not None:
            each.append(free // GPU_MIB_PER_PROCESS)
        processes = max(1, min(each))
    count = processes * len(used)
    if count == 1:
        return []
    # On a GPU what was measured of the networks holds for each; cores are divided.
    threads = None if there else max(1, cores // count)
    return [Placement(device, threads) for _ in range(processes) for device in used]


def fork_pool(
    places: Sequence[Placement], photos: Sequence[BinaryIO], load: LoadEngine, prepare: ReadSources
) -> Crew:
    """A member for each of ``places``; each does nothing before the crew is started.

    ``photos``: open files that ``prepare`` reads. Call it while this process has one thread.
    """
    memory = os.memfd_create("frames", os.MFD_CLOEXEC)
    # By default it is ten times that: as long as a thread's work between two calls of a library,
    # so that whoever follows faces would wait as long again for each of them.
    sys.setswitchinterval(SWITCH_INTERVAL)
    kept = {memory, *(photo.fileno() for photo in photos)}
    members: list[tuple[Line, ...]] = []
    for place in places:
        ours, theirs = zip(*(pair() for _ in range(LINES_PER_MEMBER)), strict=True)
        if os.fork() == 0:
            ends = {end for line in theirs for end in (line.reader, line.writer)}
            close_all(descriptors() - kept - ends)
            _live(theirs, partial(_member, memory, place, photos, load, prepare))
        for line in theirs:
            line.close()
        members.append(ours)
    return Crew(memory, tuple(members))


def _live(lines: Sequence[Line], make: Callable[[], Member]) -> NoReturn:
    """A member's life. Whatever ends it, no handler or buffer of the command runs once more."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the lead is told, and hangs up
        cv2.setNumThreads(1)  # the members are the threads
        live(lines, make)
    finally:
        os._exit(0)


def _member(
    memory: int,
    place: Placement,
    photos: Sequence[BinaryIO],
    load: LoadEngine,
    prepare: ReadSources,
) -> Member:
    engine = load(place)
    sitter, options = prepare(engine, [_copied(photo) for photo in photos])
    return Member(memory, engine.stages, sitter, options)


def _copied(photo: BinaryIO) -> BinaryIO:
    """What a file holds, whose position belongs to all processes; as much as a photo may."""
    parts, at = [], 0
    while at <= MAX_PHOTO_BYTES and (
        part := os.pread(photo.fileno(), MAX_PHOTO_BYTES + 1 - at, at)
    ):
        parts.append(part)
        at += len(part)
    return io.BytesIO(b"".join(parts))
