"""A frame is to leave by a network device that has an odd name, was renamed, or below all filters.

Each test has a network namespace of its own with a wire in it, whose far end listens. What udev
would start is started as its rule says.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

HARDENING = REPOSITORY / "hardening"
RULES = HARDENING / "nftables/appliance.nft"
FRAMES = Path(__file__).with_name("frames.py")
WIRE, FAR_END = 3, 2  # their numbers: lo has 1, and the far end is made first
WAYS = ("packet", "bypass", "xdp")
NAMES = [
    *("1st", "a#b", "-x", "device", "drop", "a@b", "a+b", 'a"b', "a'b", "a;b", "a{b", "a\\b"),
    *("é", "$name", "*", "--", "wire", "in-2"),
]
NO_TEXT = b"x\xff\xfey"


class Network:
    """A network namespace with a wire, by the process that holds it."""

    def __init__(self, holder: int) -> None:
        self._enter = ("/usr/bin/nsenter", f"--net=/proc/{holder}/ns/net")

    def run(self, *words: str | bytes, check: bool = True) -> str:
        done = subprocess.run(
            [*self._enter, *words], capture_output=True, text=True, check=check, timeout=60
        )
        return done.stdout.strip()

    def lay(self, name: str | bytes) -> None:
        self.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "far")
        if name != "wire":
            self.run("ip", "link", "set", "dev", "wire", "name", name)
        self.up()
        self.run("ip", "link", "set", "dev", "far", "up")

    def up(self) -> None:
        """As somebody with CAP_NET_ADMIN could, so that a test of the filter tests the filter."""
        name = self.run("/usr/bin/python3", "-c", _PRINT_NAME).encode("utf-8", "surrogateescape")
        self.run("ip", "link", "set", "dev", bytes.fromhex(name.decode()), "up")

    def is_up(self) -> bool:
        return self.run("/usr/bin/python3", "-c", _PRINT_FLAGS) == "1"

    def arrives(self, way: str, *before: str) -> bool:
        words = ("/usr/bin/python3", str(FRAMES), way, str(WIRE), str(FAR_END))
        return self.run(*before, *words) == "arrived"

    def load(self) -> None:
        self.run("nft", "-f", str(RULES))

    def event(self) -> int:
        """What udev does when the wire is added, renamed or changed; the exit code."""
        done = subprocess.run([*self._enter, *_command_of_udev(WIRE)], check=False, timeout=60)
        return done.returncode


_PRINT_NAME = f"import socket, os; print(os.fsencode(socket.if_indextoname({WIRE})).hex())"
_PRINT_FLAGS = f"""
import fcntl, os, socket, struct
name = os.fsencode(socket.if_indextoname({WIRE}))
with socket.socket() as any_socket:  # SIOCGIFFLAGS
    found = fcntl.ioctl(any_socket, 0x8913, struct.pack("40s", name))
