"""What can go wrong while the image's packages are gathered or listed."""

from __future__ import annotations

from appliance.errors import ApplianceError


class ImageError(ApplianceError):
    """An input of the image that is missing or altered, or a root that cannot be accounted for."""
