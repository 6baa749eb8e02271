"""Reads what a released file carries, in a sealed process of its own.

Commands that inspect a file go on to open others, or start programs, so they cannot seal
themselves; and a file that claims to be released may be anything. The child is a program that is
started afresh, so that it has nothing of what its parent knows, such as a key that signs. It gets
the file, the anchors and the key of watermarks, and can do nothing but answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import BinaryIO, Final, TypeAlias

import msgspec

from appliance.cli.process.sealing import ProcessSealing
from appliance.errors import ReleaseError
from appliance.pipeline.media.preload import load_media_libraries
from appliance.pipeline.pool.messages import Failure
from appliance.release.inspection import FileInspection, inspect_file
from appliance.release.provenance.preload import load_provenance

_MOST: Final = 1 << 20  # bytes of a question or an answer


class _Asked(msgspec.Struct, frozen=True):
    anchors: str
    watermark_key: bytes | None


class _Inspected(msgspec.Struct, frozen=True, tag=True):
    carries: FileInspection


_Answer: TypeAlias = _Inspected | Failure
_DECODER: msgspec.json.Decoder[_Answer] = msgspec.json.Decoder(_Answer)


def inspect_isolated(file: BinaryIO, anchors: str, watermark_key: bytes | None) -> FileInspection:
    """As ``inspect_file``, of ``file``, which is open for reading.

    Raises what the child refuses the file with, and ``ReleaseError`` if that crashed it.
    """
    child = subprocess.run(  # noqa: S603 - this very module
        [sys.executable, "-P", "-m", __name__, str(file.fileno())],
        input=msgspec.json.encode(_Asked(anchors, watermark_key)),
        capture_output=True,
        pass_fds=[file.fileno()],
        # No thread may exist before the seal; see cli.main.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    try:
        answer = _DECODER.decode(child.stdout[:_MOST])
    except msgspec.DecodeError as error:
        raise ReleaseError(
            "The file crashed the process that read it.", "Do not trust this file."
        ) from error
    if isinstance(answer, Failure):
        raise answer.exception()
    return answer.carries


def main() -> None:
    """Inspect the file with the descriptor that is the argument; the rest comes by stdin."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(_MOST), type=_Asked)
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        answer = _outcome(file, asked)
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    sys.stdout.buffer.flush()


def _outcome(file: BinaryIO, asked: _Asked) -> _Answer:
    try:
        load_media_libraries()
        load_provenance()
        sealing = ProcessSealing(frozenset())
        sealing.confine([], [])
        sealing.seal("cpu")
        return _Inspected(inspect_file(file, asked.anchors, asked.watermark_key))
    except Exception as error:  # noqa: BLE001 - the command raises it
        return Failure.of(error)


if __name__ == "__main__":
    main()
