"""Whether the packet filter of the machine drops everything: the ruleset of nftables, as JSON.

Source: libnftables-json(5). The rules themselves are ``hardening/nftables/appliance.nft``.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
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


def network_devices() -> dict[int, str]:
    """The network devices of this process's network namespace: their names by their numbers."""
    # Not /sys/class/net, which shows those of the namespace that mounted it.
    return dict(socket.if_nameindex())


def unguarded_hooks(rules: bytes, devices: Mapping[int, str]) -> tuple[str, ...]:
    """Hooks at which no chain of ``rules`` drops everything, such as ``inet output``.

    ``devices``: as ``network_devices`` gives them.
    """
    wanted = [(family, hook, "") for family, hooks in _HOOKS.items() for hook in hooks]
    wanted += [("netdev", hook, device) for device in devices.values() for hook in _DEVICE_HOOKS]
    guarded = set(_dropping(rules, devices))
    return tuple(" ".join(place).strip() for place in wanted if place not in guarded)


def _dropping(rules: bytes, devices: Mapping[int, str]) -> Iterator[tuple[str, str, str]]:
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
            yield chain["family"], chain["hook"], _device(chain, devices)


def _device(chain: dict[str, Any], devices: Mapping[int, str]) -> str:
    """The network device of a chain; empty if its family has none."""
    if chain["family"] != "netdev":
        return ""
    if "dev" in chain:
        listed = chain["dev"]
        return str(listed[0] if isinstance(listed, list) else listed)
    # nftables 1.0.6 (Debian 12) omits it; our chains end in the device's number: in-2, but in-lo.
    number = str(chain["name"]).partition("-")[2]
    return devices.get(int(number), "") if number.isdecimal() else number
