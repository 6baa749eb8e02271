"""The installed units, with their drop-ins, as systemd judges them without running them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.policy.load import load
from appliance.policy.policy import MOST_SLOTS, Engine, Policy
from appliance.wire.activation import WATCHDOG_INTERVAL
from appliance.worker.devices import answer
from tests.paths import REPOSITORY

HARDENING = REPOSITORY / "hardening"
INSTALLED = "usr/lib/systemd/system"
SANDBOX = "appliance-.service.d/10-sandbox.conf"
# The highest exposure allowed by `systemd-analyze security`, from 0 (none) to 10.
MAX_EXPOSURE = {
    # 0.2 where systemd knows PrivateUsers=identity (257).
    "appliance-audit.service": 0.4,
    # It reaches the TPM, but not as root.
    "appliance-audit-checkpoint.service": 0.6,
    # It is root, once, to reach the TPM.
    "appliance-audit-keys.service": 1.2,
    # It reads tokens, so it has devices.
    "appliance-broker.service": 0.5,
    "appliance-devices.service": 0.3,
    "appliance-gpu.service": 0.3,
    "appliance-keeper@.service": 1.8,
    "appliance-storage.service": 0.3,
    "appliance-token-removed@.service": 1.0,
    "appliance-worker@.service": 0.3,
}
UNITS = sorted(path.name for path in (HARDENING / "systemd").glob("*.service"))
# These change the machine itself, for which most of a sandbox is no use.
UNCONFINED = {"appliance-firewall.service", "appliance-workspace@.service"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root folder of a machine on which nothing but our files is installed."""
    command = ["/bin/bash", str(HARDENING / "install.sh"), str(tmp_path)]
    subprocess.run(command, check=True)
    return tmp_path


