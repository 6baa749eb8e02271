"""Reads what a released file carries, in a sealed process of its own.

``release burn`` starts another program afterwards, so it cannot seal itself; and a file that claims
to be released may be anything. The child gets the file, the anchors and the key of watermarks, and
can do nothing but answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import BinaryIO

import msgspec

from appliance.cli.process.input_files import decode_photo
from appliance.cli.process.sealing import ProcessSealing
from appliance.error_causes import restore_error
from appliance.errors import ApplianceError, ReleaseError
from appliance.pipeline.media.preload import load_media_libraries
from appliance.release.inspection import FileInspection, inspect_file
from appliance.release.provenance.preload import load_provenance
from appliance.release.watermark.reading import read_from_photo

_STILLS = frozenset(("jpeg", "png", "webp", "tiff"))
_MOST = 1 << 20  # bytes of an answer


class _Asked(msgspec.Struct, frozen=True):
    anchors: str
    watermark_key: bytes


class Inspected(msgspec.Struct, frozen=True, tag=True):
    """``watermark``: the number in the pixels of a photo; ``None`` if none was read."""

    carries: FileInspection
    watermark: int | None


class _Refused(msgspec.Struct, frozen=True, tag=True):
    kind: str
    message: str
    hint: str


def inspect_isolated(file: BinaryIO, anchors: str, watermark_key: bytes) -> Inspected:
    """What ``file``, open for reading, carries, and which number its pixels hold.

    Raises ``ReleaseError`` if it is of no kind that is released, or cannot be read.
    """
    asked = msgspec.json.encode(_Asked(anchors, watermark_key))
    child = subprocess.run(  # noqa: S603 - this very module
        [sys.executable, "-P", "-m", __name__, str(file.fileno())],
        input=asked,
        capture_output=True,
        pass_fds=[file.fileno()],
        # No thread may exist before the seal; see cli.main.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    try:
        answer = msgspec.json.decode(child.stdout[:_MOST], type=Inspected | _Refused)
    except msgspec.DecodeError as error:
        raise ReleaseError(
            "It cannot be inspected.", "It is damaged or was crafted to do damage; use another."
        ) from error
    if isinstance(answer, _Refused):
        raise restore_error(answer.kind, answer.message, answer.hint)
    return answer


def main() -> None:
    """Inspect the file with the descriptor that is the argument; the rest comes by stdin."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(_MOST), type=_Asked)
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        load_media_libraries()
        load_provenance()
        sealing = ProcessSealing(frozenset())
        sealing.confine([], [])
        sealing.seal("cpu")
        try:
            carries = inspect_file(file, asked.anchors)
            answer: Inspected | _Refused = Inspected(carries, _watermark(file, carries, asked))
        except ApplianceError as error:
            answer = _Refused(type(error).__name__, error.message, error.hint)
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    sys.stdout.buffer.flush()


def _watermark(file: BinaryIO, carries: FileInspection, asked: _Asked) -> int | None:
    """Of photos; what was never signed here is not decoded."""
    if not carries.trusted or carries.kind not in _STILLS:
        return None
    file.seek(0)
    with suppress(ApplianceError):  # too small to hold a mark
        return read_from_photo(decode_photo(file, "It"), asked.watermark_key).number
    return None


if __name__ == "__main__":
    main()
