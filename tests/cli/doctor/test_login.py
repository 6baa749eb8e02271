"""Checks of login, on a correct machine and with one deviation each; real polkit in tests/lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli.doctor import login
from tests.cli.doctor.conftest import (
    Spoil,
    failing,
    given_away,
    removed,
    replaced,
    written,
)

PAM = "etc/pam.d/appliance"
U2F = "PAM service appliance"
LIVE = "polkit denies unprivileged users"


def _failing(root: Path) -> dict[str, str]:
    return failing([check for check in login.login_checks(root) if check.name != LIVE])


def test_a_correct_machine_passes(root: Path) -> None:
    assert _failing(root) == {}


@pytest.mark.parametrize(
    ("spoil", "check", "evidence"),
    [
        (replaced(PAM, " cue", " cue nouserok"), U2F, "nouserok disables it"),
        (replaced(PAM, "pinverification=1 ", ""), U2F, "pinverification=1 is missing"),
        (replaced(PAM, "userpresence=1 ", ""), U2F, "userpresence=1 is missing"),
        (
            replaced(PAM, "auth     required", "auth     sufficient"),
            U2F,
            "pam_u2f.so is not the only requirement",
        ),
        (
            replaced(PAM, "account ", "auth     required pam_unix.so\naccount "),
            U2F,
            "pam_u2f.so is not the only requirement",
        ),
        (
            replaced(PAM, "account ", "@include common-auth\naccount "),
            U2F,
            "includes another service",
        ),
        (removed(PAM), U2F, "pam_u2f.so is not the only requirement"),
        (
            removed("usr/lib/x86_64-linux-gnu/security/pam_p11.so"),
            "PAM service appliance-piv",
            "pam_p11.so is not installed",
        ),
        (
            written("etc/pam.d/other", "@include common-auth\n"),
            "PAM service other",
            "it may grant access",
        ),
        (removed("etc/pam.d/other"), "PAM service other", "it may grant access"),
        (
            written("etc/systemd/logind.conf.d/zz.conf", "[Login]\nNAutoVTs=6\n"),
            "logind.conf",
            "NAutoVTs is 6, wanted 0",
        ),
        (
            removed("usr/lib/systemd/coredump.conf.d"),
            "coredump.conf",
            "Storage is not set, wanted none",
        ),
        (
            written("etc/udev/rules.d/72-appliance-token.rules", ""),
            "udev 72-appliance-token.rules",
            "replaced in /etc",
        ),
        (
            removed("usr/lib/udev/rules.d/85-appliance-network.rules"),
            "udev 85-appliance-network.rules",
            "not installed",
        ),
        (
            written("etc/polkit-1/rules.d/10-ease.rules", "return polkit.Result.YES;"),
            "polkit rules",
            "10-ease.rules allows something before it",
        ),
        (
            written("etc/polkit-1/rules.d/90-appliance.rules", ""),
            "polkit rules",
            "90-appliance.rules is replaced",
        ),
        (written("proc/77/comm", "agetty\n"), "no login prompt", "agetty runs"),
        (
            replaced(PAM, "pam_listfile.so", "pam_permit.so"),
            U2F,
            "expired accounts are not refused",
        ),
        (
            replaced(PAM, "onerr=fail", "onerr=succeed"),
            U2F,
            "expired accounts are not refused",
        ),
        (
            given_away("dev/hidraw3", 0o660, "root", "appliance-broker"),
            "tokens are the broker's",
            "hidraw3 is no token, and the broker can read it",
        ),
        (
            given_away("dev/hidraw0", 0o606, "root", "root"),
            "tokens are the broker's",
            "hidraw0 is accessible to all users",
        ),
    ],
)
def test_each_deviation_is_reported(root: Path, spoil: Spoil, check: str, evidence: str) -> None:
    spoil(root)
    found = _failing(root)
    assert list(found) == [check]
    assert evidence in found[check]


@pytest.mark.parametrize(
    ("code", "ok", "evidence"),
    [(1, True, "denied"), (0, False, "allowed"), (2, False, "asks for a password")],
)
def test_the_answer_of_polkit_decides(
    monkeypatch: pytest.MonkeyPatch, code: int, *, ok: bool, evidence: str
) -> None:
    asked: list[tuple[str, ...]] = []

    def ask(*command: str, user: str | None = None) -> tuple[int, str]:
        asked.append((*command, user or ""))
        return code, ""

    monkeypatch.setattr(login, "run_tool", ask)
    found = login._polkit_answer()
    assert (found.ok, found.evidence) == (ok, f"org.freedesktop.login1.reboot: {evidence}")
    assert asked[0][-1] == "nobody"
