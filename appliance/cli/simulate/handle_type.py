"""The value of ``--handle``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click

from appliance.cli.framework.usage_errors import PrivateParamType
from appliance.pipeline.simulation.handles import HANDLES

_NUMBER = r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,3})?"
_VALUE = re.compile(rf"\A(?:({_NUMBER})\.\.)?({_NUMBER})(mm|deg|%)?\Z")


@dataclass(frozen=True, slots=True)
class HandleValue:
    """A handle, what is wished of it, and what is to be expected at ``least``."""

    name: str
    wished: float
    least: float


class HandleType(PrivateParamType):
    """``NAME=VALUE`` or ``NAME=LEAST..WISHED``; the unit may follow: ``tip-rotation=+3..+6deg``."""

    name = "handle"
    wanted = (
        f"NAME=VALUE or NAME=LEAST..WISHED, where NAME is one of {', '.join(HANDLES)} and the value"
        " a number in the unit of that handle, such as tip-rotation=+6deg or alar-width=-1..-2mm"
    )

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> HandleValue:
        """Parse ``value``. Raises ``click.BadParameter``."""
        name, _, text = str(value).partition("=")
        found = _VALUE.match(text)
        if name not in HANDLES or found is None or found[3] not in (None, HANDLES[name].unit):
            self.fail(self.wanted, param, ctx)
        wished = float(found[2])
        return HandleValue(name, wished, wished if found[1] is None else float(found[1]))
