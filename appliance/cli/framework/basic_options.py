"""Options that do not import the libraries of the models, for commands that run none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

CommandFunction = TypeVar("CommandFunction", bound=Callable[..., Any])

# No `exists=True`: click's own error message would repeat the path.
FILE = click.Path(path_type=Path)


def json_option(command: CommandFunction) -> CommandFunction:
    """``--json``, as ``as_json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object and no progress."
    )(command)
