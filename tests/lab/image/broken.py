"""Breaks the image on purpose, in real boots: python -m tests.lab.image.broken DISK FOLDER.

DISK: the image, raw, which is not written; ``root.erofs`` lies beside it. FOLDER gets the table of
checks, the console and pictures, and keeps the machine: ``--only`` goes on with it. ``--second``:
the folder of a second image of a higher version, with ``update.iso``, a disc that has its bundle;
``second_image.sh`` makes it. Ends with 1 if a check failed.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.lab.image import damage
from tests.lab.image.bench import DEBUG, LOGIN, PATIENCE, Bench, Boot
from tests.lab.image.canaries import sent
from tests.lab.image.site import write_reset
from tests.lab.image.visit_the_image import new_site

_BROKER = "Started appliance-broker.service"
_COUNTED = "appliance-audit-checkpoint.service: Deactivated successfully"
_FIRMWARE = "BdsDxe: starting"  # once each time that firmware starts what is on the disk
_REFUSED = "is not authorized for usage"
_USB = 3  # devices that are plugged in: a stick, a keyboard, a network card
_MINUTES = 60.0


@dataclass(frozen=True)
class Two:
    """Two images: that of the machine, and a newer one. ``root``: erofs, by version."""

    first: str
    second: str
    roots: dict[str, Path]
    disc: Path


def update(bench: Bench, two: Two) -> None:
    """An update is taken at boot; then things are plugged in. The disk is kept."""
    with bench.boot(two.disc) as boot:
        word, seconds = boot.until("The update is installed", "update: The update", "error: The")
        bench.check(
            "update from a disc", "in the drive at boot", holds="installed" in word, seconds=seconds
        )
        shown, seconds = boot.until_shown(LOGIN, "after-update")
        bench.check("login screen after it", "the same boot", holds=shown, seconds=seconds)
        started = boot.until(_BROKER)[0]  # so what is not there when all stays locked can be there
        bench.check("the broker starts", "console", holds=bool(started), seconds=seconds)
        # By now its tries may have been given back already.
        _good(bench, boot, two.first, was_started=True)
        _plug_in(bench, boot)
    names = damage.entries(bench.disk)
    wanted = [f"face-appliance_{two.first}+3.efi", f"face-appliance_{two.second}+3.efi"]
    bench.check(f"boot files {names}", "mdir", holds=names == wanted, seconds=seconds)
    bench.keep("yesterday")


def started(bench: Bench, two: Two) -> None:
    """The second image runs, and gets its tries back; its entry has fewer before that."""
    with bench.boot() as boot:
        boot.until("Running in initrd")
        names = damage.entries(bench.disk)
        wanted = f"face-appliance_{two.second}+2-1.efi"
        bench.check(
            f"it starts next: {names}", "mdir", holds=wanted in names, seconds=boot.running.seconds
        )
        holds, seconds = _good(bench, boot, two.second)
        bench.check("it gets its tries back", "mdir", holds=holds, seconds=seconds)
        shown, seconds = boot.until_shown(LOGIN, "second")
        bench.check("login screen", "picture", holds=shown, seconds=seconds)
    names = damage.entries(bench.disk)
    wanted = f"face-appliance_{two.second}+3.efi"
    bench.check(f"tries given back: {names}", "mdir", holds=wanted in names, seconds=0)
    bench.keep("both")


def damaged(bench: Bench, two: Two) -> None:
    """One bit of each block of an early file of the running root is flipped: the other slot."""
    _flip_root(bench, two, two.second)
    with bench.boot() as boot:
        word, seconds = boot.until("is corrupted")
        bench.check("verity finds it", "flipped bits", holds=bool(word), seconds=seconds)
        holds, seconds = _good(bench, boot, two.first)
        starts = boot.console.count(_FIRMWARE)
        bench.check(
            f"the other slot, after {starts - 1} restarts",
            "flipped bits in the running root",
            holds=holds,
            seconds=seconds,
        )
        shown, seconds = boot.until_shown(LOGIN, "other-slot")
        bench.check("login screen of the other slot", "picture", holds=shown, seconds=seconds)
    names = damage.entries(bench.disk)
    wanted = [f"face-appliance_{two.first}+3.efi", f"face-appliance_{two.second}+0-3.efi"]
    bench.check(f"boot files {names}", "mdir", holds=names == wanted, seconds=0)


def both(bench: Bench, two: Two) -> None:
    """Both roots are damaged: no program of the appliance starts."""
    _flip_root(bench, two, two.first)
    for version in (two.first, two.second):
        damage.set_tries(bench.disk, version, 1)
    with bench.boot() as boot:
        end = time.monotonic() + 6 * _MINUTES
        while boot.console.count(_FIRMWARE) < len(two.roots) + 2 and time.monotonic() < end:
            time.sleep(1)
        boot.look("both-damaged")
        word, _ = boot.until("appliance-", seconds=1)
        starts = boot.console.count(_FIRMWARE)
        bench.check(
            f"both damaged: nothing of the appliance starts in {starts} starts",
            "flipped bits in both roots",
            holds=not word and starts > 1,
            seconds=boot.running.seconds,
        )
    bench.put_back("both")


def other_line(bench: Bench, _two: Two) -> None:
    """Another kernel line from outside: /var stays locked, and the screen says so."""
    _locked(bench, "another kernel line (PCR 12)", "other-line", f"{DEBUG} lab.other=1")


def kernel_image(bench: Bench, two: Two) -> None:
    """One bit of the kernel's line in the file on the boot partition is flipped."""
    name = next(name for name in damage.entries(bench.disk) if two.second in name)
    damage.flip_in_entry(bench.disk, name, b".initrd")
    with bench.boot() as boot:
        holds, seconds = _good(bench, boot, two.first)
        starts = boot.console.count(_FIRMWARE)
        names = damage.entries(bench.disk)
        bench.check(
            f"flipped bit in the kernel image: {starts} starts, then {names}",
            "amid its initrd",
            holds=holds,
            seconds=seconds,
        )
        boot.look("kernel-image")
    bench.put_back("both")


