"""The error of a bundle."""

from __future__ import annotations

from typing import ClassVar

from appliance.errors import ApplianceError


class ProvisionError(ApplianceError):
    """A site's bundle that is not accepted, or cannot be applied."""

    exit_code: ClassVar[int] = 17
