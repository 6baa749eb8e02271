"""The folder in the outbox in which a disc is put together, and from which it is burned.

It is made, with the folders in it, before the process seals itself: no system call is left that
makes or removes one. The burner, which is another user, may read what is there by the descriptor
that it is given; nobody else gets past the outbox.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from appliance.errors import OutputError
from appliance.files.folder import open_folder
from appliance.files.output import as_output_error

STAGE: Final = "stage"
"""Name of the folder in the outbox."""

_FOLDERS: Final = ("results", "ledger", "audit", "DICOM")
_READABLE = 0o755


class Stage:
    """The folder of one outbox, which must be there before the seal: see ``prepare``."""

    def __init__(self, outbox: Path) -> None:
        self._folder = outbox / STAGE

    def prepare(self) -> None:
        """Make it, empty; where there is no outbox, nothing. Before the seal."""
        os.umask(0o022)  # what is staged, the burner must be able to read
        with suppress(OSError):  # what is lacking is said when it is needed
            shutil.rmtree(self._folder, ignore_errors=True)
            for folder in (self._folder, *(self._folder / name for name in _FOLDERS)):
                folder.mkdir(_READABLE)

    @contextmanager
    def empty(self) -> Iterator[Path]:
        """The folder, without any file; whatever happens, there is none in it afterwards.

        Raises ``OutputError`` if it is missing or cannot be emptied.
        """
        if not all((self._folder / name).is_dir() for name in _FOLDERS):
            raise OutputError(
                "There is no folder in which a disc can be put together.",
                "Try again; see the journal of the releaser.",
            )
        self._remove_files()
        try:
            yield self._folder
        finally:
            self._remove_files()

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of the folder, for the burner. Raises ``OutputError``."""
        with ExitStack() as stack:
            try:
                descriptor = stack.enter_context(open_folder(self._folder))
            except OSError as error:
                raise as_output_error(error) from error
            yield descriptor

    def _remove_files(self) -> None:
        try:
            for path in list(self._folder.rglob("*")):
                if path.is_symlink() or not path.is_dir():
                    path.unlink()
        except OSError as error:
            raise as_output_error(error) from error
