"""Checks of the kernel: settings, swap, hibernation, network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor import firewall
from appliance.cli.doctor.check import Check, verdict
from appliance.cli.doctor.system import setting_lines
from appliance.errors import SealError

# Installed by hardening/install.sh; sysctl.d(5).
_SETTINGS = "usr/lib/sysctl.d/90-appliance.conf"
_LATE_SETTINGS = "usr/lib/appliance/modules.conf"  # in force when all modules are loaded
_MISSING = "missing"


def kernel_checks(root: Path) -> Iterator[Check]:
    """Whether the installed settings are in force, and memory cannot reach a disk or a network."""
    settings = root / _SETTINGS
    installed = settings.is_file()
    evidence = "found" if installed else "not found"
    yield Check("machine", "hardening installed", installed, evidence)
    for line in (*setting_lines(settings), *setting_lines(root / _LATE_SETTINGS)):
        name, _, wanted = (part.strip() for part in line.partition("="))
        found = _read(root / "proc/sys" / name.replace(".", "/"))
        wanted = " ".join(wanted.split())
        yield Check("kernel", name, found == wanted, f"{found}, wanted {wanted}")
    swaps = len((root / "proc/swaps").read_text().splitlines()) - 1
    yield Check("machine", "no swap", swaps == 0, f"{swaps} in use")
    resume = _read(root / "sys/power/resume")
    # The device for the image of a hibernated system; 0:0 is none.
    none = ("0:0", _MISSING)
    yield Check("machine", "no hibernation device", resume in none, f"device {resume}")
    links = sorted(link.name for link in (root / "sys/class/net").iterdir())
    yield Check("machine", "no network but loopback", links == ["lo"], f"{len(links)} interfaces")
    yield _packet_filter()


def _packet_filter() -> Check:
    name = "packet filter drops all"
    try:
        unguarded = firewall.unguarded_hooks(firewall.ruleset(), firewall.network_devices())
    except SealError as error:
        return Check("machine", name, ok=False, evidence=error.message)
    wrong = [f"not at: {', '.join(unguarded)}"] if unguarded else []
    return verdict("machine", name, wrong, "at every hook of every family")


def _read(path: Path) -> str:
    try:
        return " ".join(path.read_text().split())
    except FileNotFoundError:
        return _MISSING
    except PermissionError:
        return "unreadable"
