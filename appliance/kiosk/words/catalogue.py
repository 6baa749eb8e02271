"""The words of the screen, by name, in each language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def words(language: Language) -> Mapping[str, str]:
    """Each sentence by the name of its table and its own, such as ``login_title``.

    ``%1`` stands for what is filled in.
    """
    document = tomllib.loads((files(__package__) / f"{language}.toml").read_text("utf-8"))
    return {
        f"{table}_{name}": text
        for table, entries in document.items()
        for name, text in entries.items()
    }
