"""What ``appliance doctor --machine`` looks at holds here, and what is spoilt is found."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from appliance.cli.doctor.machine import machine_checks
from appliance.diagnostics.machine_status import FILE, MachineStatus
from appliance.policy.load import load
from tests.lab.guest.visitor import Broker, shell

POLICY = Path("/etc/appliance/policy.yaml")
EASE = "polkit.addRule(function(a, s) { return polkit.Result.YES; });"
EASED = "/etc/polkit-1/rules.d/10-ease.rules"


def _failing() -> dict[str, str]:
    checks = machine_checks(load(POLICY))
    # This machine has a card, to show that nothing goes through it.
    return {
        check.name: check.evidence
        for check in checks
        if not check.ok and check.name != "no network but loopback"
    }


@pytest.mark.usefixtures("token")
def test_all_holds(broker: Broker) -> None:
    broker.open()
    assert _failing() == {}


def test_its_unit_leaves_what_the_screens_of_administrator_and_auditor_read() -> None:
    FILE.unlink(missing_ok=True)
    shell("systemctl start appliance-doctor.service")
    status = msgspec.json.decode(FILE.read_bytes(), type=MachineStatus)
    assert status.checks
    failed = {check.name for check in status.checks if not check.ok}
    assert failed == {"no network but loopback"}  # this machine has a card


@pytest.mark.parametrize(
    ("spoil", "mend", "name", "evidence"),
    [
        (
            "sysctl -w kernel.sysrq=1",
            "sysctl -w kernel.sysrq=0",
            "kernel.sysrq",
            "1, wanted 0",
        ),
        (
            "chmod 666 /run/appliance/session.sock",
            "chmod 660 /run/appliance/session.sock",
            "broker's socket",
            "mode 0666",
        ),
        (
            "systemctl stop appliance-audit.socket appliance-audit.service",
            "systemctl start appliance-audit.socket",
            "ledger's socket",
            "is missing",
        ),
        (
            "nft flush ruleset",
            "nft --file /etc/nftables/appliance.nft && python3 -I /usr/lib/appliance/cut_off.py",
            "packet filter drops all",
            "not at",
        ),
        (
            "systemctl stop appliance-broker.service",
            "systemctl start appliance-broker.service",
            "the broker is unprivileged",
            "does not run",
        ),
        (
            f"mkdir -p /etc/polkit-1/rules.d && echo '{EASE}' > {EASED}; sleep 3",
            f"rm {EASED}; sleep 3",
            "polkit denies unprivileged users",
            "allowed",
        ),
    ],
)
@pytest.mark.usefixtures("token")
def test_what_is_spoilt_is_found(spoil: str, mend: str, name: str, evidence: str) -> None:
    shell(spoil)
    try:
        assert evidence in _failing()[name]
    finally:
        shell(mend)
    shell("udevadm trigger --subsystem-match=net --action=add; udevadm settle")
    assert name not in _failing()
