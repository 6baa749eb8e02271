"""The packet filter, loaded into a network namespace, and attempts to get through it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.paths import REPOSITORY

RULES = REPOSITORY / "hardening/nftables/appliance.nft"
FAMILIES = ["inet", "arp", "bridge"]
# The attempts: a service on this machine, over IPv4 and IPv6, and a name server.
KNOCK = """
import json, socket
def knock(family, kind, address):
    try:
        with socket.socket(family, kind) as s:
            s.settimeout(0.5)
            s.connect(address)
            s.send(b"x")
            return "sent"
    except OSError as error:
        return type(error).__name__
server = socket.create_server(("127.0.0.1", 7777))
print(json.dumps([
    knock(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 7777)),
    knock(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 7777)),
    knock(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 53)),
]))
"""


def in_a_network_of_its_own(script: str) -> str:
    """The output of ``script``, run as root of a new network namespace with loopback up."""
    whole = f"set -e; ip link set lo up; {script}"
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", whole],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def knock(rules: str) -> tuple[list[str], dict[str, int]]:
    """How each attempt ended, and the packets that each counter counted."""
    python = f"{sys.executable} -c '{KNOCK}'"
    printed = in_a_network_of_its_own(f"{rules}; {python}; nft --json list counters")
    attempts, counters = (json.loads(line) for line in printed.splitlines())
    found: dict[str, Any] = {c["name"]: c for o in counters["nftables"] if (c := o.get("counter"))}
    return attempts, {name: counter["packets"] for name, counter in found.items()}


def test_packets_arrive_without_the_filter() -> None:
    attempts, _ = knock("true")
    assert attempts[0] == "sent"


def test_the_filter_drops_and_counts_every_attempt() -> None:
    attempts, packets = knock(f"nft --file {RULES}")
    assert "sent" not in attempts
    assert packets["out"] >= len(attempts)
    assert packets["in"] == 0  # nothing got that far


@pytest.mark.parametrize("family", FAMILIES)
def test_every_chain_of_every_family_drops(family: str) -> None:
    printed = in_a_network_of_its_own(f"nft --file {RULES}; nft --json list chains {family}")
    chains = [c for entry in json.loads(printed)["nftables"] if (c := entry.get("chain"))]
    assert {"input", "output"} <= {chain["hook"] for chain in chains}
    assert {chain["policy"] for chain in chains} == {"drop"}


def test_the_filter_replaces_all_earlier_rules() -> None:
    open_door = "nft add table inet open '{ chain o { type filter hook output priority -300; }; }'"
    printed = in_a_network_of_its_own(f"{open_door}; nft --file {RULES}; nft list tables")
    assert {*printed.splitlines()} == {f"table {f} appliance" for f in (*FAMILIES, "netdev")}


def test_what_the_rules_are_made_of_is_loaded_before_modules_are_locked() -> None:
    """Else a filter whose first start was stopped half way could not be loaded until a reboot."""
    unit = (REPOSITORY / "hardening/systemd/appliance-modules.service").read_text()
    rules = RULES.read_text()
    needed = {"nf_tables"}
    needed |= {f"nft_{word}" for word in ("limit", "log") if f"{word} " in rules}
    for module in (*needed, "nf_log_syslog"):
        for key in ("Wants", "After"):
            lines = [line for line in unit.splitlines() if line.startswith(f"{key}=")]
            assert any(f"modprobe@{module}.service" in line.split("=", 1)[1] for line in lines)