def put_back(bench: Bench, _two: Two) -> None:
    """The disk of yesterday, after the TPM has counted: the boot record says so."""
    with bench.boot() as boot:
        word, seconds = boot.until(_COUNTED)
        bench.check("the TPM counts the ledger", "console", holds=bool(word), seconds=seconds)
    bench.put_back("yesterday")
    with bench.boot() as boot:
        word, seconds = boot.until("not the one that the TPM counted last")
        bench.check("rolled back is found", "console", holds=bool(word), seconds=seconds)
        boot.look("put-back")


def cuts(bench: Bench, two: Two) -> None:
    """The power is cut while an update is written, at random moments; then it starts again."""
    dice = random.Random()  # noqa: S311 - not for secrets
    bench.begin_again()
    moments = ("update: writing root", "update: reading back root", "update: writing root")
    for number, moment in enumerate(moments):
        with bench.boot(two.disc) as boot:
            word, _ = boot.until(moment, "The update is installed")
            time.sleep(dice.uniform(0, 10))
            seconds = boot.running.seconds
            line = boot.console.rpartition("update: ")[2].split("\r")[0].split("\n")[0]
        bench.check(f"power cut {number + 1} at: {line}", moment, holds=bool(word), seconds=seconds)
    with bench.boot() as boot:
        shown, seconds = boot.until_shown(LOGIN, "after-cuts")
        bench.check("login screen after power cuts", "picture", holds=shown, seconds=seconds)


def factory_reset(bench: Bench, _two: Two) -> None:
    """A bundle on a disc has all erased; the machine then starts as new and takes it."""
    site = new_site(bench.folder / "reset-site")
    bench.begin_again()
    with bench.boot(site.disc) as boot:
        boot.until_shown(LOGIN, "before-reset")
    before = damage.luks_uuid(bench.disk)
    with bench.boot(write_reset(site.disc.parent)) as boot:
        word, seconds = boot.until("Applying factory reset")  # systemd-repart, in the next start
        bench.check("a disc asks for a reset", "console", holds=bool(word), seconds=seconds)
        shown, seconds = boot.until_shown(LOGIN, "after-reset")
        starts = boot.console.count(_FIRMWARE)
        bench.check(
            f"the login screen, after {starts} starts", "the disc is still in the drive",
            holds=shown and starts == 2, seconds=seconds,
        )  # fmt: skip
    after = damage.luks_uuid(bench.disk)
    bench.check(
        f"another volume: {after} after {before}", "LUKS header of /var", holds=before != after,
        seconds=seconds,
    )  # fmt: skip


