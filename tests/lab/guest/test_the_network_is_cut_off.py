"""A real network card, with a network behind it: no frame leaves, also when it is plugged in late.

The machine outside writes down what leaves. The last test here sends one frame on purpose, with
the rule that stops it taken away: it must be the first that is found there.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.cli.doctor.firewall import network_devices, unguarded_hooks
from appliance.protocols import broker_api
from appliance.wire.message import Empty
from tests.lab.guest.visitor import Broker, shell, until

CONTROL = b"\x88\xb5the control of the lab"  # an Ethernet type for experiments (IEEE 802)
_NETWORK = "10.0.2"  # QEMU's: .2 is the gateway, .3 answers names
_DEVICES = Path("/sys/class/net")


def _cards() -> list[str]:
    return [entry.name for entry in _DEVICES.iterdir() if (entry / "device").exists()]


def _cut_off() -> bool:
    """Whether every device that is there has its rules, and no rule is missing."""
    listed = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, check=True)
    return unguarded_hooks(listed.stdout, network_devices()) == ()


def _send(card: str, body: bytes) -> None:
    """One frame to everybody, below all protocols."""
    own = bytes.fromhex((_DEVICES / card / "address").read_text().strip().replace(":", ""))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((card, 0))
        raw.send(b"\xff" * 6 + own + body)


def _is_up(card: str) -> bool:
    return bool(int((_DEVICES / card / "flags").read_text(), 16) & 1)  # IFF_UP


def _dropped(counter: str) -> int:
    said = shell(f"nft list counter {counter} | grep -o 'packets [0-9]*'")
    return int(said.split()[1])


@pytest.fixture
def card() -> Iterator[str]:
    """The card, set up as on a network that gives it everything."""
    (name,) = _cards()
    shell(f"ip link set {name} up")
    shell(f"ip address replace {_NETWORK}.15/24 dev {name}")
    shell(f"ip route replace default via {_NETWORK}.2 dev {name}")
    yield name
    shell(f"ip link set {name} down")


def test_the_card_was_cut_off_while_the_machine_started() -> None:
    (card,) = _cards()
    assert _cut_off()
    assert not _is_up(card)


def test_nothing_leaves_by_any_protocol(card: str) -> None:
    before = _dropped("inet appliance out"), _dropped("netdev appliance frames-out")
    for kind, port in ((socket.SOCK_STREAM, 80), (socket.SOCK_DGRAM, 53)):
        for address in (f"{_NETWORK}.2", f"{_NETWORK}.3", "255.255.255.255"):
            with socket.socket(socket.AF_INET, kind) as one, suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                one.settimeout(0.5)
                one.connect((address, port))
                one.send(b"out")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one, suppress(OSError):
        one.sendto(b"out", ("ff02::1", 53, 0, socket.if_nametoindex(card)))
    for below in (b"\x08\x06" + bytes(28), b"\x88\xccout"):  # ARP, LLDP
        with pytest.raises(OSError, match="No buffer space"):  # so says what drops at the egress
            _send(card, below)
    assert _dropped("inet appliance out") > before[0]
    assert _dropped("netdev appliance frames-out") > before[1]


def test_a_card_that_comes_late_is_cut_off() -> None:
    (name,) = _cards()
    shell(f"ip link set {name} up")
    bus = (_DEVICES / name / "device").resolve().name
    for act in ("unbind", "bind"):  # no module can be loaded again
        Path(f"/sys/bus/virtio/drivers/virtio_net/{act}").write_text(bus)
    until(_cards)
    until(_cut_off)
    assert not _is_up(*_cards())


def _told(broker: Broker) -> list[str] | None:
    return broker.ask("Appliance", Empty(), broker_api.Appliance)[0].network


def test_a_screen_is_told_which_cards_there_are(broker: Broker) -> None:
    """The broker sees none of them: it has a network of its own."""
    until(lambda: _told(broker) == _cards())
    shell("ip link add made type dummy")
    try:
        until(lambda: _told(broker) == sorted(["made", *_cards()]))
    finally:
        shell("ip link delete made")
    shell("systemctl stop appliance-network.service")
    try:
        assert _told(broker) is None  # not known, which is not none
    finally:
        shell("systemctl start appliance-network.service")
    until(lambda: _told(broker) == _cards())


def test_a_device_that_a_program_makes_is_cut_off() -> None:
    shell("ip link add made type dummy")
    try:
        until(_cut_off)
    finally:
        shell("ip link delete made")


def test_a_device_that_is_renamed_is_cut_off_again(card: str) -> None:
    shell(f"ip link set {card} down; ip link set {card} name odd#name; ip link set odd#name up")
    try:
        until(_cut_off)
        until(lambda: not _is_up("odd#name"))
    finally:
        shell(f"ip link set odd#name down; ip link set odd#name name {card}")
    until(_cut_off)


def test_without_the_packet_filter_the_broker_does_not_run() -> None:
    shell("systemctl stop appliance-firewall.service")
    try:
        assert shell("systemctl is-active appliance-broker.service", check=False) != "active"
    finally:
        shell("systemctl start appliance-broker.service")
    assert shell("systemctl is-active appliance-firewall.service") == "active"
    until(_cut_off)


def test_a_service_of_root_cannot_make_packets() -> None:
    make = "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"
    run = f"systemd-run --quiet --wait --pipe --collect python3 -c '{make}' 2>&1"
    assert "PermissionError" in shell(run, check=False)
    shell(f"python3 -c '{make}'")


def test_without_its_rule_a_frame_leaves(card: str) -> None:
    shell("nft delete table netdev appliance")
    assert not _cut_off()
    _send(card, CONTROL)
    shell("systemctl restart appliance-firewall.service")
    until(_cut_off)
