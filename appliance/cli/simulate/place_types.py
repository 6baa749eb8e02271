"""The values of ``--length`` and ``--mirror-region``: places of a photo, and what they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast, get_args

import click

from appliance.cli.framework.usage_errors import PrivateParamType
from appliance.pipeline.simulation.drawn_region import ALL, DrawnRegion, RegionMode
from appliance.pipeline.simulation.points import NAMED

Place: TypeAlias = tuple[float, float]
"""x and y in pixels of the photo."""

_NUMBER = r"[0-9]{1,5}(?:\.[0-9]{1,2})?"
_PLACE = rf"{_NUMBER},{_NUMBER}"
_PLACES = re.compile(rf"\A{_PLACE}(?::{_PLACE})+\Z")
_LENGTH = re.compile(r"\A[0-9]{1,3}(?:\.[0-9]{1,2})?\Z")
_TEXT = re.compile(r"\A([a-z]+)(?:@([0-9]{1,3}))?=([0-9.,:]*)\Z")
_LENGTHS = (10.0, 300.0)  # mm: of a shorter one the ends are not known well enough


@dataclass(frozen=True, slots=True)
class LengthValue:
    """``mm`` between two places, or between two points by their names."""

    mm: float
    places: tuple[Place, Place] | None = None
    names: tuple[str, str] | None = None


class LengthType(PrivateParamType):
    """``X,Y:X,Y=MM`` or ``NAME:NAME=MM``."""

    name = "length"
    wanted = (
        "X,Y:X,Y=MM, two places in pixels, or NAME:NAME=MM, two different points of --points, and "
        f"{_LENGTHS[0]:.0f} to {_LENGTHS[1]:.0f} mm between them"
    )

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> LengthValue:
        """Parse ``value``. Raises ``click.BadParameter``."""
        ends, _, length = str(value).partition("=")
        if not _LENGTH.match(length) or not _LENGTHS[0] <= float(length) <= _LENGTHS[1]:
            self.fail(self.wanted, param, ctx)
        if _PLACES.match(ends):
            places = _places(ends)
            if len(places) == 2 and places[0] != places[1]:
                return LengthValue(float(length), places=(places[0], places[1]))
        one, _, other = ends.partition(":")
        if one == other or not {one, other} <= NAMED.keys():
            self.fail(self.wanted, param, ctx)
        return LengthValue(float(length), names=(one, other))


class RegionType(PrivateParamType):
    """``MODE=X,Y:X,Y:X,Y…`` or ``MODE@SHARE=…``, or a file."""

    name = "region"
    wanted = (
        f"MODE=X,Y:X,Y:X,Y and more places, where MODE is one of {', '.join(get_args(RegionMode))} "
        "and the places, in pixels, are the corners of a polygon, with shape@50 or mean@50 for a "
        "share of the way in percent; or the name of a TOML file"
    )

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> DrawnRegion | Path:
        """Parse ``value``. Raises ``click.BadParameter``."""
        text = _TEXT.match(str(value))
        if text is None:
            return Path(str(value))
        if text[1] not in get_args(RegionMode) or not _PLACES.match(text[3]):
            self.fail(self.wanted, param, ctx)
        share = ALL if text[2] is None else int(text[2])
        region = DrawnRegion(cast("RegionMode", text[1]), _places(text[3]), share)
        if not region.is_possible:
            self.fail(self.wanted, param, ctx)
        return region


def _places(text: str) -> tuple[Place, ...]:
    """``X,Y:X,Y`` as numbers."""
    pairs = (place.split(",") for place in text.split(":"))
    return tuple((float(x), float(y)) for x, y in pairs)
