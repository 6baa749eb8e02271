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
    yield from kernel.looks(root)
    yield from ownership.looks(root)
    yield from units.looks(root)
    yield from login.looks(root)
    yield from storage.looks(root, policy)
