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

from appliance.cli.process.input_files import PHOTO_LIMIT
from appliance.inference.gpu_memory import least_free_mib
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.pool.coordinator import ProcessPool
from appliance.pipeline.pool.member import PoolMember, run_member
from appliance.pipeline.pool.messages import MessageChannel, channel_pair
from appliance.pipeline.run import SourceIdentity, SwapOptions
from appliance.policy.policy import Policy
from appliance.seal.allowed_paths import GPU_PROVIDERS, gpus
from appliance.seal.process import close_all, descriptors

CORES_EACH = 4  # that a process keeps busy beside its share of a GPU
MOST_EACH = 4  # processes that share a GPU; six were 11 % faster on an H200 with 16 cores
MEMORY_EACH = 4500  # MiB that a process needs of it: seen with four networks, 16 faces at once
LINES_EACH = 2  # segments that a process changes at once
SWITCH = 5e-4  # seconds after which a thread lets others have the interpreter


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process works.

    ``device``: its GPU. ``threads``: those that a network has on the CPU; by default all cores.
    """

    device: int = 0
    threads: int | None = None


Load: TypeAlias = Callable[[Place], Pipeline]
"""Loads for this place and seals the process."""

Prepare: TypeAlias = Callable[[Pipeline, Sequence[BinaryIO]], tuple[SourceIdentity, SwapOptions]]
"""Looks at the sources; called when the process is sealed."""


def places(
    devices: Sequence[int], processes: int | None, provider: str | None, policy: Policy
) -> list[Place]:
    """Where members are to work: as asked, or by the GPUs, their memory and the cores there are.

    None where one process does as well: on a CPU the networks use all cores by themselves.
    """
    cores = len(os.sched_getaffinity(0))
    on_gpu = policy.engine.gpu and provider in (None, *GPU_PROVIDERS)
    there = gpus() if on_gpu else 0
    used = tuple(devices) or tuple(range(there)) or (0,)
    if processes is None:
        each = [MOST_EACH, cores // (CORES_EACH * len(used))] if there else [1]
        free = least_free_mib() if there else None
        if free is not None:
            each.append(free // MEMORY_EACH)
        processes = max(1, min(each))
    count = processes * len(used)
    if count == 1:
        return []
    # On a GPU what was measured of the networks holds for each; cores are divided.
    threads = None if there else max(1, cores // count)
    return [Place(device, threads) for _ in range(processes) for device in used]


def hire(
    places: Sequence[Place], photos: Sequence[BinaryIO], load: Load, prepare: Prepare
) -> ProcessPool:
    """A member for each of ``places``; each does nothing before the crew is started.

    ``photos``: open files that ``prepare`` reads. Call it while this process has one thread.
    """
    memory = os.memfd_create("frames", os.MFD_CLOEXEC)
    # By default it is ten times that: as long as a thread's work between two calls of a library,
    # so that whoever follows faces would wait as long again for each of them.
    sys.setswitchinterval(SWITCH)
    kept = {memory, *(photo.fileno() for photo in photos)}
    members: list[tuple[MessageChannel, ...]] = []
    for place in places:
        ours, theirs = zip(*(channel_pair() for _ in range(LINES_EACH)), strict=True)
        if os.fork() == 0:
            ends = {end for line in theirs for end in line.descriptors}
            close_all(descriptors() - kept - ends)
            _live(theirs, partial(_member, memory, place, photos, load, prepare))
        for line in theirs:
            line.close()
        members.append(ours)
    return ProcessPool(memory, tuple(members))


def _live(lines: Sequence[MessageChannel], make: Callable[[], PoolMember]) -> NoReturn:
    """A member's life. Whatever ends it, no handler or buffer of the command runs once more."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the lead is told, and hangs up
        cv2.setNumThreads(1)  # the members are the threads
        run_member(lines, make)
    finally:
        os._exit(0)


def _member(
    memory: int, place: Place, photos: Sequence[BinaryIO], load: Load, prepare: Prepare
) -> PoolMember:
    engine = load(place)
    sitter, options = prepare(engine, [_copied(photo) for photo in photos])
    return PoolMember(memory, engine, sitter, options)


def _copied(photo: BinaryIO) -> BinaryIO:
    """What a file holds, whose position belongs to all processes; as much as a photo may."""
    parts, at = [], 0
    while at <= PHOTO_LIMIT and (part := os.pread(photo.fileno(), PHOTO_LIMIT + 1 - at, at)):
        parts.append(part)
        at += len(part)
    return io.BytesIO(b"".join(parts))
