"""The files that media code reads and writes: open files, never paths."""

from __future__ import annotations

from typing import Protocol


class ReadableFile(Protocol):
    """A readable, seekable binary file."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        ...

    def seek(self, offset: int, whence: int, /) -> int:
        """As ``io.IOBase`` has it."""
        ...

    def tell(self) -> int:
        """As ``io.IOBase`` has it."""
        ...


class WritableFile(Protocol):
    """A writable, seekable binary file; each write takes all it is given, or raises."""

    def write(self, data: bytes, /) -> int:
        """Write all of ``data``."""
        ...

    def seek(self, offset: int, whence: int, /) -> int:
        """As ``io.IOBase`` has it."""
        ...

    def tell(self) -> int:
        """As ``io.IOBase`` has it."""
        ...
