"""What a login makes of PAM's answers: anything but a plain success denies.

PAM is the real one, in a child as on the appliance. Its services are a folder of the test, in a
mount namespace of its own. pam_debug(8) answers as its arguments say.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from appliance.session.login import SERVICES
from tests.paths import REPOSITORY
from tests.session.standins import PATIENCE

HARDENING = REPOSITORY / "hardening/pam.d"
_ASK = """
import sys
from appliance.session import login
login._PATIENCE = float(sys.argv[1])
print(login.authenticate("nobody", "1234", "piv"))
"""
_RUN = 'mount --bind "$1" /etc/pam.d && exec "$2" -c "$3" "$4"'


def _answer(folder: Path, patience: float = PATIENCE) -> str:
    """The answer of ``authenticate`` if ``folder`` holds the services of PAM."""
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _RUN, "sh"]
    asked = subprocess.run(
        [*command, folder, sys.executable, _ASK, str(patience)],
        capture_output=True,
        text=True,
        check=True,
    )
    return asked.stdout.strip()


def _service(folder: Path, line: str, name: str = SERVICES["piv"]) -> Path:
    (folder / name).write_text(f"auth required {line}\naccount required pam_permit.so\n")
    return folder


def test_a_success_lets_in(tmp_path: Path) -> None:
    assert _answer(_service(tmp_path, "pam_debug.so auth=success")) == "None"


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        ("pam_debug.so auth=auth_err", "wrong-token"),
        ("pam_debug.so auth=user_unknown", "wrong-token"),
        ("pam_debug.so auth=authinfo_unavail", "wrong-token"),
        ("pam_debug.so auth=maxtries", "locked-out"),
        ("pam_debug.so auth=system_err", "error"),
        ("pam_debug.so auth=ignore", "wrong-token"),
        ("pam_debug.so auth=abort", "error"),
        ("pam_no_such_module.so", "error"),
        ("pam_exec.so quiet /bin/false", "error"),
    ],
)
def test_anything_else_denies(tmp_path: Path, line: str, denial: str) -> None:
    assert _answer(_service(tmp_path, line)) == denial


def test_a_module_that_hangs_denies(tmp_path: Path) -> None:
    service = _service(tmp_path, "pam_exec.so quiet /bin/sleep 600")
    assert _answer(service, patience=1.0) == "no-touch"


def test_an_expired_account_denies(tmp_path: Path) -> None:
    service = "auth required pam_permit.so\naccount required pam_debug.so acct=acct_expired\n"
    (tmp_path / SERVICES["piv"]).write_text(service)
    assert _answer(tmp_path) == "error"


def test_a_missing_service_does_not_fall_back_to_a_password(tmp_path: Path) -> None:
    _service(tmp_path, "pam_permit.so", "other")
    assert _answer(tmp_path) == "None"  # as PAM does, so the appliance brings its own:
    (tmp_path / "other").write_text((HARDENING / "other").read_text())
    assert _answer(tmp_path) == "wrong-token"
