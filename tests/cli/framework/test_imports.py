from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from appliance.cli.framework.imports import import_for_good

FROZEN = """
import gc
from appliance.cli.framework.imports import import_for_good
searches = [kind["collections"] for kind in gc.get_stats()]
module = import_for_good("appliance.cli.swap.command")
print(searches == [kind["collections"] for kind in gc.get_stats()], gc.isenabled())
kept = gc.get_freeze_count()
print(kept > 10_000, import_for_good("appliance.cli.swap.command") is module)
print(gc.get_freeze_count() == kept)
"""


def test_modules_are_imported_without_a_search_for_garbage_and_left_out_of_later_ones() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FROZEN], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True"] * 5


def test_a_module_that_does_not_exist_leaves_the_search_as_it_was() -> None:
    assert gc.isenabled()
    with pytest.raises(ModuleNotFoundError):
        import_for_good("appliance.cli.nothing")
    assert gc.isenabled()
