"""All looks at the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor import (
    kernel,
    login,
    ownership,
    storage,
    units,
)
from appliance.cli.doctor.check import Check
from appliance.policy.policy import Policy


def machine_checks(policy: Policy, root: Path = Path("/")) -> Iterator[Check]:
    """Whether what ``hardening/`` asks for is in force on the machine with this ``root``."""
    yield from kernel.kernel_checks(root)
    yield from ownership.ownership_checks(root)
    yield from units.unit_checks(root)
    yield from login.login_checks(root)
    yield from storage.storage_checks(root, policy)
