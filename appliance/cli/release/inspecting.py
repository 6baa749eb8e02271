"""Reads what a file carries in a sealed child, since its parent goes on to open other files."""

from __future__ import annotations

import os
import signal
from typing import BinaryIO, NoReturn, TypeAlias

import msgspec

from appliance.cli.framework.run_context import Sealing
from appliance.errors import ReleaseError
from appliance.pipeline.media.preload import load_media_libraries
from appliance.pipeline.pool.messages import Failure
from appliance.release.inspection import FileInspection, inspect_file
from appliance.release.provenance.preload import load_provenance
from appliance.seal.process import close_all_but

_LARGEST = 1 << 20  # bytes of an answer
_CHUNK = 1 << 16


class _Inspected(msgspec.Struct, frozen=True, tag=True):
    found: FileInspection


_Answer: TypeAlias = _Inspected | Failure
_DECODER: msgspec.json.Decoder[_Answer] = msgspec.json.Decoder(_Answer)


def inspect_in_child(
    file: BinaryIO, anchors: str, watermark_key: bytes | None, sealing: Sealing
) -> FileInspection:
    """As ``inspect_file``; call it while this process has one thread.

    Raises what the child refuses the file with, and ``ReleaseError`` if that crashed it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _run(file, writer, anchors, watermark_key, sealing)
    os.close(writer)
    answer = bytearray()
    with os.fdopen(reader, "rb", buffering=0) as received:
        while len(answer) < _LARGEST and (part := received.read(_CHUNK)):
            answer += part
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        decoded = _DECODER.decode(answer)
    except msgspec.DecodeError as error:
        raise ReleaseError(
            "The file crashed the process that read it.", "Do not trust this file."
        ) from error
    if isinstance(decoded, Failure):
        raise decoded.exception()
    return decoded.found


def _run(
    file: BinaryIO, writer: int, anchors: str, watermark_key: bytes | None, sealing: Sealing
) -> NoReturn:
    """Ends in ``os._exit`` whatever happens: this copy must not run the command's code."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        close_all_but([file.fileno(), writer])
        rest = memoryview(msgspec.json.encode(_outcome(file, anchors, watermark_key, sealing)))
        while rest:
            rest = rest[os.write(writer, rest) :]
    finally:
        os._exit(0)


def _outcome(
    file: BinaryIO, anchors: str, watermark_key: bytes | None, sealing: Sealing
) -> _Inspected | Failure:
    try:
        load_media_libraries()
        load_provenance()
        sealing.confine([], [])
        sealing.seal("cpu")
        return _Inspected(inspect_file(file, anchors, watermark_key))
    except BaseException as error:  # noqa: BLE001 - the command raises it
        return Failure.of(error)
