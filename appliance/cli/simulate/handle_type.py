"""The values of ``--handle`` and ``--drag``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click

from appliance.cli.framework.usage_errors import PrivateParamType
from appliance.pipeline.simulation.handles import HANDLES

_NUMBER = r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,3})?"
_PLACE = r"([0-9]{1,5}(?:\.[0-9]{1,2})?)"
_DRAG = re.compile(rf"\A{_PLACE},{_PLACE}=({_NUMBER}),({_NUMBER})\Z")
_VALUE = re.compile(rf"\A(?:({_NUMBER})\.\.)?({_NUMBER})(mm|deg|%)?\Z")


@dataclass(frozen=True, slots=True)
class HandleValue:
    """A handle, what is wished of it, and what is to be expected at ``least``."""

    name: str
    wished: float
    least: float


@dataclass(frozen=True, slots=True)
class DragValue:
    """A place of the photo, in pixels, that moves to the right and down ``by`` so many mm."""

    start: tuple[float, float]
    by: tuple[float, float]


class DragType(PrivateParamType):
    """``X,Y=DX,DY``."""

    name = "drag"
    wanted = "X,Y=DX,DY: a place in pixels, and by how many mm it moves to the right and down"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> DragValue:
        """Parse ``value``. Raises ``click.BadParameter``."""
        found = _DRAG.match(str(value))
        if found is None:
            self.fail(self.wanted, param, ctx)
        x, y, across, down = map(float, found.groups())
        return DragValue((x, y), (across, down))


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
