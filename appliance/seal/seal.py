"""How a process seals itself: once, in this order, irrevocably.

1. :func:`confine`, before the first thread: keep a list of environment variables, forbid core
   dumps, and let Landlock leave only a few paths.
2. Load and verify the models; open inputs and outputs.
3. :func:`seal`, before the first byte of any media is read: give up the paths that loading the
   models needed, install the seccomp filter in all threads, run the self-test, and arm the
   tripwire.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from appliance.errors import SealError
from appliance.seal import landlock, process, seccomp
from appliance.seal.environment import scrub_environment
from appliance.seal.guard import Guard
from appliance.seal.self_test import Attempt, self_test

Layer = Literal["rlimits", "landlock", "seccomp", "guard"]


@dataclass(frozen=True, slots=True)
class Confinement:
    """The result of :func:`confine`, which :func:`seal` needs.

    ``landlock_abi``: 0 where the kernel cannot restrict paths. ``rename_only``: as passed.
    """

    landlock_abi: int
    rename_only: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SealReport:
    """``layers``: in force. ``missing``: not available here. ``attempts``: escapes, all denied."""

    layers: tuple[Layer, ...]
    missing: tuple[Layer, ...]
    landlock_abi: int
    attempts: tuple[Attempt, ...]
    guard: Guard


def confine(
    *,
    readable: Sequence[Path],
    writable: Sequence[Path] = (),
    rename_only: Sequence[Path] = (),
    devices: Sequence[Path] = (),
) -> Confinement:
    """Restrict this process to these folders and files, and to everything under them.

    ``rename_only``: folders in which files can be created, renamed and removed, but not opened.
    ``devices``: can be read, written and controlled with ioctl(2). Capabilities are dropped as
    well, except those that let root rename an output in another user's folder. Raises ``SealError``
    if the process already has threads, because Landlock would not bind them.
    """
    scrub_environment()
    process.leave_no_core()
    process.drop_capabilities()
    version = landlock.abi()
    if version and process.threads() > 1:
        raise SealError(
            "The process had threads before it was sealed.",
            "This is a bug in the program; report it.",
        )
    if version:
        landlock.restrict(readable, writable, version, rename_only, devices)
    return Confinement(version, tuple(rename_only))


def seal(
    confinement: Confinement,
    *,
    minimum: Collection[str],
    gpu: bool = False,
    serving: bool = False,
    allow_open: bool = True,
) -> SealReport:
    """Give up everything else, then verify that it is gone.

    ``minimum``: the layers that must be available. ``gpu``: permit what a GPU driver needs.
    ``serving``: the process serves connections whose descriptors it is given.
    ``allow_open``: files are still opened by path later. Otherwise the paths that :func:`confine`
    left are given up too: seccomp forbids the calls in all threads, and Landlock forbids the paths
    to this thread and those it starts. Raises ``SealError`` if a layer of ``minimum`` is not
    available, or if an escape succeeds.
    """
    in_force: dict[Layer, bool] = {
        "rlimits": True,
        "landlock": confinement.landlock_abi > 0,
        "seccomp": seccomp.available(),
        "guard": True,
    }
    layers, missing = _layers(in_force, minimum)
    if in_force["landlock"] and not allow_open:
        landlock.restrict((), (), confinement.landlock_abi, confinement.rename_only)
    attempts = _restrict(in_force, partial(seccomp.restrict, gpu=gpu, allow_open=allow_open))
    guard = Guard(serving=serving)
    guard.arm()
    return SealReport(layers, missing, confinement.landlock_abi, attempts, guard)


def seal_window(confinement: Confinement) -> tuple[Attempt, ...]:
    """Give up what a process that shows a window does not need; verify that it is gone.

    It keeps reading under the paths that :func:`confine` left, memory without a name, threads, and
    sockets of this machine. Returns the escapes that were attempted, all of them denied. There is
    no tripwire: a window has no ledger to report to, and its libraries import when they please.
    Raises ``SealError`` if Landlock or seccomp is not available, or if an escape succeeds.
    """
    in_force: dict[Layer, bool] = {
        "landlock": confinement.landlock_abi > 0,
        "seccomp": seccomp.available(),
    }
    _layers(in_force, tuple(in_force))
    return _restrict(in_force, partial(seccomp.restrict, window=True))


def _layers(
    in_force: Mapping[Layer, bool], minimum: Collection[str]
) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """What is in force and what is missing; raises ``SealError`` if that is in ``minimum``."""
    missing = tuple(layer for layer, there in in_force.items() if not there)
    if lacking := [layer for layer in missing if layer in minimum]:
        raise SealError(
            f"This machine lacks {' and '.join(lacking)}, which the policy requires.",
            "Use Linux 5.13 or newer with Landlock enabled, and install libseccomp2.",
        )
    return tuple(layer for layer, there in in_force.items() if there), missing


def _restrict(in_force: Mapping[Layer, bool], install: Callable[[], object]) -> tuple[Attempt, ...]:
    """Install the filter, and attempt to escape from it and from Landlock."""
    # Tested before the filter is installed, which would deny the attempts in Landlock's place.
    attempts = self_test(seccomp=False, landlock=in_force["landlock"])
    if in_force["seccomp"]:
        install()
        attempts += self_test(seccomp=True, landlock=False)
    if escaped := [attempt.what for attempt in attempts if not attempt.denied]:
        raise SealError(
            f"The seal does not hold: {', '.join(escaped)} succeeded.",
            "No media was read. Do not use this machine until the cause is known.",
        )
    return attempts
