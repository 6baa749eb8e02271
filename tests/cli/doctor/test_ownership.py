"""Checks of users, folders and sockets, on a correct machine and with one deviation each."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.cli.doctor import ownership
from tests.cli.doctor.conftest import (
    Spoil,
    failing,
    given_away,
    removed,
    replaced,
    written,
)

FOLDERS = "folder ownership"
RUN = "run/appliance"


def test_a_correct_machine_passes(root: Path) -> None:
    found = list(ownership.ownership_checks(root))
    assert failing(found) == {}
    assert len(found) == 10


@pytest.mark.parametrize(
    ("spoil", "check", "evidence"),
    [
        (
            replaced("etc/passwd", "appliance-w3:x:60007", "somebody:x:60007"),
            "a user per service",
            "appliance-w3 is missing",
        ),
        (
            replaced("etc/passwd", "appliance-w1:x:60005", "appliance-w1:x:60004"),
            "a user per service",
            "two share a user id",
        ),
        (
            replaced("etc/passwd", "60002::/:/usr/sbin/nologin", "60002::/:/bin/sh"),
            "a user per service",
            "appliance-broker has a shell",
        ),
        (removed("usr/lib/sysusers.d/appliance.conf"), "a user per service", "none is declared"),
        (
            given_away("var/lib/appliance/open", 0o755, "appliance-broker", "root"),
            FOLDERS,
            "/var/lib/appliance/open has mode 0755, wanted 0700",
        ),
        (removed(f"{RUN}/worker"), FOLDERS, "/run/appliance/worker is missing"),
        (removed("usr/lib/tmpfiles.d/appliance.conf"), FOLDERS, "none is declared"),
        (
            given_away(f"{RUN}/session.sock", 0o666, "root", "appliance-kiosk"),
            "broker's socket",
            "/run/appliance/session.sock has mode 0666, wanted 0660",
        ),
        (
            given_away(f"{RUN}/audit.sock", 0o660, "appliance-kiosk", "root"),
            "ledger's socket",
            "belongs to appliance-kiosk root, wanted appliance-broker appliance-attest",
        ),
        (written(f"{RUN}/audit.sock", ""), "ledger's socket", "is of another type"),
        (removed(f"{RUN}/keeper/w5.sock"), "keepers' sockets", "w5.sock is missing"),
        (
            replaced("proc/net/unix", "/run/appliance/session.sock", "/run/another.sock"),
            "broker's socket",
            "no process listens",
        ),
        (
            given_away("etc/appliance/tokens", 0o644, "root", "appliance-broker"),
            "registered tokens",
            "/etc/appliance/tokens has mode 0644, wanted 0640",
        ),
        (
            given_away("etc/appliance/roles", 0o640, "appliance-broker", "appliance-broker"),
            "roles",
            "belongs to appliance-broker appliance-broker, wanted root appliance-broker",
        ),
    ],
)  # fmt: skip
def test_each_deviation_is_reported(root: Path, spoil: Spoil, check: str, evidence: str) -> None:
    spoil(root)
    found = failing(list(ownership.ownership_checks(root)))
    assert list(found) == [check]
    assert evidence in found[check]


def test_a_service_user_with_the_id_of_root_is_reported(root: Path) -> None:
    replaced("etc/passwd", "appliance-w2:x:60006", "appliance-w2:x:0")(root)
    assert (
        "appliance-w2 is root"
        in failing(list(ownership.ownership_checks(root)))["a user per service"]
    )


def test_a_socket_that_does_not_listen_is_reported(root: Path) -> None:
    replaced("proc/net/unix", "00010000", "00000000")(root)
    assert failing(list(ownership.ownership_checks(root)))["broker's socket"] == (
        "no process listens at /run/appliance/session.sock"
    )


def test_a_machine_without_roles_is_sound_and_says_what_that_means(root: Path) -> None:
    (root / "etc/appliance/roles").unlink()
    found = {check.name: check for check in ownership.ownership_checks(root)}["roles"]
    assert found.ok
    assert "nobody may release" in found.evidence
