"""The installed units, with their drop-ins, as systemd judges them without running them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.policy.load import load
from appliance.policy.policy import MOST_SLOTS, Engine, Policy
from appliance.worker.devices import answer
from tests.hardening.installed_units import HARDENING, INSTALLED, UNITS, settings
from tests.paths import REPOSITORY

SANDBOX = "appliance-.service.d/10-sandbox.conf"
# The highest exposure allowed by `systemd-analyze security`, from 0 (none) to 10.
MAX_EXPOSURE = {
    # It reads /etc/shadow, as a user with that group.
    "appliance-accounts.service": 0.4,
    # 0.2 where systemd knows PrivateUsers=identity (257).
    "appliance-audit.service": 0.4,
    # It reaches the TPM, but not as root.
    "appliance-audit-checkpoint.service": 0.6,
    # It is root, once, to reach the TPM.
    "appliance-audit-keys.service": 1.2,
    # It serves one connection; 0.2 where systemd knows PrivateUsers=identity (257).
    "appliance-auditor.service": 0.4,
    # It reaches the TPM, but not as root.
    "appliance-boot-record.service": 0.6,
    # It is root, with the disk that holds the image, and the TPM.
    "appliance-boot-good.service": 1.3,
    # It reads tokens, so it has devices.
    "appliance-broker.service": 0.5,
    # It has the drive.
    "appliance-burner.service": 0.5,
    # It has the drive, for reading.
    "appliance-disc.service": 0.5,
    "appliance-devices.service": 0.3,
    # It is root, in the network of the machine, to look at what the others may not see.
    "appliance-doctor.service": 2.3,
    # It is root, with the disks.
    "appliance-factory-reset.service": 1.3,
    # It needs the network of the machine, and may change its rules.
    "appliance-firewall.service": 1.1,
    "appliance-gpu.service": 0.3,
    # Its compositor lists devices by netlink, in a network of its own.
    "appliance-kiosk.service": 0.7,
    "appliance-keeper@.service": 1.8,
    "appliance-modules.service": 1.0,
    # It sees the network of the machine.
    "appliance-network.service": 0.8,
    # It is root, to write what only root may change, and reads the drive.
    "appliance-provision.service": 1.4,
    # It is root, as whom the ledger takes its events.
    "appliance-provision-log.service": 1.2,
    "appliance-releaser@.service": 0.3,
    # It has screen, keyboard and the terminal, as root with one capability.
    "appliance-seat.service": 1.2,
    "appliance-storage.service": 0.3,
    "appliance-token-removed@.service": 0.8,
    # It is root, with the TPM.
    "appliance-tpm-lockout.service": 1.2,
    # It is root, with the disk that holds the image, the drive and the TPM.
    "appliance-update.service": 1.3,
    "appliance-usb-refused@.service": 0.8,
    "appliance-worker@.service": 0.3,
    # What it mounts is to be seen outside, so it cannot have a view of files of its own.
    "appliance-workspace@.service": 3.8,
}
# It has a file of its own in the place of the shared one.
APART = "appliance-workspace@.service"
# They print a file that systemd stores.
PRINTING = {"appliance-devices.service", "appliance-gpu.service", "appliance-storage.service"}
# The kernel kills others first: they record, lock and wipe.
LAST_TO_BE_KILLED = {
    "appliance-audit.service",
    "appliance-broker.service",
    "appliance-keeper@.service",
}
# These read more of /proc than processes; see the reasons in their drop-ins.
READ_PROC = {
    "appliance-audit.service",
    "appliance-audit-checkpoint.service",
    "appliance-auditor.service",
    "appliance-boot-record.service",
    "appliance-boot-good.service",
    "appliance-broker.service",
    "appliance-disc.service",
    "appliance-doctor.service",
    "appliance-keeper@.service",
    "appliance-kiosk.service",
    "appliance-modules.service",
    "appliance-provision.service",
    "appliance-releaser@.service",
    "appliance-update.service",
    "appliance-worker@.service",
    APART,
}


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
    assert MAX_EXPOSURE.keys() == set(UNITS)


@pytest.mark.parametrize("unit", MAX_EXPOSURE)
def test_a_unit_is_confined(root: Path, unit: str) -> None:
    assert _exposure(root, unit) <= MAX_EXPOSURE[unit]


@pytest.mark.parametrize("unit", [unit for unit in MAX_EXPOSURE if unit != APART])
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
    filtering = [
        path.relative_to(root / INSTALLED).as_posix()
        for path in (root / INSTALLED).rglob("*")
        if path.is_file() and "SystemCallFilter=" in path.read_text()
    ]
    doctor = "appliance-doctor.service.d/20-exceptions.conf"
    provision = "appliance-provision.service.d/20-exceptions.conf"
    assert sorted(filtering) == [SANDBOX, doctor, provision, f"{APART}.d/10-sandbox.conf"]
    for file, call in ((doctor, "@setuid capset"), (provision, "fchown capset")):
        (added,) = re.findall("SystemCallFilter=(.*)", (root / INSTALLED / file).read_text())
        assert added == call
    assert (
        "~io_uring_setup io_uring_enter io_uring_register\n"
        in (root / INSTALLED / f"{APART}.d/10-sandbox.conf").read_text()
    )


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_has_a_ceiling(root: Path, unit: str) -> None:
    found = settings(root, unit)
    assert {"MemoryMax", "TasksMax"} <= found.keys()
    assert "infinity" not in (found["MemoryMax"], found["TasksMax"])
    assert (found.get("OOMScoreAdjust") == "-900") is (unit in LAST_TO_BE_KILLED)


def test_workers_together_leave_some_of_the_machine() -> None:
    worker = (HARDENING / "systemd/appliance-worker@.service").read_text()
    slice_ = (HARDENING / "systemd/appliance-worker.slice").read_text()
    (one,) = re.findall(r"^MemoryMax=(\d+)%$", worker, re.MULTILINE)
    (early,) = re.findall(r"^MemoryHigh=(\d+)%$", worker, re.MULTILINE)
    (all_,) = re.findall(r"^MemoryMax=(\d+)%$", slice_, re.MULTILINE)
    assert int(early) < int(one) < int(all_) < 100
    # A decoder that is killed for its memory does not take the session with it.
    assert "OOMPolicy=continue\n" in worker


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_unit_prints_does_not_reach_the_journal(root: Path, unit: str) -> None:
    found = settings(root, unit)
    assert found["StandardOutput"].startswith("truncate:" if unit in PRINTING else "null")
    assert found["StandardError"] == "journal"


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_sees_processes_in_proc_and_nothing_else(root: Path, unit: str) -> None:
    found = settings(root, unit)
    assert (found.get("ProcSubset") != "pid") is (unit in READ_PROC)


def test_no_python_reads_its_folder_or_the_environment() -> None:
    for unit in UNITS:
        for line in (HARDENING / "systemd" / unit).read_text().splitlines():
            assert "python3" not in line or "/usr/bin/python3 -I " in line, unit


def test_only_a_gpu_lets_a_worker_make_memory_executable(root: Path) -> None:
    assert settings(root, "appliance-worker@.service")["MemoryDenyWriteExecute"] == "yes"
    # What is always installed; the drop-in for a GPU is added by appliance-devices.service.
    installed = [*(root / INSTALLED).rglob("*.conf"), *(root / INSTALLED).rglob("*.service")]
    texts = {path.name: path.read_text() for path in installed if path.is_file()}
    assert not [name for name, text in texts.items() if "MemoryDenyWriteExecute=no" in text]


def _denied(root: Path, unit: str) -> set[str]:
    report = _analyze(root, "security", "--offline=yes", "--json=short", _instance(unit))
    found = json.loads(report[report.index("[") :])
    return {
        one["json_field"].removeprefix("CapabilityBoundingSet_")
        for one in found
        if one["set"] and one["json_field"].startswith("CapabilityBoundingSet_CAP_NET")
    }


def test_no_service_of_the_machine_can_make_packets(root: Path) -> None:
    strange = root / INSTALLED / "strange.service"
    strange.write_text("[Service]\nExecStart=/bin/true\n")
    lists = root / INSTALLED / "lists.service"
    lists.write_text(f"{strange.read_text()}CapabilityBoundingSet=CAP_NET_ADMIN CAP_CHOWN\n")
    for unit in ("strange.service", "lists.service"):
        assert "CAP_NET_ADMIN" in _denied(root, unit)
    (root / INSTALLED / "systemd-udevd.service").write_text(strange.read_text())
    for unit in ("systemd-udevd.service", "appliance-firewall.service"):
        assert "CAP_NET_ADMIN" not in _denied(root, unit)
    (root / INSTALLED / "service.d/90-no-network.conf").unlink()
    assert "CAP_NET_ADMIN" not in _denied(root, "strange.service")


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
        wanted = "" if policy.stem == "training" else "yes\n"
        assert done.stdout == answer(load(policy)) == wanted
    assert answer(Policy()) == ""


def test_a_policy_has_no_more_slots_than_there_are_users_and_sockets() -> None:
    users = (HARDENING / "sysusers/appliance.conf").read_text()
    assert re.findall(r"appliance-w(\d+) ", users) == [str(slot) for slot in range(MOST_SLOTS)]
    install = (HARDENING / "install.sh").read_text()
    assert f"for slot in {' '.join(map(str, range(MOST_SLOTS)))};" in install
