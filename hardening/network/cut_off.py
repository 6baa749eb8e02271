"""Cut network devices off: ``python3 -I cut_off.py [INDEX]``, without a number all that are there.

A device is set down, then gets chains of the packet filter that drop each of its frames. Everything
goes by the number of the device (its ifindex), since a device may have any name: the kernel forbids
little more than blanks and slashes. Names reach nft(8) as JSON, never as text of its language. What
has a name that is no UTF-8 is renamed first. If the filter cannot be set, the device is down all
the same, and the exit code is 1.

It stands alone, without the package, because udev starts it at any time of the boot.
"""

from __future__ import annotations

import errno
import json
import socket
import struct
import subprocess
import sys

# rtnetlink(7), linux/rtnetlink.h and linux/if_link.h.
_SET_LINK = 19
_REQUEST_AND_ANSWER = 0x1 | 0x4
_ERROR = 2
_NAME = 3  # IFLA_IFNAME
_UP = 1  # IFF_UP
_LOOPBACK = 1  # the number of lo in each network namespace (LOOPBACK_IFINDEX)
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_SECONDS = 20  # the most that nft(8) may take
_HOOKS = (("in", "ingress"), ("out", "egress"))


def set_link(index: int, flags: int = 0, change: int = 0, attributes: bytes = b"") -> None:
    """Change the network device of this number; raises ``OSError`` if the kernel refuses."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, index, flags, change) + attributes
    message = _HEADER.pack(_HEADER.size + len(body), _SET_LINK, _REQUEST_AND_ANSWER, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.send(message)
        answer = kernel.recv(4096)
    _, kind, *_ = _HEADER.unpack_from(answer)
    (code,) = struct.unpack_from("=i", answer, _HEADER.size)
    if kind != _ERROR or code:
        raise OSError(-code, "the kernel refuses")


def set_down(index: int) -> None:
    """Nothing goes in or out by a device that is down; raises ``OSError``."""
    set_link(index, flags=0, change=_UP)


def printable_name(index: int) -> str:
    """The name of a device, which is made one that JSON can hold; raises ``OSError``."""
    names = dict(socket.if_nameindex())  # by netlink alone, unlike if_indextoname
    if index not in names:
        raise OSError(errno.ENODEV, "it is gone")
    name = names[index]
    try:
        name.encode()
    except UnicodeEncodeError:
        name = f"cut{index}"
        attribute = name.encode() + b"\0"
        padded = attribute + bytes(-len(attribute) % 4)
        set_link(index, attributes=struct.pack("=HH", 4 + len(attribute), _NAME) + padded)
    return name


def commands(index: int, name: str) -> str:
    """What nft(8) is to do for a device, as JSON: libnftables-json(5)."""
    steps: list[dict[str, object]] = []
    for way, hook in _HOOKS:
        place = {"family": "netdev", "table": "appliance"}
        chain = place | {"name": f"{way}-{index}"}
        bound = {"type": "filter", "hook": hook, "dev": name, "prio": 0, "policy": "drop"}
        rule = place | {"chain": chain["name"], "expr": [{"counter": f"frames-{way}"}]}
        # A chain of this number may be there, bound to the name that the device had before. The
        # first step makes one without a device where there is none, so that it can be deleted.
        steps += [{"add": {"chain": chain}}, {"flush": {"chain": chain}}]
        steps += [{"delete": {"chain": chain}}, {"add": {"chain": chain | bound}}]
        steps.append({"add": {"rule": rule}})
    return json.dumps({"nftables": steps})


def cut_off(index: int) -> bool:
    """Whether the device is down and its frames are dropped, or it is gone."""
    try:
        set_down(index)
        name = printable_name(index)
    except OSError:
        return index not in {number for number, _ in socket.if_nameindex()}
    return _load(commands(index, name))


def _load(commands: str) -> bool:
    try:
        done = subprocess.run(
            ["/usr/sbin/nft", "-j", "-f", "-"],
            input=commands.encode(),
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def main() -> int:
    """Cut off what the arguments name. Returns the exit code."""
    found = [int(word) for word in sys.argv[1:]] or [index for index, _ in socket.if_nameindex()]
    # All of them, also behind one that could not be cut off.
    done = [cut_off(index) for index in found if index != _LOOPBACK]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
