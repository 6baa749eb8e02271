"""The settings of the kernel, held against the file that asks for them."""

from __future__ import annotations

from pathlib import Path

from appliance.cli.doctor import kernel
from tests.cli.doctor.conftest import failing

MODULES = "kernel.modules_disabled"
SETTINGS = "usr/lib/sysctl.d/90-appliance.conf"


def test_settings_in_force_are_compared_with_the_installed_file(root: Path) -> None:
    (root / SETTINGS).write_text("# as it is\na.right = |/bin/false\na.wrong = 7\na.missing = 1\n")
    (root / "proc/sys/a").mkdir(parents=True)
    (root / "proc/sys/a/right").write_text("|/bin/false\n")
    (root / "proc/sys/a/wrong").write_text("0\n")
    found = [check for check in kernel.kernel_checks(root) if check.group == "kernel"]
    assert [check.name for check in found] == ["a.right", "a.wrong", "a.missing", MODULES]
    assert failing(found) == {"a.wrong": "0, wanted 7", "a.missing": "missing, wanted 1"}


def test_modules_that_can_still_be_loaded_are_reported(root: Path) -> None:
    assert MODULES not in failing(list(kernel.kernel_checks(root)))
    (root / "proc/sys/kernel/modules_disabled").write_text("0\n")
    assert failing(list(kernel.kernel_checks(root)))[MODULES] == "0, wanted 1"


def test_each_installed_setting_is_checked(root: Path) -> None:
    names = {check.name for check in kernel.kernel_checks(root) if check.group == "kernel"}
    assert {"kernel.core_pattern", "kernel.sysrq", "kernel.yama.ptrace_scope"} <= names


def test_swap_hibernation_and_network_devices_are_reported(root: Path) -> None:
    names = ("no swap", "no hibernation device", "no network but loopback")
    assert not failing([check for check in kernel.kernel_checks(root) if check.name in names])
    with (root / "proc/swaps").open("a") as swaps:
        swaps.write("/dev/sda2 partition 1 0 -2\n")
    (root / "sys/power/resume").write_text("8:2\n")
    (root / "sys/class/net/eth0").mkdir()
    assert {name: evidence for name, evidence in failing(list(kernel.kernel_checks(root))).items()
            if name in names} == {
        "no swap": "1 in use",
        "no hibernation device": "device 8:2",
        "no network but loopback": "2 interfaces",
    }  # fmt: skip


def test_a_machine_without_hardening_is_reported(root: Path) -> None:
    (root / SETTINGS).unlink()
    assert "hardening installed" in failing(list(kernel.kernel_checks(root)))
