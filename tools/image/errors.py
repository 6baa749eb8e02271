"""What can go wrong while the image's packages are gathered or listed."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.errors import ApplianceError


class ImageError(ApplianceError):
    """An input of the image that is missing or altered, or a root that cannot be accounted for."""


_SHOWN = 20


def listed(names: Iterable[str]) -> str:
    """The first of ``names`` for a message, and how many more there are."""
    whole = list(names)
    more = f" and {len(whole) - _SHOWN} more" if len(whole) > _SHOWN else ""
    return f"{', '.join(whole[:_SHOWN])}{more}"
