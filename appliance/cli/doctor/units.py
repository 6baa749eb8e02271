"""Checks of systemd units: unchanged, running, and masked where they must be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor.check import Check, verdict
from appliance.cli.doctor.system import run_tool, setting_lines

_INSTALLED = "usr/lib/systemd/system"
_BROKER = "appliance-broker.service"
# Units that are active from boot on.
_RUNNING = (
    "appliance-audit.socket",
    _BROKER,
    "appliance-broker.socket",
    "appliance-firewall.service",
    "appliance-storage.service",
)
# Each would write memory to a disk, or bypass the kiosk's screen.
_MASKED = {
    "no hibernation": (
        *("hibernate.target", "hybrid-sleep.target", "suspend.target"),
        *("suspend-then-hibernate.target", "swap.target"),
    ),
    "Ctrl-Alt-Del does nothing": ("ctrl-alt-del.target",),
    "no other terminal": (
        *("getty@.service", "serial-getty@.service", "autovt@.service"),
        *("emergency.service", "rescue.service", "debug-shell.service"),
    ),
}


def unit_checks(root: Path) -> Iterator[Check]:
    """Whether the installed units run unchanged and the dangerous ones are masked."""
    for name, units in _MASKED.items():
        yield verdict("units", name, _unmasked(root, units), f"{', '.join(units)} masked")
    installed = sorted(path.name for path in (root / _INSTALLED).glob("appliance-*.s*"))
    wrong = [f"{name} is changed" for name in installed if any(_changes(root, name))]
    if not installed:
        wrong.append("none is installed")
    yield verdict("units", "unchanged", wrong, f"{len(installed)} units, none changed")
    for unit in _RUNNING:
        yield _runs(unit)
    yield _broker_is_unprivileged(root)


def _unmasked(root: Path, units: tuple[str, ...]) -> Iterator[str]:
    for unit in units:
        link = root / "etc/systemd/system" / unit
        if not link.is_symlink() or os.fspath(link.readlink()) != os.devnull:
            yield f"{unit} is not masked"


def _changes(root: Path, unit: str) -> Iterator[Path]:
    """Files that replace the installed unit or add to it; systemd.unit(5)."""
    for folder in ("etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system"):
        for name in (unit, f"{unit}.d"):
            if (root / folder / name).exists():
                yield root / folder / name


def _broker_is_unprivileged(root: Path) -> Check:
    """The privileges of the broker according to the kernel; proc_pid_status(5)."""
    _, output = run_tool("systemctl", "show", "--property=MainPID", "--value", _BROKER)
    status = dict(
        line.split(":", 1)
        for line in setting_lines(root / "proc" / (output.strip() or "0") / "status")
    )
    wanted = {"CapBnd": "0" * 16, "CapEff": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    wrong = [
        f"{name} is {status.get(name, 'unknown').strip()}"
        for name, value in wanted.items()
        if status.get(name, "").strip() != value
    ]
    if status.get("Uid", "0").split()[0] == "0":
        wrong.insert(0, "it is root, or does not run")
    return verdict("units", "the broker is unprivileged", wrong, "not root, no capabilities")


def _runs(unit: str) -> Check:
    code, output = run_tool("systemctl", "show", "--property=ActiveState,NeedDaemonReload", unit)
    if code:
        return Check("units", unit, ok=False, evidence=output or "systemd does not answer")
    state = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    wrong = []
    if state.get("ActiveState") != "active":
        wrong.append(state.get("ActiveState", "unknown"))
    if state.get("NeedDaemonReload") == "yes":
        wrong.append("its file changed after it was loaded")
    return verdict("units", unit, wrong, "active")