def _analyze(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", f"--root={root}", *arguments],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def _instance(unit: str) -> str:
    return unit.replace("@.", "@w0.")


def _exposure(root: Path, unit: str) -> float:
    report = _analyze(root, "security", "--offline=yes", _instance(unit))
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", report)
    assert level is not None, report
    return float(level[1])


def _unknown(root: Path, unit: str) -> list[str]:
    """The lines of the unit and its drop-ins that systemd does not understand."""
    report = _analyze(root, "verify", "--man=no", "--recursive-errors=no", _instance(unit))
    return [line for line in report.splitlines() if "Unknown" in line or "Assignment" in line]


def test_every_unit_has_a_limit() -> None:
    assert MAX_EXPOSURE.keys() | UNCONFINED == set(UNITS)


@pytest.mark.parametrize("unit", MAX_EXPOSURE)
def test_a_unit_is_confined(root: Path, unit: str) -> None:
    assert _exposure(root, unit) <= MAX_EXPOSURE[unit]


@pytest.mark.parametrize("unit", MAX_EXPOSURE)
def test_a_unit_without_the_shared_sandbox_would_be_noticed(root: Path, unit: str) -> None:
    (root / INSTALLED / SANDBOX).unlink()
    assert _exposure(root, unit) > MAX_EXPOSURE[unit] + 1


def test_a_sandbox_that_lost_a_few_lines_would_be_noticed(root: Path) -> None:
    sandbox = root / INSTALLED / SANDBOX
    weak = re.sub(
        r"^(PrivateNetwork|Restrict\w+|ProtectSystem)=.*$",
        "",
        sandbox.read_text(),
        flags=re.MULTILINE,
    )
    sandbox.write_text(weak)
    assert _exposure(root, "appliance-worker@.service") > MAX_EXPOSURE["appliance-worker@.service"]


def test_a_new_unit_is_confined_without_a_line_of_its_own(root: Path) -> None:
    for unit in ("appliance-new.service", "appliance-new@.service"):
        (root / INSTALLED / unit).write_text("[Service]\nExecStart=/bin/true\nUser=nobody\n")
        assert _exposure(root, unit) < 4  # without the sandbox it is above 9


def test_io_uring_is_denied_by_name(root: Path) -> None:
    # The exposure does not count these calls, which @system-service allows; they create sockets.
    lines = (root / INSTALLED / SANDBOX).read_text().splitlines()
    denied = {
        word
        for line in lines
        if line.startswith("SystemCallFilter=~")
        for word in line.partition("~")[2].split()
    }
    assert denied >= {"io_uring_setup", "io_uring_enter", "io_uring_register"}
    # A drop-in may only add to the filter; an empty assignment would reset it.
    others = [path for path in (root / INSTALLED).rglob("appliance-*") if path.is_file()]
    assert not [path.name for path in others if "SystemCallFilter=" in path.read_text()]


@pytest.mark.parametrize("unit", UNITS)
def test_every_line_of_a_unit_is_understood(root: Path, unit: str) -> None:
    assert _unknown(root, unit) == []


def test_a_line_that_is_not_understood_is_noticed_in_units_and_drop_ins(root: Path) -> None:
    for name in ("appliance-worker@.service", SANDBOX):
        path = root / INSTALLED / name
        path.write_text(f"{path.read_text()}\n[Service]\nDevicesAllow=x\n")
        assert len(_unknown(root, "appliance-worker@.service")) == 1
        path.write_text(path.read_text().replace("DevicesAllow=x\n", ""))


def _devices(root: Path, policy: Policy) -> str:
    """What appliance-devices.service adds to the workers' unit; its command runs in ``root``."""
    asked = root / "run/appliance/gpu"
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.write_text(answer(policy))
    service = (root / INSTALLED / "appliance-devices.service").read_text()
    (command,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", service, re.MULTILINE)
    below = re.sub(r"/(run|usr)/", rf"{root}/\1/", command)
    done = subprocess.run(["/bin/sh", "-c", below], capture_output=True, text=True, check=True)
    link = root / INSTALLED / "appliance-worker@.service.d/devices.conf"
    link.unlink()
    link.write_text(done.stdout)
    return done.stdout


def test_a_gpu_is_the_only_device_that_a_policy_allows_to_workers(root: Path) -> None:
    unit = "appliance-worker@.service"
    assert _devices(root, Policy()) == ""
    assert _exposure(root, unit) <= MAX_EXPOSURE[unit]
    assert "DeviceAllow=char-nvidia* rw\n" in _devices(root, Policy(engine=Engine(gpu=True)))
    assert MAX_EXPOSURE[unit] < _exposure(root, unit) <= 0.6
    assert _unknown(root, unit) == []


def test_the_installed_unit_reads_what_the_service_copies(root: Path) -> None:
    link = root / INSTALLED / "appliance-worker@.service.d/devices.conf"
    service = (root / INSTALLED / "appliance-devices.service").read_text()
    assert f"StandardOutput=truncate:{link.readlink()}\n" in service


def test_each_policy_is_answered_with_a_word_or_nothing() -> None:
    for policy in (REPOSITORY / "policies").glob("*.yaml"):
        done = subprocess.run(
            [sys.executable, "-I", "-m", "appliance.worker.devices", str(policy)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == answer(load(policy)) == "yes\n"
    assert answer(Policy()) == ""


def test_a_policy_has_no_more_slots_than_there_are_users_and_sockets() -> None:
    users = (HARDENING / "sysusers/appliance.conf").read_text()
    assert re.findall(r"appliance-w(\d+) ", users) == [str(slot) for slot in range(MOST_SLOTS)]
    install = (HARDENING / "install.sh").read_text()
    assert f"for slot in {' '.join(map(str, range(MOST_SLOTS)))};" in install


@pytest.mark.parametrize(
    ("name", "module"), [("audit", "audit"), ("broker", "session"), ("worker@", "worker")]
)
def test_a_socket_is_passed_under_the_name_that_the_service_asks_for(
    name: str, module: str
) -> None:
    unit = (HARDENING / f"systemd/appliance-{name}.socket").read_text()
    (passed,) = re.findall(r"^FileDescriptorName=(.*)$", unit, re.MULTILINE)
    code = (REPOSITORY / f"appliance/{module}/__main__.py").read_text()
    assert re.findall(r'listening_socket\(socket\.\w+, "(.*)"\)', code) == [passed]


@pytest.mark.parametrize("name", ["audit", "broker"])
def test_the_watchdog_waits_for_several_messages(name: str) -> None:
    unit = (HARDENING / f"systemd/appliance-{name}.service").read_text()
    (minutes,) = re.findall(r"^WatchdogSec=(\d+)min$", unit, re.MULTILINE)
    assert "Type=notify\n" in unit
    assert int(minutes) * 60 >= 3 * WATCHDOG_INTERVAL
