"""A result that appears under its name only when it is complete."""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
from contextlib import suppress
from types import TracebackType
from typing import Self

from appliance.error_causes import resource_error
from appliance.errors import ApplianceError, OutputError
from appliance.files.reasons import reason_of

_NO_TMPFILE = frozenset((errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT))
_PRIVATE, _BY_UMASK = 0o600, 0o666


class PendingOutput:
    """A file being written, nameless until ``commit``.

    It is an ``O_TMPFILE`` in the destination folder, so that a crash leaves nothing; where the
    file system has none it is a hidden ``.part`` file, removed on any failure. The folder is
    opened once, here: all later steps go through its descriptor, which also works after the
    process has given up opening paths, and a folder swapped underneath changes nothing.

    Use it as a context manager; leaving without ``commit`` drops what was written::

        with PendingOutput(path) as output:
            output.file.write(data)
            output.commit()
    """

    def __init__(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, shared: bool = False
    ) -> None:
        """Prepare to write ``path``.

        Only its owner can read the file, unless it is ``shared``: then it gets the permissions of
        the file that it replaces or, where there is none, those that the umask leaves, as with
        any other program.

        Raises ``OutputError`` if the folder is missing or may not be written, if the name is a
        folder, a symbolic link (it might lead anywhere) or not a plain file, or if it is taken and
        ``overwrite`` is not set.
        """
        folder, self._name = os.path.split(os.fspath(path))
        self._overwrite = overwrite
        self._part: str | None = None
        self._folder = -1
        if self._name in ("", ".", ".."):
            raise OutputError("The output is a folder.", "Name the file to write.")
        try:
            self._folder = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            replaced = self._check_name()
            self.file = OutputFile(self._open(_BY_UMASK if shared else _PRIVATE))
            if shared and replaced is not None:
                # The bits alone: what runs as another user is never written here.
                os.fchmod(self.file.fileno(), replaced & 0o777)
        except OSError as error:
            self._close_folder()
            raise as_output_error(error) from error
        except BaseException:
            self._close_folder()
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drop the file unless it was committed."""
        self.discard()

    def commit(self, suffix: str = "") -> None:
        """Give the complete file its name, durably. Raises ``OutputError``.

        ``suffix``: appended to the name, where the kind of file was not known before.
        """
        self._name += suffix
        try:
            os.fsync(self.file.fileno())
            self._check_name()
            self._publish()
            os.fsync(self._folder)
        except OSError as error:
            self.discard()
            raise as_output_error(error) from error
        except BaseException:
            self.discard()
            raise
        self.discard()

    def discard(self) -> None:
        """Drop what was written, unless it was committed; may be repeated."""
        with suppress(OSError):
            self.file.close()
        self._remove_part()
        self._close_folder()

    def _check_name(self) -> int | None:
        """The mode of the file that will be replaced; ``None`` if there is none."""
        try:
            there = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(there.st_mode):
            raise OutputError("The output is a symbolic link.", "Name the file itself.")
        if stat.S_ISDIR(there.st_mode):
            raise OutputError("The output is a folder.", "Name the file to write.")
        if not stat.S_ISREG(there.st_mode):
            raise OutputError("The output is not a plain file.", "Name a plain file.")
        if not self._overwrite:
            raise OutputError("The output exists already.", "Choose another name or overwrite it.")
        return there.st_mode

    def _open(self, mode: int) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC
        try:
            return os.open(".", flags | os.O_TMPFILE, mode, dir_fd=self._folder)
        except OSError as error:
            if error.errno not in _NO_TMPFILE:
                raise
        part = self._hidden_name()
        descriptor = os.open(
            part, flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=self._folder
        )
        self._part = part
        return descriptor

    def _publish(self) -> None:
        if self._part is None and not self._overwrite:
            self._link(self._name)
            return
        if self._part is None:
            # A link never replaces a file, a rename does: give it a hidden name, then rename it.
            part = self._hidden_name()
            self._link(part)
            self._part = part
        if self._overwrite:
            os.rename(self._part, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._part = None
            return
        # A link, unlike a rename, fails if the name was taken meanwhile.
        os.link(self._part, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _link(self, name: str) -> None:
        """Name the nameless file; needs ``/proc``, as linking by descriptor alone is for root."""
        source = f"/proc/self/fd/{self.file.fileno()}"
        os.link(source, name, dst_dir_fd=self._folder, follow_symlinks=True)

    def _hidden_name(self) -> str:
        return f".{secrets.token_hex(8)}.part"

    def _remove_part(self) -> None:
        if self._part is not None:
            with suppress(OSError):
                os.unlink(self._part, dir_fd=self._folder)
            self._part = None

    def _close_folder(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


class OutputFile(io.RawIOBase):
    """A seekable binary file whose writes are complete or raise ``OutputError``."""

    def __init__(self, descriptor: int) -> None:
        """Take over ``descriptor``, open for reading and writing."""
        super().__init__()
        self._raw = io.FileIO(descriptor, "r+b")

    def write(self, data: object, /) -> int:
        """Write all of ``data``. Raises ``OutputError``, for instance if the disk is full."""
        rest = memoryview(data).cast("B")  # type: ignore[arg-type]
        total = len(rest)
        try:
            while rest:
                rest = rest[self._raw.write(rest) or 0 :]
        except OSError as error:
            raise as_output_error(error) from error
        return total

    def readinto(self, buffer: object, /) -> int | None:
        """See :class:`io.RawIOBase`; muxers read back what they wrote."""
        return self._raw.readinto(buffer)  # type: ignore[arg-type]

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """See :class:`io.RawIOBase`."""
        return self._raw.seek(offset, whence)

    def truncate(self, size: int | None = None, /) -> int:
        """See :class:`io.RawIOBase`."""
        return self._raw.truncate(size)

    def fileno(self) -> int:
        """See :class:`io.RawIOBase`."""
        return self._raw.fileno()

    def close(self) -> None:
        """See :class:`io.RawIOBase`."""
        self._raw.close()
        super().close()

    def readable(self) -> bool:
        """True."""
        return True

    def writable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True


def as_output_error(error: OSError) -> ApplianceError:
    """The error that tells the user what to do about ``error``, without its path."""
    if lacking := resource_error(error):
        return lacking
    if error.errno == errno.EEXIST:
        return OutputError("The output exists already.", "Choose another name or overwrite it.")
    reason = reason_of(error)
    return OutputError(f"The result cannot be written: {reason.why}.", reason.hint)
