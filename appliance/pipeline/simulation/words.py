"""The words that belong to every simulated picture, on screen and on paper."""

from __future__ import annotations

WORDS = (
    "Geometric simulation. It shows a wish, not a result.",
    "几何模拟。表示愿望，并非手术结果。",  # noqa: RUF001 - Chinese punctuation
)
"""In English and in Chinese."""
