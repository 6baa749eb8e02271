"""What the tests in the machine share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.guest.releasing import COMMAND, KEYS, ROLES, TOKENS
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


@pytest.fixture
def second(token: Token) -> Iterator[Token]:
    """A token of ruth's, who may approve; it is pulled, and so is not in anybody's way."""
    shell("id ruth || useradd --no-create-home --shell /usr/sbin/nologin ruth")
    token.pull()
    other = Token("ruth")
    other.plug_in()
    other.finger(on=True)
    before = TOKENS.read_text()
    TOKENS.write_text(f"{before}{register('ruth')}\n")
    other.pull()
    token.plug_in()
    ROLES.write_text("anna:clinician\nruth:approver\n")
    ROLES.chmod(0o640)
    shutil.chown(ROLES, group="appliance-broker")
    yield other
    other.pull()
    TOKENS.write_text(before)
    ROLES.unlink()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Path]:
    """Keys of a site, sealed to this machine as its administrator does it."""
    made = tmp_path / "keys"
    shell(f'{COMMAND} release keys {made} --organisation "A hospital"')
    for name in ("release.pem", "release.key", "watermark.key", "anchor.pem"):
        shell(f"systemd-creds encrypt --name={name} {made / name} {KEYS / name}")
    shell("systemctl start appliance-releaser@w0.socket")
    yield made
    shell(f"systemctl stop appliance-releaser@w0.socket; rm {KEYS}/*")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once what failed: the end of the run may be an hour away."""
    if report.failed:
        print(report.longreprtext)