print(struct.unpack_from("=H", found, 16)[0] & 1)
"""


def _rule() -> str:
    (line,) = (
        line
        for line in (HARDENING / "udev/85-appliance-network.rules").read_text().splitlines()
        if line and not line.startswith("#")
    )
    return line


def _command_of_udev(index: int) -> list[str]:
    (command,) = re.findall(r'RUN\+="([^"]*)"', _rule())
    # All that udev puts in is a number.
    assert re.findall(r"[$%]\S*", command) == ["$attr{ifindex}"]
    installed = command.replace("$attr{ifindex}", str(index))
    return shlex.split(installed.replace("/usr/lib/appliance", str(HARDENING / "network")))


@pytest.fixture
def network() -> Iterator[Network]:
    holder = subprocess.Popen(
        ["/usr/bin/unshare", "--net", sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "\n"
    yield Network(holder.pid)
    holder.kill()
    holder.communicate()


def test_udev_acts_on_each_way_in_which_a_name_appears() -> None:
    assert 'ACTION=="add|move|change", SUBSYSTEM=="net", ATTR{ifindex}!="1"' in _rule()


@pytest.mark.parametrize("name", [*NAMES, NO_TEXT])
def test_a_device_of_any_name_is_cut_off(network: Network, name: str | bytes) -> None:
    network.lay(name)
    network.load()
    assert network.arrives("packet")  # the rules of the families do not see it
    assert network.event() == 0
    assert not network.is_up()
    network.up()
    assert not network.arrives("packet")
    assert not network.arrives("bypass")


def test_a_device_that_was_renamed_is_cut_off_again(network: Network) -> None:
    network.lay("wire")
    network.load()
    assert network.event() == 0
    for name in ("eth9", "1st", "wire"):
        old = network.run(
            "/usr/bin/python3", "-c", f"import socket; print(socket.if_indextoname({WIRE}))"
        )
        network.run("ip", "link", "set", "dev", old, "down")
        network.run("ip", "link", "set", "dev", old, "name", name)
        network.up()
        assert network.event() == 0
        assert not network.is_up()
        network.up()
        assert not network.arrives("packet")


@pytest.mark.parametrize("way", WAYS)
def test_by_a_device_that_is_cut_off_nothing_leaves(network: Network, way: str) -> None:
    network.lay("wire")
    network.load()
    assert network.arrives(way)
    assert network.event() == 0
    assert not network.arrives(way)


def test_no_filter_sees_what_goes_by_xdp_so_nobody_may_set_a_device_up(network: Network) -> None:
    network.lay("wire")
    network.load()
    assert network.event() == 0
    network.up()
    assert network.arrives("xdp")  # with the means that services lack: systemd/service.d
    drop_in = (HARDENING / "systemd/service.d/90-no-network.conf").read_text()
    (lost,) = re.findall(r"^CapabilityBoundingSet=~(.*)$", drop_in, re.MULTILINE)
    without = ",".join(f"-{name.removeprefix('CAP_').lower()}" for name in lost.split())
    powers = ("/usr/bin/setpriv", f"--bounding-set={without}", f"--inh-caps={without}")
    made = network.run(*powers, "/usr/bin/python3", "-c", _MAKE_SOCKETS)
    assert made == "refused refused refused"


_MAKE_SOCKETS = """
import socket, subprocess
def attempt(*kind):
    try: socket.socket(*kind).close(); return "made"
    except PermissionError: return "refused"
made = [attempt(44, socket.SOCK_RAW, 0), attempt(socket.AF_PACKET, socket.SOCK_RAW, 0)]
down = subprocess.run(["ip", "link", "set", "dev", "wire", "up"], capture_output=True)
print(*made, "refused" if b"not permitted" in down.stderr else "made")
"""


def test_if_the_filter_cannot_be_set_the_device_is_down_all_the_same(network: Network) -> None:
    network.lay("wire")
    assert network.arrives("packet")
    assert network.event() == 1  # no table to put a chain in
    assert not network.is_up()
    assert not network.arrives("packet")


def test_at_boot_every_device_is_cut_off_or_the_unit_fails(network: Network) -> None:
    network.lay("a#b")
    unit = (HARDENING / "systemd/appliance-firewall.service").read_text()
    commands = [shlex.split(line) for line in re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)]
    assert commands[0][0] == "/usr/sbin/nft"
    assert commands[1] == ["/usr/bin/python3", "-I", "/usr/lib/appliance/cut_off.py"]
    cut_off = ("/usr/bin/python3", "-I", str(HARDENING / "network/cut_off.py"))
    with pytest.raises(subprocess.CalledProcessError):
        network.run(*cut_off)
    network.load()
    network.run(*cut_off)
    assert not network.is_up()
    assert (
        len(re.findall(r"hook (?:in|e)gress", network.run("nft", "list", "chains", "netdev"))) == 6
    )


def test_the_unit_s_own_powers_are_enough(network: Network) -> None:
    # Not root, one capability, and sockets of netlink alone, as its unit has it.
    network.lay("a#b")
    powers = (
        *("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
        *("--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin", "--no-new-privs"),
    )
    traced = ("/usr/bin/strace", "--follow-forks", "--quiet=all", "--trace=socket", "--output=|cat")
    load = network.run(*powers, *traced, "/usr/sbin/nft", "--file", str(RULES))
    cut_off = ("/usr/bin/python3", "-I", str(HARDENING / "network/cut_off.py"))
    made = load + network.run(*powers, *traced, *cut_off)
    assert set(re.findall(r"socket\((\w+)", made)) == {"AF_NETLINK"}
    assert not network.is_up()
    network.up()
    assert not network.arrives("packet")
