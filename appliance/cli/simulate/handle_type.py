"""The value of ``--handle``."""

from __future__ import annotations

import math
import re

import click

from appliance.cli.framework.usage_errors import PrivateParamType
from appliance.pipeline.simulation.handles import HANDLES

_VALUE = re.compile(r"\A([+-]?[0-9]{1,3}(?:\.[0-9]{1,3})?)(mm|deg|%)?\Z")


class HandleType(PrivateParamType):
    """``NAME=VALUE``, where the unit may follow: ``tip-rotation=+6deg``."""

    name = "handle"
    wanted = (
        f"NAME=VALUE, where NAME is one of {', '.join(HANDLES)} and VALUE a number in the unit of "
        "that handle, such as tip-rotation=+6deg or alar-width=-2mm"
    )

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Parse ``value`` into the handle and its value. Raises ``click.BadParameter``."""
        name, _, text = str(value).partition("=")
        found = _VALUE.match(text)
        if name not in HANDLES or found is None:
            self.fail(self.wanted, param, ctx)
        number, unit = float(found[1]), found[2]
        if not math.isfinite(number) or unit not in (None, HANDLES[name].unit):
            self.fail(self.wanted, param, ctx)
        return name, number
