from __future__ import annotations

import pytest

from tests.formats.measure import LOST
from tests.formats.page import page
from tests.paths import REPOSITORY


@pytest.fixture(scope="module")
def measured() -> str:
    """The page as it would be written now."""
    return page()


def test_the_page_says_what_is_measured(measured: str) -> None:
    written = (REPOSITORY / "docs" / "formats.md").read_text(encoding="utf-8")
    assert written == measured, "write it with `python -m tests.formats`"


def test_nothing_is_lost_without_a_word(measured: str) -> None:
    assert LOST not in measured
