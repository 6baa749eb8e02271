"""The processes that share a video: forked before anything is sealed, then sealed one by one."""

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

from appliance.inference.gpu_memory import least_free_mib
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES
from appliance.pipeline.pool.coordinator import ProcessPool
from appliance.pipeline.pool.member import PoolMember, run_member
from appliance.pipeline.pool.messages import MessageChannel, channel_pair
from appliance.pipeline.run import SourceIdentity, SwapOptions
from appliance.policy.policy import Policy
from appliance.seal.allowed_paths import GPU_PROVIDERS, gpus
from appliance.seal.process import close_all, descriptors

CORES_PER_PROCESS = 4  # that each process keeps busy in addition to its share of a GPU
MAX_PROCESSES_PER_GPU = 4  # six were 11 % faster on an H200 with 16 cores
GPU_MIB_PER_PROCESS = 4500  # measured with four networks and batches of 16 faces
LINES_PER_MEMBER = 2  # segments that a process edits concurrently
SWITCH_INTERVAL = 5e-4  # seconds after which a thread releases the interpreter


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a process computes.

    ``device``: number of its GPU. ``threads``: of each network on the CPU; ``None`` is all cores.
    """

    device: int = 0
    threads: int | None = None


LoadEngine: TypeAlias = Callable[[Placement], Pipeline]
"""Loads the engine for a placement and seals the process."""

ReadSources: TypeAlias = Callable[
    [Pipeline, Sequence[BinaryIO]], tuple[SourceIdentity, SwapOptions]
]
"""Reads the source photos; called when the process is sealed."""


def placements(
    devices: Sequence[int], processes: int | None, provider: str | None, policy: Policy
) -> list[Placement]:
    """One placement per process: as requested, or by the number of GPUs, their memory and cores.

    Empty if a single process is as fast: on a CPU the networks use all cores by themselves.
    """
    cores = len(os.sched_getaffinity(0))
    on_gpu = policy.engine.gpu and provider in (None, *GPU_PROVIDERS)
    available = gpus() if on_gpu else 0
    used = tuple(devices) or tuple(range(available)) or (0,)
    if processes is None:
        processes = _processes_per_gpu(cores // len(used)) if available else 1
    count = processes * len(used)
    if count == 1:
        return []
    # On a GPU the measured settings hold for each process; on a CPU they share the cores.
    threads = None if available else max(1, cores // count)
    return [Placement(device, threads) for _ in range(processes) for device in used]


def _processes_per_gpu(cores: int) -> int:
    """As many as ``cores``, those for each GPU, and the memory of the fullest GPU can feed."""
    limits = [MAX_PROCESSES_PER_GPU, cores // CORES_PER_PROCESS]
    free = least_free_mib()
    if free is not None:
        limits.append(free // GPU_MIB_PER_PROCESS)
    return max(1, min(limits))


def fork_pool(
    places: Sequence[Placement], photos: Sequence[BinaryIO], load: LoadEngine, prepare: ReadSources
) -> ProcessPool:
    """Fork a member for each of ``places``; it waits until the pool is started.

    ``photos``: open files that ``prepare`` reads. Call it while this process has one thread.
    """
    memory = os.memfd_create("frames", os.MFD_CLOEXEC)
    # The default is ten times as long, about as long as a thread works between two library calls:
    # the thread that tracks faces would wait that long again for each of them.
    sys.setswitchinterval(SWITCH_INTERVAL)
    kept = {memory, *(photo.fileno() for photo in photos)}
    members: list[tuple[MessageChannel, ...]] = []
    for place in places:
        ours, theirs = zip(*(channel_pair() for _ in range(LINES_PER_MEMBER)), strict=True)
        if os.fork() == 0:
            ends = {end for line in theirs for end in line.descriptors}
            close_all(descriptors() - kept - ends)
            _run_member(theirs, partial(_make_member, memory, place, photos, load, prepare))
        for line in theirs:
            line.close()
        members.append(ours)
    return ProcessPool(memory, tuple(members))


def _run_member(lines: Sequence[MessageChannel], make: Callable[[], PoolMember]) -> NoReturn:
    """Run a member and exit, without the exit handlers and buffers inherited from the command."""
    try:
        # The coordinator receives it as well, and ends its members by closing their lines.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        cv2.setNumThreads(1)  # parallelism comes from the members
        run_member(lines, make)
    finally:
        os._exit(0)


def _make_member(
    memory: int,
    place: Placement,
    photos: Sequence[BinaryIO],
    load: LoadEngine,
    prepare: ReadSources,
) -> PoolMember:
    engine = load(place)
    source, options = prepare(engine, [_copy(photo) for photo in photos])
    return PoolMember(memory, engine, source, options)


def _copy(photo: BinaryIO) -> BinaryIO:
    """The content of a file, read without moving the position that all processes share."""
    parts, offset = [], 0
    while offset <= MAX_PHOTO_BYTES and (
        part := os.pread(photo.fileno(), MAX_PHOTO_BYTES + 1 - offset, offset)
    ):
        parts.append(part)
        offset += len(part)
    return io.BytesIO(b"".join(parts))
