"""A photo decoded in a sealed process of its own, for commands that cannot seal themselves.

``models optimize`` writes models and starts sessions for as long as it runs, so it gives up
nothing. What a crafted photo would take over is this process instead, which can only answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import BinaryIO

import msgspec
import numpy as np

from appliance.cli.process.input_files import decode_photo
from appliance.cli.process.sealing import ProcessSealing
from appliance.errors import ApplianceError, InputError
from appliance.pipeline.face_model.face import Image
from appliance.pipeline.media.photo.canvas import as_8_bit
from appliance.pipeline.media.photo.decode import Photo, in_colours_of

_HEADER = 64  # bytes, of JSON and blanks; the pixels follow


_REFUSED = b'{"message":'


class _Size(msgspec.Struct):
    height: int
    width: int


class _Refused(msgspec.Struct):
    message: str
    hint: str


def decode_isolated(file: BinaryIO, what: str) -> Photo:
    """The photo in ``file``, which is open for reading from its start, as 8-bit sRGB.

    ``what`` is how messages call it. Raises ``InputError``.
    """
    done = subprocess.run(  # noqa: S603 - this very module
        [sys.executable, "-m", "appliance.cli.process.isolated_decode", what],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # no thread before the seal, see cli.main
        check=False,
    )
    try:
        return Photo(_pixels(done.stdout))
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(
            f"{what}: The photo cannot be decoded.",
            "It is damaged or made to do damage; use another.",
        ) from error


def _pixels(answer: bytes) -> Image:
    if answer.startswith(_REFUSED):
        refused = msgspec.json.decode(answer, type=_Refused)
        raise InputError(refused.message, refused.hint)
    said = msgspec.json.decode(answer[:_HEADER].rstrip(), type=_Size)
    pixels = np.frombuffer(answer, np.uint8, offset=_HEADER)
    return pixels.reshape(said.height, said.width, 3)


def main() -> None:
    """Decode what is on stdin and write it to stdout."""
    sealing = ProcessSealing(frozenset())
    sealing.confine([], [])
    sealing.seal("cpu")
    try:
        photo = decode_photo(sys.stdin.buffer, sys.argv[1])
        pixels = as_8_bit(in_colours_of(photo, Photo(photo.pixels)).pixels)
    except ApplianceError as error:
        sys.stdout.buffer.write(msgspec.json.encode(_Refused(error.message, error.hint)))
        return
    size = msgspec.json.encode(_Size(*pixels.shape[:2]))
    sys.stdout.buffer.write(size.ljust(_HEADER) + pixels.tobytes())


if __name__ == "__main__":
    main()
