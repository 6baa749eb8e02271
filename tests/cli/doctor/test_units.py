"""Checks of units with canned answers of systemd; the real one is in tests/lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli.doctor import units
from tests.cli.doctor.conftest import (
    Spoil,
    failing,
    removed,
    written,
)

WELL = (
    "ActiveState=active\nNeedDaemonReload=no\nPrivateNetwork=yes\nProtectSystem=strict\n"
    "MemoryDenyWriteExecute=yes\nCapabilityBoundingSet=cap_chown cap_kill\n"
)
STATUS = "Uid:\t990\t990\t990\t990\nCapEff:\t{0}\nCapBnd:\t{0}\nNoNewPrivs:\t1\nSeccomp:\t2\n"


@pytest.fixture(autouse=True)
def answers_of_systemd(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What systemd says of a unit; all is well unless a test says otherwise."""
    answers: dict[str, str] = {}

    def ask(*command: str) -> tuple[int, str]:
        if "--property=MainPID" in command:
            return 0, "42\n"
        return 0, answers.get(command[-1], WELL)

    monkeypatch.setattr(units, "run_tool", ask)
    (root / "proc/42").mkdir()
    (root / "proc/42/status").write_text(STATUS.format("0" * 16))
    return answers


def test_where_there_is_a_screen_its_window_must_run(
    root: Path, answers_of_systemd: dict[str, str]
) -> None:
    answers_of_systemd["appliance-kiosk.service"] = "ActiveState=failed\nNeedDaemonReload=no\n"
    assert failing(list(units.unit_checks(root))) == {}
    (root / "sys/class/drm/card0").mkdir(parents=True)
    assert failing(list(units.unit_checks(root))) == {"appliance-kiosk.service": "failed"}


def test_a_correct_machine_passes(root: Path) -> None:
    found = list(units.unit_checks(root))
    assert failing(found) == {}
    assert {check.name for check in found} >= {"no hibernation", "Ctrl-Alt-Del does nothing"}


@pytest.mark.parametrize(
    ("spoil", "check", "evidence"),
    [
        (removed("etc/systemd/system/hibernate.target"), "no hibernation", "is not masked"),
        (
            written("etc/systemd/system/ctrl-alt-del.target", "[Unit]\n"),
            "Ctrl-Alt-Del does nothing",
            "ctrl-alt-del.target is not masked",
        ),
        (removed("etc/systemd/system/getty@.service"), "no other terminal", "getty@.service"),
        (
            written("etc/systemd/system/appliance-worker@.service.d/net.conf", "[Service]\n"),
            "unchanged",
            "appliance-worker@.service is changed",
        ),
        (
            written("run/systemd/system/appliance-audit.socket", "[Socket]\n"),
            "unchanged",
            "appliance-audit.socket is changed",
        ),
        (
            written("etc/systemd/system/appliance-.service.d/50-ease.conf", "[Service]\n"),
            "unchanged",
            "appliance-.service is changed",
        ),
        (
            written("run/systemd/system/service.d/ease.conf", "[Service]\n"),
            "unchanged",
            "service is changed",
        ),
        (
            written("etc/systemd/system.control/appliance-broker.service.d/50.conf", "[Service]\n"),
            "unchanged",
            "appliance-broker.service is changed",
        ),
        (
            removed("usr/lib/systemd/system/appliance-.service.d/10-sandbox.conf"),
            "shared drop-ins",
            "10-sandbox.conf is missing",
        ),
        (
            removed("usr/lib/systemd/system/service.d"),
            "shared drop-ins",
            "90-no-network.conf is missing",
        ),
        (
            removed("etc/systemd/system/nftables.service"),
            "no other packet filter",
            "nftables.service is not masked",
        ),
        (
            written("proc/42/status", STATUS.format("000001ffffffffff")),
            "the broker is unprivileged",
            "CapBnd is 000001ffffffffff",
        ),
        (removed("proc/42"), "the broker is unprivileged", "does not run"),
    ],
)
def test_each_deviation_is_reported(root: Path, spoil: Spoil, check: str, evidence: str) -> None:
    spoil(root)
    found = failing(list(units.unit_checks(root)))
    assert list(found) == [check]
    assert evidence in found[check]


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        ("ActiveState=failed\nNeedDaemonReload=no\n", "failed"),
        ("ActiveState=active\nNeedDaemonReload=yes\n", "its file changed after it was loaded"),
        ("", "unknown"),
    ],
)
def test_a_unit_that_does_not_run_is_reported(
    root: Path, answers_of_systemd: dict[str, str], answer: str, evidence: str
) -> None:
    answers_of_systemd["appliance-broker.socket"] = answer
    assert failing(list(units.unit_checks(root))) == {"appliance-broker.socket": evidence}


def test_a_sandbox_that_systemd_has_not_loaded_is_reported(
    root: Path, answers_of_systemd: dict[str, str]
) -> None:
    answers_of_systemd["appliance-broker.service"] = WELL.replace("strict", "no")
    found = failing(list(units.unit_checks(root)))
    assert found == {"the sandbox is in force": "ProtectSystem is no, wanted strict"}


def test_a_service_that_may_set_up_network_devices_is_reported(
    root: Path, answers_of_systemd: dict[str, str]
) -> None:
    answers_of_systemd["systemd-journald.service"] = WELL.replace("cap_kill", "cap_net_admin")
    found = failing(list(units.unit_checks(root)))
    assert found == {"no packets from services": "services may set up network devices"}


def test_folders_of_drop_ins_are_not_counted_as_units(root: Path) -> None:
    found = {check.name: check.evidence for check in units.unit_checks(root)}
    installed = (root / "usr/lib/systemd/system").glob("appliance-*")
    count = sum(path.is_file() for path in installed)
    assert found["unchanged"] == f"{count} units, none changed"


def test_without_systemd_no_unit_counts_as_running(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "run_tool", lambda *_: (127, "systemctl is not installed"))
    found = failing(list(units.unit_checks(root)))
    assert found["appliance-firewall.service"] == "systemctl is not installed"
    assert "does not run" in found["the broker is unprivileged"]
