"""Input files: opened once, told apart by their content, never named in a message."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from appliance.errors import InputError, OutputError
from appliance.files.reasons import reason_of
from appliance.pipeline.media.kind import is_video, read_head
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES, Photo, read_photo
from appliance.pipeline.media.unread_kind import UnknownKindError, check_kind, unknown_kind


def open_input(path: Path, what: str) -> BinaryIO:
    """``path`` for reading. ``what`` is how messages call it, such as "The target".

    Raises ``InputError`` unless it is a readable regular file with at least one byte.
    """
    try:
        # O_NONBLOCK: a named pipe is refused below instead of waiting for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _cannot_open(error, what) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise InputError(f"{what} is not a regular file.", "Name a photo or a video.")
    if status.st_size == 0:
        os.close(descriptor)
        raise InputError(f"{what} is empty (0 bytes).", "Copy it from the camera again.")
    return os.fdopen(descriptor, "rb")


def decode_photo(file: BinaryIO, what: str, *, video_too: bool = False) -> Photo:
    """The photo in ``file``. ``what`` is how messages call it. Raises ``InputError``.

    ``video_too``: a video would have been taken as well, which the message says.
    """
    with naming_file(what):
        if is_video(file):
            raise InputError("This is a video, not a photo.", "Use a single photo here.")
        check_kind(read_head(file), video_too=video_too)
        try:
            data = file.read(MAX_PHOTO_BYTES + 1)
        except OSError as error:
            reason = reason_of(error)
            raise InputError(f"It cannot be read: {reason.why}.", reason.hint) from error
        if len(data) > MAX_PHOTO_BYTES:
            raise InputError("The file is larger than a photo can be.", "Scale the photo down.")
        try:
            return read_photo(data)
        except UnknownKindError:
            raise unknown_kind(video_too=video_too) from None


@contextmanager
def naming_file(what: str) -> Iterator[None]:
    """Put ``what``, the role of a file, in front of the message of every ``InputError``."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{what}: {error.message}", error.hint) from error


def check_output(output: Path, inputs: Iterable[Path]) -> None:
    """Raise ``OutputError`` if ``output`` is one of ``inputs``, under this name or another."""
    for path in inputs:
        try:
            same = output.samefile(path)
        except OSError:
            continue  # one of the two does not exist: not the same, and opening it will fail
        if same:
            raise OutputError("The output is also an input.", "Write to another file.")


def _cannot_open(error: OSError, what: str) -> InputError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return InputError(f"{what} does not exist.", "Check the spelling of its name.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return InputError(f"{what} may not be read.", "Ask its owner for permission to read it.")
    if error.errno == errno.ENXIO:  # a socket
        return InputError(f"{what} is not a regular file.", "Name a photo or a video.")
    reason = reason_of(error)
    return InputError(f"{what} cannot be opened: {reason.why}.", reason.hint)
