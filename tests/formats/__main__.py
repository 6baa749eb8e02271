"""``python -m tests.formats`` writes ``docs/formats.md``."""

from __future__ import annotations

from tests.formats.page import page
from tests.paths import REPOSITORY

if __name__ == "__main__":
    (REPOSITORY / "docs" / "formats.md").write_text(page(), encoding="utf-8")
