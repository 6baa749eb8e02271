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
    "appliance-auditor.socket",
    _BROKER,
    "appliance-broker.socket",
    "appliance-burner.socket",
    "appliance-disc.socket",
    "appliance-doctor.timer",
    "appliance-firewall.service",
    "appliance-modules.service",
    "appliance-network.service",
    "appliance-provision.service",
    "appliance-storage.service",
    "usbguard.service",
)
_SCREEN = ("appliance-kiosk.service", "appliance-seat.service")  # where there is one
# Drop-ins that others than the unit of their name have to obey.
_SHARED = ("appliance-.service.d/10-sandbox.conf", "service.d/90-no-network.conf")
# Where an administrator or a program can put what replaces or changes units; systemd.unit(5).
_ELSEWHERE = (
    *("etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system"),
    *("etc/systemd/system.control", "run/systemd/system.control"),
)
# Others' units and drop-ins that ours depend on.
_NAMES = ("appliance-*", "service.d", "socket.d", "slice.d", "usbguard.service*")
_SANDBOX = {"PrivateNetwork": "yes", "ProtectSystem": "strict", "MemoryDenyWriteExecute": "yes"}
# One of Debian's own that runs on each machine.
_STRANGE = "systemd-journald.service"
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
    "no other packet filter": ("nftables.service",),
    "no other seat": ("seatd.service",),
    "no image is good for ever": ("systemd-bless-boot.service",),
}


def unit_checks(root: Path) -> Iterator[Check]:
    """Whether the installed units run unchanged and the dangerous ones are masked."""
    for name, units in _MASKED.items():
        yield verdict("units", name, _unmasked(root, units), f"{', '.join(units)} masked")
    folder = root / _INSTALLED
    installed = [path.name for path in folder.glob("appliance-*") if path.is_file()]
    wrong = [f"{name} is changed" for name in sorted(_changes(root))]
    if not installed:
        wrong.append("none is installed")
    yield verdict("units", "unchanged", wrong, f"{len(installed)} units, none changed")
    missing = [f"{name} is missing" for name in _SHARED if not (folder / name).is_file()]
    yield verdict("units", "shared drop-ins", missing, ", ".join(_SHARED))
    yield verdict("units", "the sandbox is in force", _sandbox(), "on the broker, as systemd says")
    yield verdict("units", "no packets from services", _packets(), "as systemd says of its own")
    for unit in (*_RUNNING, *(_SCREEN if _has_screen(root) else ())):
        yield _runs(unit)
    yield _broker_is_unprivileged(root)


def _has_screen(root: Path) -> bool:
    return any((root / "sys/class/drm").glob("card[0-9]*"))


def _unmasked(root: Path, units: tuple[str, ...]) -> Iterator[str]:
    for unit in units:
        link = root / "etc/systemd/system" / unit
        if not link.is_symlink() or os.fspath(link.readlink()) != os.devnull:
            yield f"{unit} is not masked"


def _changes(root: Path) -> Iterator[str]:
    """Names of units and folders elsewhere that replace what is installed or add to it."""
    for folder in _ELSEWHERE:
        for name in _NAMES:
            yield from {path.name.removesuffix(".d") for path in (root / folder).glob(name)}


def _sandbox() -> Iterator[str]:
    found = _shown(_BROKER, *_SANDBOX)
    for name, value in _SANDBOX.items():
        if found.get(name) != value:
            yield f"{name} is {found.get(name, 'unknown')}, wanted {value}"


def _packets() -> Iterator[str]:
    capabilities = _shown(_STRANGE, "CapabilityBoundingSet").get("CapabilityBoundingSet")
    if capabilities is None or {"cap_net_admin", "cap_net_raw"} & set(capabilities.split()):
        yield "services may set up network devices"


def _shown(unit: str, *names: str) -> dict[str, str]:
    """Properties of a unit as systemd has it loaded; none if systemd does not answer."""
    _, output = run_tool("systemctl", "show", f"--property={','.join(names)}", unit)
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


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
