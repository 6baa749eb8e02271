"""All checks of the machine's hardening."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor.boot_record import boot_record_checks
from appliance.cli.doctor.check import Check
from appliance.cli.doctor.devices import device_checks
from appliance.cli.doctor.kernel import kernel_checks
from appliance.cli.doctor.login import login_checks
from appliance.cli.doctor.ownership import ownership_checks
from appliance.cli.doctor.provisioning import provisioning_checks
from appliance.cli.doctor.releases import release_checks
from appliance.cli.doctor.storage import storage_checks
from appliance.cli.doctor.units import unit_checks
from appliance.policy.policy import Policy
from appliance.provisioning.numbers import Numbers

_TPM = Path("/dev/tpmrm0")


def machine_checks(policy: Policy, root: Path = Path("/")) -> Iterator[Check]:
    """Whether the settings in ``hardening/`` are in force on the machine below ``root``."""
    yield from kernel_checks(root)
    yield from ownership_checks(root)
    yield from unit_checks(root)
    yield from login_checks(root)
    yield from device_checks(root)
    yield from storage_checks(root, policy)
    yield from boot_record_checks(root)
    yield from provisioning_checks(root, Numbers.of_machine() if _TPM.exists() else None)
    yield from release_checks(root)
