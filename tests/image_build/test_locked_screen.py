"""What stands on the screen when /var stays locked: the kernel's own console has to show it."""

from __future__ import annotations

import configparser

from tests.paths import REPOSITORY

_ROOT = REPOSITORY / "image-build/root"
_UNIT = _ROOT / "etc/systemd/system/emergency.service"
_COLUMNS, _LINES = 80, 24  # of the smallest console


def test_the_unit_prints_a_text_that_the_image_has() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(_UNIT)
    program, text = unit["Service"]["ExecStart"].split()
    assert program == "/usr/bin/cat"
    assert unit["Service"]["StandardOutput"] == "tty"
    # As systemd's own unit of that name: nothing of what failed may be waited for.
    assert unit["Unit"]["DefaultDependencies"] == "no"
    lines = (_ROOT / text.removeprefix("/")).read_bytes().decode("ascii").splitlines()
    assert max(map(len, lines)) < _COLUMNS
    assert len(lines) < _LINES


def test_it_says_what_is_wrong_and_what_to_do() -> None:
    text = (_ROOT / "usr/share/appliance/locked.txt").read_text()
    assert "stays locked" in text
    assert "Switch the machine off" in text
