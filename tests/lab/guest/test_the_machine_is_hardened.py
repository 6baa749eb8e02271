"""The settings of ``hardening/`` are in force on the running machine, not only in its files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.lab.guest.visitor import Broker, main_process, shell, until

SETTINGS = [
    line.replace(" ", "").split("=", 1)
    for line in Path("/usr/lib/sysctl.d/90-appliance.conf").read_text().splitlines()
    if "=" in line and not line.startswith("#")
]
# Exposure as systemd-analyze weighs it, 0 (none) to 10; the target of each unit.
MOST_EXPOSED = {
    "appliance-audit.service": 0.3,
    "appliance-broker.service": 0.5,
    "appliance-firewall.service": 1.1,
    "appliance-keeper@w0.service": 2.0,
    "appliance-worker@w0.service": 0.3,
}


@pytest.mark.parametrize(("name", "value"), SETTINGS, ids=[name for name, _ in SETTINGS])
def test_the_kernel_is_set(name: str, value: str) -> None:
    assert shell(f"sysctl -n {name}").replace(" ", "") == value


def test_nothing_is_swapped_or_hibernated() -> None:
    assert len(Path("/proc/swaps").read_text().splitlines()) == 1
    for target in ("hibernate", "suspend", "swap", "ctrl-alt-del"):
        assert shell(f"systemctl is-enabled {target}.target", check=False) == "masked"


def test_there_is_no_other_terminal() -> None:
    shown = shell("systemd-analyze cat-config systemd/logind.conf")
    assert "NAutoVTs=0" in shown
    assert shell("pgrep -a agetty", check=False) == ""


def test_polkit_denies_what_it_would_otherwise_ask_a_password_for() -> None:
    process = subprocess.Popen(["setpriv", "--reuid=nobody", "--clear-groups", "sleep", "60"])
    try:
        until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n")
        action = "org.freedesktop.login1.reboot"
        check = f"pkcheck --action-id {action} --process {process.pid} >/dev/null 2>&1; echo $?"
        # pkcheck(1): 1 is a denial, 2 would be a question for a password.
        assert shell(check) == "1"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("unit", MOST_EXPOSED)
def test_a_unit_is_confined(unit: str) -> None:
    said = shell(f"systemd-analyze security {unit} --no-pager | tail -n1")
    found = re.search(r"level for \S+: ([0-9.]+)", said)
    assert found is not None, said
    print(said)
    assert float(found[1]) <= MOST_EXPOSED[unit]


@pytest.mark.parametrize(
    "unit",
    ["appliance-broker.service", "appliance-keeper@w0.service", "appliance-worker@w0.service"],
)
def test_a_unit_has_a_ceiling(broker: Broker, unit: str) -> None:
    broker.open()
    group = Path("/sys/fs/cgroup") / shell(f"systemctl show -P ControlGroup {unit}").lstrip("/")
    for limit in ("memory.max", "pids.max"):
        assert (group / limit).read_text().strip().isdecimal()
    score = Path(f"/proc/{main_process(unit)}/oom_score_adj").read_text().strip()
    assert score == ("500" if "worker" in unit else "-900")


def _status(unit: str) -> dict[str, str]:
    process = main_process(unit)
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_the_broker_is_small_and_has_no_power_and_the_keeper_three(broker: Broker) -> None:
    broker.open()
    resident = 0
    for unit, powers in (("appliance-broker.service", 0), ("appliance-keeper@w0.service", 3)):
        status = _status(unit)
        assert int(status["CapBnd"], 16).bit_count() == powers
        assert (status["Uid"].split()[0] == "0") is (powers > 0)
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        resident += int(status["VmRSS"].split()[0])
    print(f"broker and keeper have {resident / 1024:.0f} MiB resident")
    assert resident <= 60 * 1024
