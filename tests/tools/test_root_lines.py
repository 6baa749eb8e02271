"""Little code runs as root, and no third-party library with it."""

from __future__ import annotations

import sys

from tools.root_lines import code_lines, loaded_modules, root_lines

LIMIT = 600


def test_comments_and_docstrings_are_not_counted() -> None:
    assert code_lines('"""Two\nlines."""\n\n# why\nX = (\n    1,\n)\n') == 3
    assert code_lines('def f() -> str:\n    """What."""\n    return "no docstring"\n') == 2


def test_the_code_that_runs_as_root_stays_small() -> None:
    lines = root_lines()
    assert "appliance.keeper.wipe" in lines
    assert sum(lines.values()) < LIMIT, lines


def test_the_keeper_loads_only_the_standard_library_and_our_own_code() -> None:
    foreign = {name.partition(".")[0] for name in loaded_modules()} - set(sys.stdlib_module_names)
    assert foreign == {"__main__", "appliance"}
