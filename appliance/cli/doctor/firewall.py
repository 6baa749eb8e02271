"""Whether the packet filter of the machine drops everything: nftables' ruleset, read as JSON.

Source: libnftables-json(5). The rules themselves are ``hardening/nftables/appliance.nft``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import SealError

# What must be there, by family: a chain at this hook that drops all.
_HOOKS = {
    "inet": ("input", "forward", "output"),
    "arp": ("input", "output"),
    "bridge": ("input", "forward", "output"),
}
# And at these of each network device.
_DEVICE_HOOKS = ("ingress", "egress")
# Statements that let nothing through. A verdict, a jump or a statement of a later nftables is not
# among them, so a chain that holds one is not known to drop.
_HARMLESS = frozenset(("counter", "limit", "log", "drop", "comment", "match"))


def ruleset() -> bytes:
    """The rules in force, in JSON. Raises ``SealError`` where they cannot be read."""
    program = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    if program is None:
        raise SealError("There is no packet filter here.", "Install nftables.")
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed program of the system
            [program, "-j", "list", "ruleset"], capture_output=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        hint = "Run this as root; only root sees the rules."
        raise SealError("The rules of the packet filter cannot be read.", hint) from error
    return listed.stdout


def network_devices() -> tuple[str, ...]:
    """The network devices of this process's network namespace."""
    # Not /sys/class/net, which shows those of the namespace that mounted it.
    lines = Path("/proc/self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    return tuple(line.partition(":")[0].strip() for line in lines)


def unguarded_hooks(rules: bytes, devices: Iterable[str]) -> tuple[str, ...]:
    """Hooks at which no chain of ``rules`` drops all, such as ``inet output``."""
    wanted = [(family, hook, "") for family, hooks in _HOOKS.items() for hook in hooks]
    wanted += [("netdev", hook, device) for device in devices for hook in _DEVICE_HOOKS]
    there = set(_dropping(rules))
    return tuple(" ".join(place).strip() for place in wanted if place not in there)


def _dropping(rules: bytes) -> Iterator[tuple[str, str, str]]:
    """Family, hook and device of the chains that drop whatever comes."""
    found = msgspec.json.decode(rules, type=dict[str, list[dict[str, Any]]])["nftables"]
    letting_through = {
        (rule["family"], rule["table"], rule["chain"])
        for rule in (entry["rule"] for entry in found if "rule" in entry)
        if not all(_HARMLESS.issuperset(statement) for statement in rule["expr"])
    }
    for chain in (entry["chain"] for entry in found if "chain" in entry):
        place = (chain["family"], chain["table"], chain["name"])
        if chain.get("policy") == "drop" and place not in letting_through:
            yield chain["family"], chain["hook"], _device(chain)


def _device(chain: dict[str, Any]) -> str:
    """The device that a chain belongs to, if it does to one."""
    if chain["family"] != "netdev":
        return ""
    # nftables 1.0.6, that of Debian 12, leaves it out; our chains are named after it: in-eth0.
    name: str = chain["name"]
    listed = chain.get("dev", name.partition("-")[2])
    return str(listed[0] if isinstance(listed, list) else listed)