def _good(
    bench: Bench, boot: Boot, version: str, *, was_started: bool = False
) -> tuple[bool, float]:
    """Whether the image of ``version`` was started, and then got its tries back; and when.

    ``was_started``: that it was is known.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and boot.running.is_on():
        with suppress(subprocess.CalledProcessError):  # it was written just then
            names = damage.entries(bench.disk)
            was_started |= any(f"_{version}+2-1." in name for name in names)
            if was_started and any(f"_{version}+3." in name for name in names):
                return True, boot.running.seconds
        time.sleep(1)
    return False, boot.running.seconds


def _locked(bench: Bench, how: str, name: str, line: str) -> None:
    bench.machine.strings = (line,)
    bench.keep("before-that")
    try:
        with bench.boot() as boot:
            word, seconds = boot.until("emergency", _BROKER)
            bench.check("/var stays locked", how, holds=word == "emergency", seconds=seconds)
            shown, seconds = boot.until_shown("stays locked", name, 60)
            bench.check("the screen says so", how, holds=shown, seconds=seconds)
            console = boot.console
            bench.check(
                "no broker, nothing of /var mounted", how,
                holds=_BROKER not in console and "Mounted var.mount" not in console,
                seconds=boot.running.seconds,
            )  # fmt: skip
    finally:
        bench.machine.strings = (DEBUG,)
        bench.put_back("before-that")


def _plug_in(bench: Bench, boot: Boot) -> None:
    """Stick, keyboard and network cards, while it runs."""
    stick = bench.folder / "stick.raw"
    stick.write_bytes(bytes(1 << 20))
    before = len(boot.console)
    boot.running.plug_stick_in(stick)
    boot.running.plug_in("usb-kbd", "second-keyboard")
    captures = [boot.running.plug_network_in(usb=usb) for usb in (True, False)]
    time.sleep(_MINUTES / 2)
    after = boot.console[before:]
    (bench.folder / "plugged-in.txt").write_text(after)
    reads = boot.running.reads_of("stick")
    bench.check(f"the stick was read {reads} times", "QEMU", holds=reads == 0, seconds=30)
    refused = after.count(_REFUSED)
    bench.check(f"{refused} devices refused", "console", holds=refused >= _USB, seconds=30)
    left = [frame for capture in captures for frame in sent(capture)]
    bench.check(f"{len(left)} frames left", "filter-dump", holds=not left, seconds=30)


def _flip_root(bench: Bench, two: Two, version: str) -> None:
    start, _ = damage.partition(bench.disk, f"root-{version}")
    damage.flip(bench.disk, [start + at for at in damage.blocks_of(two.roots[version])])


STAGES: dict[str, Callable[[Bench, Two], None]] = {
    "update": update,
    "started": started,
    "damaged": damaged,
    "both": both,
    "other-line": other_line,
    "kernel-image": kernel_image,
    "put-back": put_back,
    "cuts": cuts,
    "factory-reset": factory_reset,
}


def main() -> int:
    """Run all, or some."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.image.broken")
    parser.add_argument("disk", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--second", type=Path, required=True, help="folder of a newer image")
    parser.add_argument("--only", nargs="*", choices=STAGES, default=list(STAGES))
    options = parser.parse_args()
    versions = [
        next(folder.glob("face-appliance_*.efi")).stem.split("_")[1]
        for folder in (options.disk.parent, options.second)
    ]
    roots = (options.disk.parent / "root.erofs", options.second / "root.erofs")
    pairs = dict(zip(versions, roots, strict=True))
    two = Two(versions[0], versions[1], pairs, options.second / "update.iso")
    bench = Bench(options.disk.resolve(), options.folder.resolve())
    for name in options.only:
        STAGES[name](bench, two)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
