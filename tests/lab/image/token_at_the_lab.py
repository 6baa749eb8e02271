"""Token and touch screen outside the lab's machine: the tests inside say what the hand does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from tests.lab.guest.test_a_token_from_outside import HAND, PLACE, USER
from tests.lab.guest.visitor import PIN
from tests.lab.image.security_key import SecurityKey
from tests.lab.image.touch_screen import TouchScreen

if TYPE_CHECKING:
    from tests.lab.virtual_machine import Machine


def port_options(path: str, name: str) -> Sequence[str]:
    """QEMU's options for a port at ``path``; its controller is ``xhci``."""
    return (
        *("-chardev", f"socket,id={name},path={path},server=on,wait=off"),
        *("-device", f"usb-redir,id={name},chardev={name},bus=xhci.0"),
    )


@contextmanager
def held(booted: Machine) -> Iterator[None]:
    """Do what the tests inside ask for, while the machine runs."""
    key = SecurityKey(booted.port, booted.folder / "token-keys", PIN, "OUTSIDE1")
    booted.token_line.write_text(f"{key.line(USER)}\n")
    over = Event()

    def follow() -> None:
        done, glass = 0, None
        while not over.is_set():
            text = booted.text() if booted.report.exists() else ""
            asked = [line for line in text.splitlines() if line.startswith(HAND)]
            for line in asked[done:]:
                match line.removeprefix(HAND):
                    case "touch screen":
                        glass = TouchScreen(booted.other_port)
                    case "tap" if glass is not None:
                        glass.tap(PLACE)
                    case what:
                        _do(key, what)
            done = len(asked)
            time.sleep(0.05)

    hand = Thread(target=follow)
    hand.start()
    try:
        yield
    finally:
        over.set()
        hand.join()
        key.pull()


def _do(key: SecurityKey, what: str) -> None:
    match what:
        case "plug in":
            key.plug_in()
        case "pull":
            key.pull()
        case "finger on" | "finger off":
            key.finger(on=what.endswith("on"))
