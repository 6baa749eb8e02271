"""The lock files are what `make lock` would write from pyproject.toml."""

from __future__ import annotations

import re

import pytest

from tools.lock import FOLDER, locks

_PIN = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)")
_HASH = re.compile(r"\s+--hash=sha256:[0-9a-f]{64}(?: \\)?")


def pins(text: str) -> dict[str, str]:
    """The versions that the requirements ``text`` pin, by normalised name."""
    found = (_PIN.match(line) for line in text.splitlines())
    return {re.sub(r"[-_.]+", "-", m[1]).lower(): m[2] for m in found if m}


def read(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text()


def test_there_is_a_lock_for_each_environment_and_no_other() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.txt" for name in locks()}


@pytest.mark.parametrize("name", locks())
def test_a_lock_pins_what_pyproject_pins(name: str) -> None:
    wanted, locked = pins("\n".join(locks()[name])), pins(read(name))
    assert {package: locked.get(package) for package in wanted} == wanted


def test_pins_are_found_with_extras_and_markers() -> None:
    text = 'A_b.c[x,y]==1.0.post1 ; os_name == "nt" \\\n    --hash=sha256:00\nd>=1\n'
    assert pins(text) == {"a-b-c": "1.0.post1"}


@pytest.mark.parametrize("name", locks())
def test_every_package_in_a_lock_has_hashes(name: str) -> None:
    lines = read(name).splitlines()
    packages = [number for number, line in enumerate(lines) if _PIN.match(line)]
    assert packages
    for number in packages:
        assert lines[number].endswith("\\")
        assert _HASH.fullmatch(lines[number + 1]), lines[number]


@pytest.mark.parametrize("name", locks())
def test_all_locks_take_the_same_version_of_a_package(name: str) -> None:
    ours, first = pins(read(name)), pins(read("dev"))
    assert {p: v for p, v in ours.items() if p in first} == {
        p: v for p, v in first.items() if p in ours
    }
