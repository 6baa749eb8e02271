"""Released stills for the tests of DICOM, and the programs that judge what becomes of them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from appliance.pipeline.media.photo.photo import Photo
from appliance.release.dicom.files import DicomOptions, dicom_files
from appliance.release.facts import ReleaseFacts
from appliance.release.record import ReleaseRecord
from appliance.release.still import released_still
from tests.release.signed import WATERMARK_KEY, photo, signing_key

SIGNED: Final = 1_795_500_000_000  # 2026-11-24 06:00 UTC


@cache
def still(number: int = 12) -> bytes:
    facts = ReleaseFacts(number, "simulation", "")
    return released_still(_photo(number), "jpeg", facts, signing_key(), WATERMARK_KEY)


def _photo(number: int) -> Photo:
    """No two are alike, as no two results are."""
    pixels = photo().pixels.copy()
    pixels[-8:, -8:] = np.arange(8)[:, None] * 16 + number % 100
    return replace(photo(), pixels=pixels)


def record_of(jpeg: bytes, number: int = 12) -> ReleaseRecord:
    digest = sha256(jpeg).hexdigest()
    return ReleaseRecord(number, "simulation", "photo", "jpeg", 64 * "0", digest, len(jpeg), SIGNED)


def disc(options: DicomOptions | None = None, *numbers: int) -> Mapping[str, bytes]:
    """The files of a disc with the releases of these numbers."""
    chosen = [(record_of(still(number), number), still(number)) for number in numbers or (12,)]
    return dicom_files(chosen, options or DicomOptions())


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def judge(program: str, *words: str | Path, folder: Path | None = None) -> tuple[int, str]:
    """The exit code of a program of Debian, and all that it printed."""
    done = subprocess.run(
        [f"/usr/bin/{program}", *words],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout
