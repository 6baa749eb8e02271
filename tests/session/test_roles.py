"""Who has which role, and what the policy lets them do."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.policy.policy import Roles
from appliance.session.roles import Permissions, held_by, read_file

FILE = """\
# name:roles
anna:clinician
bert:approver,auditor
carl:clinician,approver
dora:auditor
"""


def roles(text: str | None = FILE) -> Permissions:
    return Permissions(Roles(), lambda: text)


@pytest.mark.parametrize(
    ("user", "may"),
    [
        ("anna", {"work", "request"}),
        ("bert", {"approve"}),
        ("carl", {"work", "request", "approve"}),
        ("dora", set()),
        ("emil", {"work"}),  # in no line
    ],
)
def test_each_role_allows_what_the_policy_gives_it(user: str, may: set[str]) -> None:
    assert {act for act in ("work", "request", "approve") if roles().allow(user, act)} == may


def test_without_a_file_everybody_works_and_nobody_releases() -> None:
    """Nothing widens where a site that has no file of roles gets this version."""
    none = roles(None)
    assert none.allow("anna", "work")
    assert not none.allow("anna", "request")
    assert not none.allow("anna", "approve")


def test_a_policy_can_close_sessions_to_those_without_a_role() -> None:
    strict = Permissions(Roles(work=("clinician",)), lambda: FILE)
    assert strict.allow("anna", "work")
    assert not strict.allow("emil", "work")


@pytest.mark.parametrize(
    "line",
    [
        "anna:surgeon",
        "anna:clinician,surgeon",
        "anna:",
        "anna",
        "anna:clinician,clinician",
        "anna:clinician\nanna:approver",
        "anna:unassigned",
        "anna:clinician:approver",
    ],
)
def test_what_cannot_be_understood_allows_nothing_at_all(line: str) -> None:
    doubtful = roles(line + "\nbert:approver\n")
    assert held_by("anna", line) is None
    assert not any(doubtful.allow("anna", act) for act in ("work", "request", "approve"))
    assert doubtful.allow("bert", "approve")


def test_a_file_that_cannot_be_read_allows_nothing(tmp_path: Path) -> None:
    for broken in (tmp_path, _written(tmp_path / "long", b"#" * (1 << 21)), _latin(tmp_path)):
        unreadable = Permissions(Roles(), lambda path=broken: read_file(path))  # type: ignore[misc]
        assert not unreadable.allow("anna", "work")
    assert read_file(tmp_path / "absent") is None
    assert read_file(_written(tmp_path / "roles", FILE.encode())) == FILE


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _latin(folder: Path) -> Path:
    return _written(folder / "latin", b"anna:clinician\n# \xe4\n")
