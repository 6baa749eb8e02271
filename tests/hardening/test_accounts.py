"""Whom PAM, the real one, refuses although the token is right: expired and locked accounts."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

HARDENING = REPOSITORY / "hardening"
PROGRAM = HARDENING / "accounts/refused_accounts.py"
TODAY = int(time.time()) // 86_400
SHADOW = f"""\
root:*:19000:0:99999:7:::
anna:!:19000:0:99999:7:::
bert:!:19000:0:99999:7::{TODAY + 2}:
carla:!:19000:0:99999:7::{TODAY - 2}:
dora:!:19000:0:99999:7::1:
emil:!$6$salt$hash:19000:0:99999:7:::
fred:!*:19000:0:99999:7:::
gina:!:19000:0:99999:7::soon:
hans:!
"""
REFUSED = ["carla", "dora", "emil", "gina", "hans"]
_ASK = """
import sys
from appliance.session import login
print(login.authenticate(sys.argv[1], "1234", "piv"))
"""
# /run is a file system of the test's own, with or without the list.
_RUN = (
    'mount --bind "$1" /etc/pam.d && mount -t tmpfs none /run && mkdir /run/appliance-accounts && '
    '{ [ ! -e "$2" ] || cp "$2" /run/appliance-accounts/refused; } && exec "$3" -c "$4" "$5"'
)


def _list(folder: Path) -> Path:
    shadow, into = folder / "shadow", folder / "refused"
    shadow.write_text(SHADOW)
    subprocess.run([sys.executable, "-I", str(PROGRAM), str(shadow), str(into)], check=True)
    return into


def _answer(folder: Path, service: str, listed: Path, user: str) -> str:
    """What a login makes of the installed account line, behind a token that is right."""
    text = (HARDENING / "pam.d" / service).read_text()
    (account,) = (line for line in text.splitlines() if line.startswith("account"))
    pam = folder / "pam.d"
    pam.mkdir(exist_ok=True)
    (pam / "appliance-piv").write_text(f"auth required pam_permit.so\n{account}\n")
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _RUN, "sh"]
    done = subprocess.run(
        [*command, pam, listed, sys.executable, _ASK, user],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    return done.stdout.strip()


def test_expired_and_locked_accounts_are_listed(tmp_path: Path) -> None:
    assert _list(tmp_path).read_text().split() == REFUSED


@pytest.mark.parametrize("service", ["appliance", "appliance-piv"])
def test_who_is_listed_is_refused(tmp_path: Path, service: str) -> None:
    listed = tmp_path / "refused"
    listed.write_text("daemon\n")
    assert _answer(tmp_path, service, listed, "nobody") == "None"
    assert _answer(tmp_path, service, listed, "daemon") != "None"


@pytest.mark.parametrize("service", ["appliance", "appliance-piv"])
def test_without_the_list_everybody_is_refused(tmp_path: Path, service: str) -> None:
    assert _answer(tmp_path, service, tmp_path / "missing", "nobody") != "None"


def test_the_list_is_where_pam_looks_for_it() -> None:
    unit = (HARDENING / "systemd/appliance-accounts.service").read_text()
    assert "RuntimeDirectory=appliance-accounts\n" in unit
    assert " /etc/shadow ${RUNTIME_DIRECTORY}/refused\n" in unit
    for service in ("appliance", "appliance-piv"):
        text = (HARDENING / "pam.d" / service).read_text()
        assert " onerr=fail file=/run/appliance-accounts/refused\n" in text
        assert "pam_permit.so" not in text
