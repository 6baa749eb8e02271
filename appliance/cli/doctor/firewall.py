"""Whether the packet filter of the machine drops everything: the ruleset of nftables, as JSON.

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

# Hooks, by family, at which a chain must drop everything.
_HOOKS = {
    "inet": ("input", "forward", "output"),
    "arp": ("input", "output"),
    "bridge": ("input", "forward", "output"),
}
# The same for each network device.
_DEVICE_HOOKS = ("ingress", "egress")
# Statements that accept no packet. A chain with any other (a verdict, a jump, a statement of a
# later nftables) is not known to drop everything.
_HARMLESS = frozenset(("counter", "limit", "log", "drop", "comment", "match"))


def ruleset() -> bytes:
    """The rules in force, as JSON. Raises ``SealError`` if they cannot be read."""
    program = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    if program is None:
        raise SealError("nftables is not installed.", "Install it.")
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed program of the system
            [program, "-j", "list", "ruleset"], capture_output=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        hint = "Run this command as root."
        raise SealError("Only root can read the rules of the packet filter.", hint) from error
    return listed.stdout


def network_devices() -> tuple[str, ...]:
    """The network devices of this process's network namespace."""
    # Not /sys/class/net, which shows those of the namespace that mounted it.
    lines = Path("/proc/self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    return tuple(line.partition(":")[0].strip() for line in lines)


def unguarded_hooks(rules: bytes, devices: Iterable[str]) -> tuple[str, ...]:
    """Hooks at which no chain of ``rules`` drops everything, such as ``inet output``."""
    wanted = [(family, hook, "") for family, hooks in _HOOKS.items() for hook in hooks]
    wanted += [("netdev", hook, device) for device in devices for hook in _DEVICE_HOOKS]
    guarded = set(_dropping(rules))
    return tuple(" ".join(place).strip() for place in wanted if place not in guarded)


def _dropping(rules: bytes) -> Iterator[tuple[str, str, str]]:
    """Family, hook and device of the chains that drop every packet."""
    found = msgspec.json.decode(rules, type=dict[str, list[dict[str, Any]]])["nftables"]
    accepting = {
        (rule["family"], rule["table"], rule["chain"])
        for rule in (entry["rule"] for entry in found if "rule" in entry)
        if not all(_HARMLESS.issuperset(statement) for statement in rule["expr"])
    }
    for chain in (entry["chain"] for entry in found if "chain" in entry):
        place = (chain["family"], chain["table"], chain["name"])
        if chain.get("policy") == "drop" and place not in accepting:
            yield chain["family"], chain["hook"], _device(chain)


def _device(chain: dict[str, Any]) -> str:
    """The network device of a chain; empty if its family has none."""
    if chain["family"] != "netdev":
        return ""
    # nftables 1.0.6 (Debian 12) omits it; our chains are named after the device: in-eth0.
    name: str = chain["name"]
    listed = chain.get("dev", name.partition("-")[2])
    return str(listed[0] if isinstance(listed, list) else listed)
