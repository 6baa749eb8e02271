"""The folder in which a disc is put together, and from which it is burned.

It is made, with the one folder in it, before the process seals itself: no system call is left that
makes or removes one. The burner, which is another user, may read what is there by the descriptor
that it is given; everybody else is kept out by the folder above.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from appliance.errors import OutputError
from appliance.files.folder import open_folder

LEDGER: Final = "ledger"
"""Name of the folder on a disc that is a bundle."""

_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Stage:
    """Below ``folder``, which exists."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "stage"

    def prepare(self) -> None:
        """Make it, empty. Before the seal. Raises ``OutputError``."""
        os.umask(0o022)  # what is staged, the burner must be able to read
        try:
            shutil.rmtree(self._folder, ignore_errors=True)
            (self._folder / LEDGER).mkdir(0o755, parents=True)
        except OSError as error:
            raise OutputError(
                "There is no folder in which a disc can be put together.",
                "See RuntimeDirectory= in the unit of the auditor.",
            ) from error

    @contextmanager
    def filled(self, files: Mapping[str, bytes]) -> Iterator[int]:
        """A descriptor of the folder, with ``files`` by their names; afterwards it is empty.

        Raises ``OutputError`` if there is no room for them.
        """
        try:
            self._remove_files()
            for name, data in files.items():
                with os.fdopen(os.open(self._folder / name, _WRITE, 0o644), "wb") as file:
                    file.write(data)
            with open_folder(self._folder) as descriptor:
                yield descriptor
        except OSError as error:
            raise OutputError(
                "What is to be on the disc cannot be put together.",
                "Export less at a time: a session, or a span of days.",
            ) from error
        finally:
            self._remove_files()

    def _remove_files(self) -> None:
        for path in [*self._folder.iterdir(), *(self._folder / LEDGER).iterdir()]:
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
