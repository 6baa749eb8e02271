"""Where the policy asks for smart cards: the card and its PIN open, nothing else does.

The card is SoftHSM's, in software; it speaks PKCS#11 as a real one does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.wire.message import CallError
from tests.lab.guest.visitor import (
    SOCKET,
    Broker,
    end_all_sessions,
    refusal,
    restart_broker,
    shell,
    until,
)

CARD_PIN = "1234"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
CARDS = Path("/var/lib/softhsm/tokens")
POLICY = Path("/etc/appliance/policy.yaml")
_ISSUE = f"""
set -e
mkdir -p {CARDS} /usr/lib/appliance && ln -sf {MODULE} /usr/lib/appliance/pkcs11.so
id carol || useradd --create-home --home-dir /var/lib/people/carol --shell /usr/sbin/nologin carol
softhsm2-util --init-token --free --label carol --so-pin 5678 --pin {CARD_PIN}
cd /run
openssl req -x509 -newkey rsa:2048 -nodes -keyout card.key -out card.pem -subj /CN=carol -days 10
openssl pkcs8 -topk8 -nocrypt -in card.key -out card.key8
softhsm2-util --import card.key8 --token carol --label carol --id 02 --pin {CARD_PIN}
openssl x509 -in card.pem -outform DER -out card.der
pkcs11-tool --module {MODULE} --login --pin {CARD_PIN} --write-object card.der --type cert --id 02
mkdir -p /var/lib/people/carol/.eid
cp card.pem /var/lib/people/carol/.eid/authorized_certificates
# The card is read by the broker, which is not root.
chown -R appliance-broker {CARDS} && chmod o+rx /var/lib/softhsm && chmod -R o+rX /etc/softhsm
chown -R carol: /var/lib/people/carol && chmod 755 /var/lib/people/carol
"""


@pytest.fixture(scope="module", autouse=True)
def _cards() -> Iterator[None]:
    shell("mkdir -p /var/lib/people")
    shell(_ISSUE)
    before = POLICY.read_text()
    POLICY.write_text(before.replace("token: {", "token: {method: smart-card, "))
    restart_broker()
    yield
    POLICY.write_text(before)
    restart_broker()


@pytest.fixture
def desk() -> Iterator[Broker]:
    assert SOCKET.exists()
    asking = Broker()
    yield asking
    asking.hang_up()
    end_all_sessions()


def _open(desk: Broker) -> str:
    """Until the watcher of cards has reported for the first time there is no card."""
    while True:
        try:
            return desk.open("carol", CARD_PIN)[0]
        except CallError as refused:
            if "no-token" not in str(refused.parameters):
                raise
            time.sleep(0.5)


def test_the_card_and_its_pin_open(desk: Broker) -> None:
    session = _open(desk)
    assert desk.states() == {session: "active"}


def test_a_wrong_pin_does_not(desk: Broker) -> None:
    assert refusal(lambda: desk.open("carol", "9999")) == "LoginRefused"
    time.sleep(1.5)
    desk.open("carol", CARD_PIN)


def test_a_pulled_card_locks_within_two_seconds(desk: Broker) -> None:
    session = _open(desk)
    CARDS.rename(CARDS.with_name("away"))
    CARDS.mkdir()
    shell(f"chown appliance-broker {CARDS}")
    try:
        started = time.monotonic()
        until(lambda: desk.states() == {session: "locked"}, seconds=2)
        print(f"locked after {time.monotonic() - started:.2f} s")
    finally:
        CARDS.rmdir()
        CARDS.with_name("away").rename(CARDS)
    assert desk.states() == {session: "locked"}
    # The card is back; its watcher sees that a moment later.
    time.sleep(2)
    desk.reopen(session, "carol", CARD_PIN)
    assert desk.states() == {session: "active"}


def test_without_the_card_nobody_gets_in(desk: Broker) -> None:
    CARDS.rename(CARDS.with_name("away"))
    CARDS.mkdir()
    shell(f"chown appliance-broker {CARDS}")
    try:
        assert refusal(lambda: desk.open("carol", CARD_PIN)) == "LoginRefused"
    finally:
        CARDS.rmdir()
        CARDS.with_name("away").rename(CARDS)
    time.sleep(1.5)
    desk.open("carol", CARD_PIN)
