"""The file that FFmpeg writes into, which never raises into FFmpeg."""

from __future__ import annotations

from appliance.files.output import as_output_error
from appliance.pipeline.media.streams import WritableFile


class GuardedFile:
    """Keeps the first failure of ``file`` and then ignores all further calls.

    FFmpeg's callbacks survive one exception only: it prints a second one on stderr, and with it
    the path. After ``close`` nothing more is written: PyAV would write an index on its way out.
    """

    def __init__(self, file: WritableFile) -> None:
        self.error: Exception | None = None
        self._file = file
        self._is_closed = False

    def write(self, data: bytes) -> int:
        """Write ``data`` unless something has failed. The number of bytes taken, always all."""
        if self._is_usable:
            try:
                self._file.write(data)
            except OSError as error:
                self.error = as_output_error(error)
            except Exception as error:  # noqa: BLE001 - raised by check, outside of FFmpeg
                self.error = error
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As ``io.IOBase`` has it; ``offset`` once something has failed."""
        if not self._is_usable:
            return offset
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = as_output_error(error)
            return offset

    def tell(self) -> int:
        """As ``io.IOBase`` has it; 0 once something has failed."""
        return self._file.tell() if self._is_usable else 0

    def check(self) -> None:
        """Raises the first failure, an ``OutputError`` if the file could not be written."""
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Write nothing more. The file itself stays open."""
        self._is_closed = True

    @property
    def _is_usable(self) -> bool:
        return self.error is None and not self._is_closed
