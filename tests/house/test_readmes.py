"""READMEs agree with the folders they describe.

A *table of files* is a Markdown table whose first column is headed ``file``, ``files``, ``folder``
or ``place``. In each of its rows, the code spans of the first cell name what the row is about:

- `` `name.py` `` is a file in the README's own folder,
- `` `name/` `` is a subfolder of it, `` `name/other.py` `` a file further down,
- `` `test_*.py` `` is a pattern, for files that the row describes together.

Below a heading that begins with `` `name/` `` all of this is relative to that subfolder, and its
files have to be named one by one.

All tables of files in one README together have to name everything in its folder that is committed,
except README.md itself, ``__init__.py`` and ``py.typed``. A file further down also names the
subfolder that it is in. A README without such a table is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import pytest

from tests.house.files import committed
from tests.paths import REPOSITORY

FOLDERS = ("appliance", "hardening", "image-build", "models", "policies", "tests", "tools")
HEADINGS = frozenset(("file", "files", "folder", "place"))
UNNAMED = frozenset(("README.md", "__init__.py", "py.typed"))

MAX_WORDS = 900
"""Of the README at the top."""

_CODE = re.compile(r"`([^`]+)`")
_SECTION = re.compile(r"#+ (?:`([^`]+/)`)?")
_RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")


def named(text: str) -> list[str]:
    """What the tables of files in the README ``text`` name, in order."""
    names, inside, folder = [], False, ""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if section := _SECTION.match(line):
            folder = section[1] or ""
        if not line.lstrip().startswith("|"):
            inside = False
            continue
        first = line.strip().strip("|").partition("|")[0].strip()
        if number + 1 < len(lines) and _RULE.fullmatch(lines[number + 1].strip()):
            inside = first.lower() in HEADINGS
        elif inside:
            names += [folder + name for name in _CODE.findall(first)]
    return names


def sections(text: str) -> frozenset[str]:
    """The subfolders that have a heading of their own in the README ``text``."""
    found = (_SECTION.match(line) for line in text.splitlines())
    return frozenset(section[1] for section in found if section and section[1])


def present(folder: PurePosixPath) -> dict[str, list[str]]:
    """What is committed in ``folder``: files with their name, subfolders with ``/`` after it.

    For each, the paths of its files relative to ``folder``.
    """
    found: dict[str, list[str]] = {}
    for path in committed(str(folder)):
        inner = path.relative_to(folder)
        name = inner.parts[0] if len(inner.parts) == 1 else f"{inner.parts[0]}/"
        found.setdefault(name, []).append(str(inner))
    return found


def differences(text: str, entries: dict[str, list[str]]) -> Iterator[str]:
    """What is wrong with the tables of files in ``text``, which describe ``entries``."""
    names = named(text)
    if not names:
        return
    paths = {*entries, *(path for paths in entries.values() for path in paths)}
    paths |= {f"{parent}/" for path in paths for parent in PurePosixPath(path).parents}
    for name in names:
        if not any(fnmatchcase(path, name) for path in paths):
            yield f"names {name}, which does not exist"
    for entry in sorted(entries.keys() - UNNAMED):
        covered = any(
            fnmatchcase(entry, name) or (entry.endswith("/") and name.startswith(entry))
            for name in names
        )
        if not covered:
            yield f"does not name {entry}"
    for folder in sections(text):
        for path in sorted(set(entries.get(folder, ())) - set(names)):
            if PurePosixPath(path).name not in UNNAMED and not _below(path, names):
                yield f"does not name {path}"


def _below(path: str, names: list[str]) -> bool:
    """Whether a name with ``/`` at its end, or a pattern, covers ``path``."""
    return any(fnmatchcase(path, f"{name}*" if name.endswith("/") else name) for name in names)


def readmes() -> list[str]:
    """The READMEs below the folders that have them."""
    return [str(path) for path in committed(*FOLDERS) if path.name == "README.md"]


@pytest.mark.parametrize("readme", readmes())
def test_a_table_of_files_names_all_of_its_folder_and_nothing_else(readme: str) -> None:
    path = PurePosixPath(readme)
    text = (REPOSITORY / path).read_text()
    assert list(differences(text, present(path.parent))) == []


def test_a_missing_an_extra_and_a_stale_entry_are_found() -> None:
    entries = {
        "README.md": ["README.md"],
        "a.py": ["a.py"],
        "b.py": ["b.py"],
        "sub/": ["sub/c.py"],
        "test_x.py": ["test_x.py"],
    }

    def table(*rows: str, heading: str = "file") -> str:
        lines = [f"| {heading} | holds |", "| --- | --- |", *(f"| {row} | x |" for row in rows)]
        return "\n".join(["# Title", "", *lines, ""])

    sound = ("`a.py`, `b.py`", "`sub/`", "`test_*.py`")
    assert not list(differences(table(*sound), entries))
    assert not list(differences(table("`a.py`, `b.py`", "`sub/c.py`", "`test_*.py`"), entries))
    assert list(differences(table(*sound[1:]), entries)) == [
        "does not name a.py",
        "does not name b.py",
    ]
    assert list(differences(table(*sound, "`gone.py`"), entries)) == [
        "names gone.py, which does not exist"
    ]
    assert list(differences(table(*sound, "`sub/gone.py`"), entries)) == [
        "names sub/gone.py, which does not exist"
    ]
    assert not list(differences(table("`gone.py`", heading="layer"), entries))


def test_the_readme_at_the_top_is_short() -> None:
    words = (REPOSITORY / "README.md").read_text().split()
    assert len(words) <= MAX_WORDS
