"""The units as systemd itself judges them, without a machine that runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.policy.load import load
from appliance.policy.policy import MOST_SLOTS, Engine, Policy
from appliance.worker.devices import drop_in
from tests.paths import REPOSITORY

UNITS = REPOSITORY / "hardening/systemd"
# Exposure by `systemd-analyze security`, 0 (none) to 10.
MOST_EXPOSED = {
    # 0.2 where systemd knows PrivateUsers=identity (257).
    "appliance-audit.service": 0.4,
    # It reaches the TPM, but not as root.
    "appliance-audit-checkpoint.service": 0.6,
    # It is root, once, to reach the TPM.
    "appliance-audit-keys.service": 2.0,
    # It opens tokens, so it has devices.
    "appliance-broker.service": 0.5,
    "appliance-devices.service": 0.4,
    "appliance-keeper@.service": 2.0,
    "appliance-storage.service": 0.4,
    "appliance-worker@.service": 0.3,
}
# A score says nothing of them: @system-service lets them through, and they make sockets.
IO_URING = {"io_uring_setup", "io_uring_enter", "io_uring_register"}


def _analyze(*arguments: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", *arguments],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def _exposure(unit: Path) -> float:
    said = _analyze("security", "--offline=yes", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None, said
    return float(found[1])


@pytest.mark.parametrize("name", MOST_EXPOSED)
def test_a_unit_is_confined(name: str) -> None:
    assert _exposure(UNITS / name) <= MOST_EXPOSED[name]


def test_a_unit_that_lost_its_walls_would_be_seen(tmp_path: Path) -> None:
    text = (UNITS / "appliance-worker@.service").read_text()
    weak = tmp_path / "appliance-worker@.service"
    weak.write_text(
        re.sub(r"^(PrivateNetwork|Restrict\w+|ProtectSystem)=.*$", "", text, flags=re.MULTILINE)
    )
    assert _exposure(weak) > MOST_EXPOSED["appliance-worker@.service"]


@pytest.mark.parametrize("name", MOST_EXPOSED)
def test_io_uring_is_denied_by_name(name: str) -> None:
    lines = (UNITS / name).read_text().splitlines()
    denied = {word for line in lines if line.startswith("SystemCallFilter=~") for word in
              line.partition("~")[2].split()}  # fmt: skip
    assert denied >= IO_URING


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.name)
def test_every_unit_is_understood(unit: Path) -> None:
    said = _analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    wrong = [line for line in said.splitlines() if unit.name in line and "Unknown" in line]
    assert wrong == []


def _with_devices(folder: Path, policy: Policy) -> Path:
    """The worker's unit with what a policy adds to it."""
    unit = folder / "appliance-worker@.service"
    unit.write_text((UNITS / unit.name).read_text())
    added = folder / f"{unit.name}.d"
    added.mkdir()
    (added / "devices.conf").write_text(drop_in(policy))
    return unit


def test_a_gpu_is_opened_to_workers_where_the_policy_says_so_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEMD_UNIT_PATH", f"{tmp_path}:")
    closed = tmp_path / "closed"
    closed.mkdir()
    assert drop_in(Policy()) == ""
    assert _exposure(_with_devices(closed, Policy())) <= MOST_EXPOSED["appliance-worker@.service"]
    opened = tmp_path / "opened"
    opened.mkdir()
    monkeypatch.setenv("SYSTEMD_UNIT_PATH", f"{opened}:")
    unit = _with_devices(opened, Policy(engine=Engine(gpu=True)))
    said = _analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert not [line for line in said.splitlines() if "devices.conf" in line]
    assert MOST_EXPOSED["appliance-worker@.service"] < _exposure(unit) <= 0.6
    # A word that systemd does not know would be seen.
    (opened / f"{unit.name}.d/devices.conf").write_text("[Service]\nDevicesAllow=x\n")
    said = _analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert "DevicesAllow" in said


def test_the_installed_unit_takes_what_the_service_prints(tmp_path: Path) -> None:
    subprocess.run(["/bin/bash", str(UNITS.parent / "install.sh"), str(tmp_path)], check=True)
    link = tmp_path / "usr/lib/systemd/system/appliance-worker@.service.d/devices.conf"
    service = (UNITS / "appliance-devices.service").read_text()
    assert f"StandardOutput=truncate:{link.readlink()}\n" in service
    for policy in (REPOSITORY / "policies").glob("*.yaml"):
        done = subprocess.run(
            [sys.executable, "-I", "-m", "appliance.worker.devices", str(policy)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == drop_in(load(policy))
        assert "DeviceAllow=char-nvidia* rw\n" in done.stdout


def test_a_policy_has_no_more_slots_than_there_are_users_and_sockets() -> None:
    users = (UNITS.parent / "sysusers/appliance.conf").read_text()
    assert re.findall(r"appliance-w(\d+) ", users) == [str(slot) for slot in range(MOST_SLOTS)]
    install = (UNITS.parent / "install.sh").read_text()
    assert f"for slot in {' '.join(map(str, range(MOST_SLOTS)))};" in install
