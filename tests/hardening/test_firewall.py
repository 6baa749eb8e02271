"""The packet filter between two networks: a neighbour on a wire, who answers until it is loaded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from appliance.cli.doctor.firewall import unguarded_hooks
from tests.paths import REPOSITORY

HARDENING = REPOSITORY / "hardening"
RULES = HARDENING / "nftables" / "appliance.nft"
CUT_OFF = HARDENING / "network" / "cut_off.py"
OURS, THEIRS = "10.99.0.1", "10.99.0.2"
OURS_6, THEIRS_6 = "fd00:99::1", "fd00:99::2"

# Says "through" where the neighbour got something or answered.
_SERVER = """
import select, socket
kinds = ((socket.AF_INET, ""), (socket.AF_INET6, "::"))
listening = []
for family, address in kinds:
    tcp = socket.socket(family); tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6: tcp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    tcp.bind((address, 7007)); tcp.listen()
    udp = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6: udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    udp.bind((address, 7007))
    listening += [tcp, udp]
print("ready", flush=True)
while True:
    for one in select.select(listening, [], [])[0]:
        if one.type == socket.SOCK_STREAM: one.accept()[0].close()
        else: one.sendto(b"x", one.recvfrom(9)[1])
"""
_CLIENT = """
import os, socket, sys
kind, address, user = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.setuid(user)
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(1.5)
try:
    s.connect((address, 7007))
    if kind == "udp":
        s.send(b"x"); s.recv(9)
    print("through")
except OSError:
    print("stopped")
"""
_ARP = """
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.settimeout(1.5)
s.bind(("wire", 0)); me = s.getsockname()[4]
arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, me, bytes([10, 99, 0, 1]), bytes(6),
                  bytes([10, 99, 0, 2]))
try:
    s.send(b"\\xff" * 6 + me + b"\\x08\\x06" + arp)
    while (got := s.recv(99))[12:14] != b"\\x08\\x06" or got[21] != 2: pass
    print("through")
except OSError:
    print("stopped")
"""

_PING = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP); s.settimeout(1.5)
try:
    s.sendto(bytes.fromhex("0800f7ff00000000"), (sys.argv[1], 0))
    while s.recv(99)[20] != 0: pass
    print("through")
except OSError:
    print("stopped")
"""


