"""The image under Secure Boot: python -m tests.lab.image.secure_boot DISK CERTIFICATE FOLDER.

DISK: the image, raw, which is not written. CERTIFICATE: of the site's key for Secure Boot, which is
all that the firmware is given to trust. FOLDER gets tables of checks, consoles and pictures.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lab.image import damage
from tests.lab.image.bench import DISK_GIB, LOGIN, Bench
from tests.lab.image.machine import EMPTY_VARIABLES, Hardware
from tests.lab.tools_root import ROOT

_KERNEL = "Running in initrd"
_OWNER = "5d2f3a7c-90e1-4b6c-8d1e-6f0b9a4c7e35"
_LONG = 300.0  # seconds, in which an emulated machine has its kernel up three times


def enrol(certificate: Path, variables: Path) -> None:
    """Write what firmware remembers once its owner has enrolled ``certificate`` in its setup.

    It is platform key, key exchange key and all of the list of what may start.
    """
    work = Path(tempfile.mkdtemp(prefix="enrol.", dir=ROOT / "tmp"))
    try:
        shutil.copy(certificate, work / "certificate.pem")
        trusted = (_OWNER, f"/tmp/{work.name}/certificate.pem")  # noqa: S108 - of the other root
        subprocess.run(
            [
                *("chroot", str(ROOT), "virt-fw-vars", "--input", f"/{EMPTY_VARIABLES}"),
                *("--set-pk", *trusted, "--add-kek", *trusted, "--add-db", *trusted, "--sb"),
                *("--output", f"/tmp/{work.name}/variables.fd"),  # noqa: S108
            ],
            check=True,
            capture_output=True,
        )
        shutil.copy(work / "variables.fd", variables)
    finally:
        shutil.rmtree(work)


def started(bench: Bench) -> None:
    """The image as it was built starts."""
    with bench.boot() as boot:
        shown, seconds = boot.until_shown(LOGIN, "login")
        bench.check("the image as built", "login screen", holds=shown, seconds=seconds)


def refused(bench: Bench) -> None:
    """One bit of the kernel image is another, in a part that does not matter to what runs."""
    (name,) = damage.entries(bench.disk)
    damage.flip_in_entry(bench.disk, name, b".osrel")
    with bench.boot() as boot:
        word, seconds = boot.until(_KERNEL, seconds=_LONG)
        boot.look("refused")
        bench.check("one bit changed: no kernel", "console", holds=not word, seconds=seconds)


def started_without(bench: Bench) -> None:
    """The same disk in a machine that does not look at signatures: the bit did no other harm."""
    with bench.boot() as boot:
        word, seconds = boot.until(_KERNEL)
        bench.check(
            "a control: it starts without Secure Boot", "console", holds=bool(word), seconds=seconds
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.image.secure_boot")
    parser.add_argument("disk", type=Path)
    parser.add_argument("certificate", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True)
    enrol(options.certificate, folder / "variables.fd")
    enforcing = Hardware(disk_gib=DISK_GIB, secure_boot=True, variables=folder / "variables.fd")
    guarded = Bench(options.disk.resolve(), folder / "enforcing", enforcing)
    started(guarded)
    refused(guarded)
    open_ = Bench(guarded.disk, folder / "not-enforcing")
    started_without(open_)
    return 1 if guarded.failed + open_.failed else 0


if __name__ == "__main__":
    sys.exit(main())
