"""What the tests in the machine share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.guest.visitor import Broker, Token, end_all_sessions, register, shell


@pytest.fixture(scope="session")
def enrolled() -> Iterator[Token]:
    """A token in the machine, registered for ``anna``, then for ``bert``."""
    shell("modprobe uhid; udevadm settle")
    token = Token()
    token.plug_in()
    token.finger(on=True)
    lines = []
    for user in ("anna", "bert"):
        shell(f"id {user} || useradd --no-create-home --shell /usr/sbin/nologin {user}")
        lines.append(register(user))
    tokens = Path("/etc/appliance/tokens")
    tokens.write_text("\n".join(lines) + "\n")
    tokens.chmod(0o640)
    shutil.chown(tokens, group="appliance-broker")
    yield token
    token.pull()


@pytest.fixture
def token(enrolled: Token) -> Token:
    """Plugged in, a finger on it."""
    if enrolled._process is None:
        enrolled.plug_in()
    enrolled.finger(on=True)
    return enrolled


@pytest.fixture
def broker(token: Token) -> Iterator[Broker]:  # noqa: ARG001 - it must be there
    """Calls from root. Whatever a test leaves open is closed."""
    shell("systemctl start appliance-broker.service")
    client = Broker()
    yield client
    client.hang_up()
    end_all_sessions()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once what failed: the end of the run may be an hour away."""
    if report.failed:
        print(report.longreprtext)
