"""What no committed file may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.house.files import committed
from tests.paths import REPOSITORY

# Where workplaces and build services check projects out, as the start of an absolute path.
_MACHINE_PATH = re.compile(r"(?<![\w.~}*/-])/(?:work|workspace|builds|Users)/\w")
_URL_OR_INDEX = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host")


def texts(*folders: str) -> Iterator[tuple[str, str]]:
    """Names and contents of the committed text files below ``folders``."""
    for path in committed(*folders):
        file = REPOSITORY / path
        if file.is_file():
            try:
                yield str(path), file.read_text()
            except UnicodeDecodeError:
                continue


def test_no_file_names_a_path_of_one_machine() -> None:
    assert _MACHINE_PATH.search("cd /work" + "/project")
    assert not _MACHINE_PATH.search("appliance/work/file")
    assert [name for name, text in texts() if _MACHINE_PATH.search(text)] == []


def test_no_lock_names_a_package_index() -> None:
    assert _URL_OR_INDEX.search("--index-url https:" + "//example.org/simple")
    locks = dict(texts("requirements"))
    assert locks
    assert [name for name, text in locks.items() if _URL_OR_INDEX.search(text)] == []
