"""What is left of a file in another: bytes as they are or packed, words, and the picture itself."""

from __future__ import annotations

import json
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.worker.polyglots import CANARY

_GROUPS_OF_A_FILE = frozenset(("System", "File", "ExifTool", "Composite"))


def hidden(data: bytes) -> Iterator[bytes]:
    """The bytes of a file, and those of whatever in it zlib can unpack, from each place on."""
    yield data
    for start in range(len(data) - 1):
        # RFC 1950, 2.2: the first two bytes of a stream, as a number, are a multiple of 31.
        if data[start] & 0x8F == 8 and (data[start] << 8 | data[start + 1]) % 31 == 0:
            try:
                unpacked = zlib.decompressobj().decompress(data[start:], 64 << 20)
            except zlib.error:
                continue
            if len(unpacked) >= len(CANARY):
                yield unpacked


def holds_canary(data: bytes) -> bool:
    """Whether the canary is in ``data`` as it is, in UTF-16, or packed."""
    words = CANARY.decode()
    forms = (
        CANARY,
        words.encode("utf-16-le"),
        words.encode("utf-16-be"),
        words.encode("utf-32-le"),
    )
    return any(form in part for part in hidden(data) for form in forms)


def metadata(path: Path) -> dict[str, Any]:
    """What exiftool finds in the file, by group and name."""
    command = ["exiftool", "-j", "-a", "-G1", "-u", "-ee", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    (found,) = json.loads(done.stdout)
    return {
        name: value
        for name, value in found.items()
        if name != "SourceFile" and name.partition(":")[0] not in _GROUPS_OF_A_FILE
    }


def psnr(one: Any, other: Any) -> float:
    """Peak signal-to-noise ratio of two pictures with 8 bits, in dB."""
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))
