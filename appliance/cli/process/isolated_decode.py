"""Decodes a photo in a sealed process of its own, for a command that cannot seal itself.

``models optimize`` writes models and starts sessions for as long as it runs, so it keeps all its
access. A crafted photo that takes over its decoder gains this child process instead, which can do
nothing but answer: a header, then the pixels, each with its length as ``Connection`` frames it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Annotated, BinaryIO, Literal

import msgspec
import numpy as np

from appliance.cli.process.input_files import decode_photo
from appliance.cli.process.sealing import ProcessSealing
from appliance.error_causes import resource_error, restore_error
from appliance.errors import InputError
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.decode import MAX_PIXELS, Photo, in_colours_of

_MAX_HEADER = 4096  # bytes
_Side = Annotated[int, msgspec.Meta(ge=1)]


class Decoded(msgspec.Struct, frozen=True, tag=True):
    """The size of the photo in pixels; (height, width, 3) bytes of 8-bit sRGB follow."""

    height: _Side
    width: _Side


class Refused(msgspec.Struct, frozen=True, tag=True):
    """An error of class ``kind``; nothing follows."""

    kind: Literal["InputError", "ResourceError"]
    message: str
    hint: str


def decode_isolated(file: BinaryIO, what: str) -> Photo:
    """The photo in ``file``, which is open for reading at its start, as 8-bit sRGB.

    ``what`` is how messages call the file. Raises ``InputError``, or
    ``ResourceError`` if the child lacks memory.
    """
    receiver, sender = Pipe(duplex=False)
    with receiver:
        with sender:
            child = subprocess.Popen(  # noqa: S603 - this very module
                # -P: do not import modules from the current folder.
                [sys.executable, "-P", "-m", "appliance.cli.process.isolated_decode", what],
                stdin=file,
                stdout=sender.fileno(),
                stderr=subprocess.DEVNULL,
                # No thread may exist before the seal; see cli.main.
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            )
        with child:
            try:
                return Photo(_receive(receiver))
            except (EOFError, OSError, ValueError, msgspec.DecodeError) as error:
                raise InputError(
                    f"{what}: The photo cannot be decoded.",
                    "The file is damaged or was crafted to do damage; use another.",
                ) from error
            finally:
                child.kill()  # it may still be writing an answer that was not accepted


def _receive(receiver: Connection) -> Image:
    """The (h, w, 3) pixels. Raises what the child refused with, or what breaks the framing."""
    answer = msgspec.json.decode(receiver.recv_bytes(_MAX_HEADER), type=Decoded | Refused)
    if isinstance(answer, Refused):
        raise restore_error(answer.kind, answer.message, answer.hint)
    pixels = np.frombuffer(receiver.recv_bytes(3 * MAX_PIXELS), np.uint8)
    return pixels.reshape(answer.height, answer.width, 3)


def main() -> None:
    """Decode the photo on stdin and send it through stdout; the argument is what to call it."""
    sender = Connection(sys.stdout.fileno(), readable=False)
    sealing = ProcessSealing(frozenset())
    sealing.confine([], [])
    sealing.seal("cpu")
    try:
        photo = decode_photo(sys.stdin.buffer, sys.argv[1])
        canvas = in_colours_of(photo, Photo(photo.pixels)).canvas
        pixels = canvas.read(Box(0, 0, canvas.width, canvas.height))
    except Exception as error:
        refused = _refused(error)
        if refused is None:
            raise
        sender.send_bytes(msgspec.json.encode(refused))
        return
    sender.send_bytes(msgspec.json.encode(Decoded(*pixels.shape[:2])))
    sender.send_bytes(pixels.tobytes())


def _refused(error: Exception) -> Refused | None:
    """What to answer after ``error``; ``None`` if that is a bug."""
    if lacking := resource_error(error):
        return Refused("ResourceError", lacking.message, lacking.hint)
    return (
        Refused("InputError", error.message, error.hint) if isinstance(error, InputError) else None
    )


if __name__ == "__main__":
    main()
