"""``python -m tests.hostile`` makes the files again, and the README that says what each is."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.films import FILM_FILES
from tests.hostile.found import FOUND
from tests.hostile.photos import PHOTO_FILES

FILES = Path(__file__).parent / "files"

_HEAD = """\
# Hostile files

Each lies about something. `python -m tests.hostile` makes them and this list; those in \
`../found.py` are of kinds that fuzzing found. `../test_hostile.py` has a sealed process read each \
of them and write what it read: a clear refusal, or a sound result.

| file | what it is: it |
| --- | --- |
"""


def main() -> None:
    """Write all files."""
    FILES.mkdir(exist_ok=True)
    text = _HEAD
    for name, (what, make) in {**PHOTO_FILES, **FILM_FILES, **FOUND}.items():
        (FILES / name).write_bytes(make())
        text += f"| `{name}` | {what} |\n"
    (FILES / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