@dataclass(frozen=True)
class Wire:
    """Two network namespaces, by the processes that hold them."""

    ours: int
    theirs: int

    def run(self, *words: str, there: bool = False, given: str | None = None) -> str:
        """What a command prints in our namespace or the neighbour's."""
        pid = self.theirs if there else self.ours
        done = subprocess.run(
            ["/usr/bin/nsenter", f"--net=/proc/{pid}/ns/net", *words],
            input=given,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout

    def load(self) -> None:
        """What the unit does; then the wire is set up again, or the rules would have no work."""
        self.run("nft", "-f", str(RULES))
        self.run("/usr/bin/python3", "-I", str(CUT_OFF))
        self.run("ip", "link", "set", "wire", "up")
        self.run("ip", "-6", "address", "replace", f"{OURS_6}/64", "dev", "wire", "nodad")

    def python(self, code: str, *words: str, there: bool = False) -> str:
        return self.run("/usr/bin/python3", "-c", code, *words, there=there).strip()

    def gaps(self) -> tuple[str, ...]:
        listed = self.run("nft", "-j", "list", "ruleset").encode()
        index = self.python("import socket; print(socket.if_nametoindex('wire'))")
        return unguarded_hooks(listed, {1: "lo", int(index): "wire"})

    def dropped(self, family: str, name: str) -> int:
        listed = msgspec.json.decode(
            self.run("nft", "-j", "list", "counter", family, "appliance", name)
        )
        found: list[dict[str, Any]] = listed["nftables"]
        return sum(entry["counter"]["packets"] for entry in found if "counter" in entry)

    def reached(self, user: int = 0) -> set[str]:
        """Which ways out lead to the neighbour."""
        ways = {
            f"{kind} {address}": self.python(_CLIENT, kind, address, str(user))
            for kind in ("tcp", "udp")
            for address in (THEIRS, THEIRS_6)
        }
        ways |= {"icmp": self.python(_PING, THEIRS), "arp": self.python(_ARP)}
        return {way for way, answer in ways.items() if answer == "through"}


EVERY_WAY = {
    *(f"{kind} {address}" for kind in ("tcp", "udp") for address in (THEIRS, THEIRS_6)),
    "icmp",
    "arp",
}


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Neighbours who can talk."""
    holders = [
        subprocess.Popen(
            ["/usr/bin/unshare", "--net", sys.executable, "-c", "print('up', flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for holder in holders:
        assert holder.stdout
        assert holder.stdout.readline() == "up\n"
    wire = Wire(holders[0].pid, holders[1].pid)
    wire.run("ip", "link", "add", "wire", "type", "veth", "peer", "wire", "netns", str(wire.theirs))
    for there, address, address_6 in ((False, OURS, OURS_6), (True, THEIRS, THEIRS_6)):
        wire.run("ip", "address", "add", f"{address}/24", "dev", "wire", there=there)
        wire.run(
            "ip", "-6", "address", "add", f"{address_6}/64", "dev", "wire", "nodad", there=there
        )
        for device in ("lo", "wire"):
            wire.run("ip", "link", "set", device, "up", there=there)
    server = subprocess.Popen(
        ["/usr/bin/nsenter", f"--net=/proc/{wire.theirs}/ns/net", sys.executable, "-c", _SERVER],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout
    assert server.stdout.readline() == "ready\n"
    yield wire
    for process in (server, *holders):
        process.kill()
        process.communicate()


@pytest.mark.parametrize("user", [0, 65534])
def test_nothing_gets_out_for_any_user(wire: Wire, user: int) -> None:
    assert wire.reached(user) == EVERY_WAY
    wire.load()
    assert wire.reached(user) == set()
    assert wire.dropped("inet", "out") >= 4
    assert wire.gaps() == ()
    wire.load()
    assert wire.reached(user) == set()


def test_nothing_gets_in(wire: Wire) -> None:
    assert wire.python(_PING, OURS, there=True) == "through"
    wire.load()
    assert wire.python(_PING, OURS, there=True) == "stopped"
    assert wire.dropped("netdev", "frames-in") >= 1


def test_nothing_goes_over_lo(wire: Wire) -> None:
    assert wire.python(_PING, "127.0.0.1") == "through"
    wire.load()
    assert wire.python(_PING, "127.0.0.1") == "stopped"


def test_without_the_chains_of_the_device_the_families_still_drop(wire: Wire) -> None:
    # Each is tested with the others off, so that none hides another's hole.
    wire.load()
    wire.run("nft", "delete", "table", "netdev", "appliance")
    assert wire.reached() == {"arp"}  # a raw frame: below IP and below the stack's own ARP
    before = wire.dropped("inet", "out")
    assert wire.python(_CLIENT, "udp", THEIRS, "0") == "stopped"
    assert wire.dropped("inet", "out") > before


def test_without_ip_s_rules_no_neighbour_is_found(wire: Wire) -> None:
    wire.load()
    for family in ("netdev", "inet"):
        wire.run("nft", "delete", "table", family, "appliance")
    wire.run("ip", "neigh", "flush", "all")
    assert not wire.reached() & {f"{kind} {THEIRS}" for kind in ("tcp", "udp")}
    assert wire.dropped("arp", "arp-out") >= 1


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ("delete table arp appliance", ("arp input", "arp output")),
        ("add chain inet appliance output { policy accept; }", ("inet output",)),
        ("insert rule inet appliance output meta skuid 0 accept", ("inet output",)),
        (
            "add chain inet appliance side; insert rule inet appliance input jump side",
            ("inet input",),
        ),
        ("flush chain netdev appliance in-2", ()),  # its counter: the chain still drops
        (
            "flush chain netdev appliance out-lo; delete chain netdev appliance out-lo",
            ("netdev egress lo",),
        ),
        ("flush ruleset", None),
    ],
)
def test_what_is_missing_is_found(wire: Wire, change: str, gap: tuple[str, ...] | None) -> None:
    wire.load()
    assert wire.gaps() == ()
    wire.run("nft", change)
    found = wire.gaps()
    if gap is None:
        assert len(found) == 12
    else:
        assert found == gap
