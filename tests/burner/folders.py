"""Folders to be burned, and programs in the place of xorriso."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from appliance.burner.burn import Burned, Progress, burn
from appliance.burner.medium import Drive, ImageFile
from appliance.burner.xorriso import XORRISO

DATE = 1_764_500_000  # seconds since 1970
BLOCK = 2048


def contents() -> Mapping[str, bytes]:
    """One file ends within a sector, one with it."""
    return {
        "index.html": b"<p>hello</p>",
        "results/release-12.jpg": bytes(range(256)) * 2000,
        "results/release-13.jpg": b"x" * (3 * BLOCK),
    }


def filled(folder: Path, files: Mapping[str, bytes] | None = None) -> Path:
    for name, data in (files or contents()).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def burn_image(
    folder: Path,
    image: Path,
    program: str = XORRISO,
    progress: Progress = lambda _: None,
) -> Burned:
    with opened(folder) as descriptor, image.open("x+b") as file:
        return burn(
            descriptor,
            ImageFile(file.fileno()),
            "RELEASE_12",
            DATE,
            progress=progress,
            program=program,
        )


def burn_drive(folder: Path, drive: Path, program: str, progress: Progress | None = None) -> Burned:
    """To the file ``drive`` as if it were a drive: ``program`` says of it what a drive would."""
    with opened(folder) as descriptor:
        return burn(
            descriptor,
            Drive(f"stdio:{drive}"),
            "RELEASE_12",
            DATE,
            progress=progress or (lambda _: None),
            program=program,
        )


def instead(folder: Path, script: str) -> str:
    """A program in xorriso's place: a shell script, in which ``$xorriso`` is the real one."""
    program = folder / "xorriso-instead"
    program.write_text(f"#!/bin/bash\nxorriso={XORRISO}\n{script}\n")
    program.chmod(0o755)
    return str(program)


def says(folder: Path, *, kind: str = "DVD+R", before: str = "is blank", after: str = "") -> str:
    """xorriso on a file that it calls a disc of ``kind``, with these states."""
    after = after or "is written , is closed"
    return instead(
        folder,
        "set -o pipefail\n"
        f'"$xorriso" "$@" | sed -u -e "s/stdio file, overwriteable/{kind}/"'
        f' -e "s/\\(Media status :\\) is blank/\\1 {before}/"'
        f' -e "s/\\(Media status :\\) is written.*/\\1 {after}/"',
    )
