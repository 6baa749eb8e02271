"""A process seals itself: once, in this order, for good.

1. :func:`confine`, before the first thread: whatever leads it from outside is forgotten, no core
   can be left, and Landlock takes away all paths but a few.
2. Models are loaded and checked, inputs and outputs opened.
3. :func:`seal`, before the first byte of anybody's media: what was read to load the models is
   given up as well; seccomp takes away the system calls, of threads that exist already too; the
   guard is armed; the probe tries to get out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from appliance.errors import SealError
from appliance.seal import landlock, process, seccomp
from appliance.seal.guard import Guard
from appliance.seal.self_test import Attempt, self_test

Layer = Literal["rlimits", "landlock", "seccomp", "guard"]


@dataclass(frozen=True, slots=True)
class Confinement:
    """The first half. ``landlock_abi``: 0 where paths are not restricted. ``named``: as asked."""

    landlock_abi: int
    named: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SealReport:
    """``layers``: in force. ``missing``: what this machine lacks. ``attempts``: all failed."""

    layers: tuple[Layer, ...]
    missing: tuple[Layer, ...]
    landlock_abi: int
    attempts: tuple[Attempt, ...]
    guard: Guard


def confine(
    *,
    readable: Sequence[Path],
    writable: Sequence[Path] = (),
    named: Sequence[Path] = (),
    devices: Sequence[Path] = (),
) -> Confinement:
    """Leave this process only these folders and files, and what is under them.

    ``named``: folders in which files that are open already get their names, and no more.
    ``devices``: read, written and given orders. No power of root is left either, but to name a
    result anywhere. Raises ``SealError`` if it has threads already, which Landlock would not bind.
    """
    process.scrub_environment()
    process.leave_no_core()
    process.drop_capabilities()
    version = landlock.abi()
    if version and process.threads() > 1:
        raise SealError(
            "The process had threads before it was sealed.",
            "This is a bug of the program; report it.",
        )
    if version:
        landlock.restrict(readable, writable, version, named, devices)
    return Confinement(version, tuple(named))


def seal(
    confinement: Confinement,
    *,
    minimum: Collection[str],
    gpu: bool = False,
    serving: bool = False,
    opening: bool = True,
) -> SealReport:
    """Give up everything else, and try to get it back.

    ``opening``: whether files must still be opened. If not, nothing that :func:`confine` left is:
    seccomp takes the calls from all threads, Landlock the paths from this one and those it starts.

    ``minimum``: the layers without which nothing is done. ``serving``: whether the process answers
    callers on a socket that it inherited. Raises ``SealError`` if one of them is
    not to be had here, or if an attempt succeeds.
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
            f"This machine lacks {' and '.join(lacking)}, which the policy asks for.",
            "Use Linux 5.13 or newer with Landlock on, and install libseccomp2.",
        )
    if in_force["landlock"] and not opening:
        landlock.restrict((), (), confinement.landlock_abi, confinement.named)
    # Before the filter, which would answer in Landlock's place.
    attempts = self_test(seccomp=False, landlock=in_force["landlock"])
    if in_force["seccomp"]:
        seccomp.restrict(gpu=gpu, serving=serving, opening=opening)
        attempts += self_test(seccomp=True, landlock=False)
    if escaped := [attempt.what for attempt in attempts if not attempt.failed]:
        raise SealError(
            f"The seal does not hold: {', '.join(escaped)} went through.",
            "Nothing was read. Do not use this machine until it is known why.",
        )
    guard = Guard(serving=serving)
    guard.arm()
    layers = tuple(layer for layer, there in in_force.items() if there)
    return SealReport(layers, missing, confinement.landlock_abi, attempts, guard)
