"""How a process seals itself: once, in this order, irrevocably.

1. :func:`confine`, before the first thread: keep a list of environment variables, forbid core
   dumps, and let Landlock leave only a few paths.
2. Load and verify the models; open inputs and outputs.
3. :func:`seal`, before the first byte of any media is read: give up the paths that loading the
   models needed, install the seccomp filter in all threads, run the self-test, and arm the
   tripwire.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
    missing = tuple(layer for layer, there in in_force.items() if not there)
    if lacking := [layer for layer in missing if layer in minimum]:
        raise SealError(
            f"This machine lacks {' and '.join(lacking)}, which the policy requires.",
            "Use Linux 5.13 or newer with Landlock enabled, and install libseccomp2.",
        )
    if in_force["landlock"] and not allow_open:
        landlock.restrict((), (), confinement.landlock_abi, confinement.rename_only)
    # Tested before the filter is installed, which would deny the attempts in Landlock's place.
    attempts = self_test(seccomp=False, landlock=in_force["landlock"])
    if in_force["seccomp"]:
        seccomp.restrict(gpu=gpu, allow_open=allow_open)
        attempts += self_test(seccomp=True, landlock=False)
    if escaped := [attempt.what for attempt in attempts if not attempt.denied]:
        raise SealError(
            f"The seal does not hold: {', '.join(escaped)} succeeded.",
            "No media was read. Do not use this machine until the cause is known.",
        )
    guard = Guard(serving=serving)
    guard.arm()
    layers = tuple(layer for layer, there in in_force.items() if there)
    return SealReport(layers, missing, confinement.landlock_abi, attempts, guard)
