"""The kernel: its settings, its swap, its network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from appliance.cli.doctor import firewall
from appliance.cli.doctor.check import Check, setting_lines, verdict
from appliance.errors import SealError

# Where hardening/install.sh puts them; sysctl.d(5).
_SETTINGS = "usr/lib/sysctl.d/90-appliance.conf"


def kernel_checks(root: Path) -> Iterator[Check]:
    """Its settings as they are in force."""
    settings = root / _SETTINGS
    there = settings.is_file()
    yield Check("machine", "hardening installed", there, "found" if there else "not found")
    for line in setting_lines(settings):
        name, _, wanted = (part.strip() for part in line.partition("="))
        found = _read(root / "proc/sys" / name.replace(".", "/"))
        wanted = " ".join(wanted.split())
        yield Check("kernel", name, found == wanted, f"{found}, wanted {wanted}")
    swaps = len((root / "proc/swaps").read_text().splitlines()) - 1
    yield Check("machine", "no swap", swaps == 0, f"{swaps} in use")
    resume = _read(root / "sys/power/resume")
    # The device that an image would be written to, or came from: none is 0:0.
    none = ("0:0", "not there")
    yield Check("machine", "nothing to hibernate to", resume in none, f"device {resume}")
    links = sorted(link.name for link in (root / "sys/class/net").iterdir())
    yield Check("machine", "no network but loopback", links == ["lo"], f"{len(links)} interfaces")
    yield _packet_filter()


def _packet_filter() -> Check:
    name = "packet filter drops all"
    try:
        gaps = firewall.unguarded_hooks(firewall.ruleset(), firewall.network_devices())
    except SealError as error:
        return Check("machine", name, ok=False, evidence=error.message)
    wrong = [f"not at: {', '.join(gaps)}"] if gaps else []
    return verdict("machine", name, wrong, "at every hook of every family")


def _read(path: Path) -> str:
    try:
        return " ".join(path.read_text().split())
    except FileNotFoundError:
        return "not there"
    except PermissionError:
        return "not to be read"
