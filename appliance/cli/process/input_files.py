"""Files that a command is given: opened once, told apart by content, never named in a message."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from appliance.errors import InputError, OutputError
from appliance.pipeline.media.kind import is_video
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES, Photo, read_photo


def open_input(path: Path, what: str) -> BinaryIO:
    """``path`` for reading. ``what`` is how messages call it, such as "The target".

    Raises ``InputError`` if there is no plain file with at least one byte that may be read.
    """
    try:
        # O_NONBLOCK: a named pipe is refused below instead of waiting for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _cannot_open(error, what) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise InputError(f"{what} is not a plain file.", "Name a photo or a video.")
    if status.st_size == 0:
        os.close(descriptor)
        raise InputError(f"{what} is empty: it holds 0 bytes.", "Copy it again from the camera.")
    return os.fdopen(descriptor, "rb")


def decode_photo(file: BinaryIO, what: str) -> Photo:
    """The photo in ``file``. Raises ``InputError``."""
    with naming_file(what):
        if is_video(file):
            raise InputError("This is a video, not a photo.", "Use a single photo here.")
        data = file.read(MAX_PHOTO_BYTES + 1)
        if len(data) > MAX_PHOTO_BYTES:
            raise InputError("The file is larger than a photo can be.", "Scale the photo down.")
        return read_photo(data)


@contextmanager
def naming_file(what: str) -> Iterator[None]:
    """Let an ``InputError`` say which file it is about."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{what}: {error.message}", error.hint) from error


def check_output(output: Path, inputs: Iterable[Path]) -> None:
    """Raise ``OutputError`` if ``output`` is one of ``inputs``, by whatever name."""
    for path in inputs:
        try:
            same = output.samefile(path)
        except OSError:
            continue  # one of them is not there: not the same, and opening it will say so
        if same:
            raise OutputError("The output is also an input.", "Write to another file.")


def _cannot_open(error: OSError, what: str) -> InputError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return InputError(f"{what} does not exist.", "Check how its name is spelt.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return InputError(f"{what} may not be read.", "Ask whoever owns it for the permission.")
    name = errno.errorcode.get(error.errno or 0, "unknown error")
    return InputError(f"{what} cannot be opened ({name}).", "Check the disk it is on.")
