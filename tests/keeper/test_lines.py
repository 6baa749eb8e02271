"""The code that runs as root stays small, and uses no third-party library."""

from __future__ import annotations

import sys

from tests.keeper.lines import code_lines, loaded, of_root

MOST = 600


def test_comments_and_docstrings_do_not_count_as_code() -> None:
    assert code_lines('"""Two\nlines."""\n\n# why\nX = (\n    1,\n)\n') == 3
    assert code_lines('def f() -> str:\n    """What."""\n    return "no docstring"\n') == 2


def test_it_is_small() -> None:
    lines = of_root()
    assert "appliance.keeper.wipe" in lines
    assert sum(lines.values()) < MOST, lines


def test_no_third_party_library_is_loaded() -> None:
    others = {name.partition(".")[0] for name in loaded()} - set(sys.stdlib_module_names)
    assert others == {"__main__", "appliance"}
