"""The files that a commit of the repository holds, or would hold."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.paths import REPOSITORY


def committed(*folders: str) -> Iterator[PurePosixPath]:
    """The files below ``folders``, relative to the repository; below all of it if none is given.

    Those that git tracks, and new ones that it does not ignore.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    listed = subprocess.check_output([*command, *folders], cwd=REPOSITORY, text=True)
    for name in sorted(listed.split("\0")):
        if name and (REPOSITORY / name).exists():
            yield PurePosixPath(name)
