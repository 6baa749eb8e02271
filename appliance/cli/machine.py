"""What a machine must be like to be an appliance: read, not believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.errors import SealError
from appliance.seal import firewall

# Where hardening/install.sh puts them; sysctl.d(5).
SETTINGS = Path("/usr/lib/sysctl.d/90-appliance.conf")


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at. ``evidence``: what was found, in the machine's own words."""

    group: str
    name: str
    ok: bool
    evidence: str


def machine_checks(settings: Path = SETTINGS) -> Iterator[Check]:
    """The settings of ``hardening/`` as they are in force here."""
    yield _settings_there(settings)
    for name, wanted in _settings(settings):
        found = _read(Path("/proc/sys") / name.replace(".", "/"))
        yield Check("kernel", name, found == wanted, f"{found}, wanted {wanted}")
    swaps = len(Path("/proc/swaps").read_text().splitlines()) - 1
    yield Check("machine", "no swap", swaps == 0, f"{swaps} in use")
    links = sorted(link.name for link in Path("/sys/class/net").iterdir())
    yield Check("machine", "no network but loopback", links == ["lo"], f"{len(links)} interfaces")
    yield _packet_filter()


def _packet_filter() -> Check:
    name = "packet filter drops all"
    try:
        gaps = firewall.gaps(firewall.ruleset(), firewall.devices())
    except SealError as error:
        return Check("machine", name, ok=False, evidence=error.message)
    evidence = f"not at: {', '.join(gaps)}" if gaps else "at every hook of every family"
    return Check("machine", name, not gaps, evidence)


def _settings_there(settings: Path) -> Check:
    there = settings.is_file()
    return Check("machine", "hardening installed", there, "found" if there else "not found")


def _settings(settings: Path) -> Iterator[tuple[str, str]]:
    lines = settings.read_text().splitlines() if settings.is_file() else []
    for line in lines:
        name, equals, wanted = line.partition("=")
        if equals and not line.startswith("#"):
            yield name.strip(), " ".join(wanted.split())


def _read(path: Path) -> str:
    try:
        return " ".join(path.read_text().split())
    except FileNotFoundError:
        return "not there"
    except PermissionError:
        return "not to be read"
