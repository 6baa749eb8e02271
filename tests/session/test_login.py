"""Names that reach PAM, and the wait after a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.session.login import BackOff, authenticate, has_one_token, is_name


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("name", ["anna", "dr.weiss", "editor-1", "a" * 32])
def test_valid_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "Anna", "-x", "a b", "anna\n", "anna\x00", "../root", "a" * 33, "änna", "1a"]
)
def test_pam_is_not_asked_about_an_invalid_name(name: str) -> None:
    assert not is_name(name)
    asked: list[None] = []
    assert authenticate(name, "1234", "piv", lambda: asked.append(None)) == "wrong-token"
    assert not asked  # nor does a keeper start for it


@pytest.mark.parametrize("pin", ["", "x" * 65, "12\x0034"])
def test_pam_is_not_asked_about_an_invalid_pin(pin: str) -> None:
    assert authenticate("anna", pin, "piv") == "wrong-token"


@pytest.mark.parametrize(
    ("registered", "one"),
    [
        ("anna:kh,pk,es256,+presence+pin\n", True),
        ("bert:kh,pk,es256,+presence\nanna:kh,pk,es256,+presence\n", True),
        ("anna:kh,pk,es256,+presence:kh2,pk2,es256,+presence\n", False),
        ("anna:kh,pk,es256,+presence\nanna:kh2,pk2,es256,+presence\n", False),
        ("annabel:kh,pk,es256,+presence\n", False),
        ("anna\n", False),
        ("", False),
    ],
)
def test_a_user_has_one_token(tmp_path: Path, registered: str, *, one: bool) -> None:
    file = tmp_path / "tokens"
    file.write_text(registered)
    assert has_one_token("anna", file) is one


def test_without_the_file_no_user_has_a_token(tmp_path: Path) -> None:
    assert not has_one_token("anna", tmp_path / "tokens")


def test_each_failure_doubles_the_wait() -> None:
    clock = Clock()
    back_off = BackOff(attempts=3, first=30, clock=clock)
    waits = []
    for _ in range(6):
        back_off.failed("anna")
        waits.append(back_off.wait("anna"))
        clock.now += waits[-1]
    assert waits == [0, 0, 30, 60, 120, 240]
    assert back_off.wait("bert") == 0


def test_a_success_forgets_the_failures_of_that_name() -> None:
    back_off = BackOff(attempts=1, first=30, clock=Clock())
    back_off.failed("anna")
    back_off.failed("bert")
    back_off.succeeded("anna")
    assert back_off.wait("anna") == 0
    assert back_off.wait("bert") == 30


def test_any_number_of_names_takes_bounded_memory_and_the_most_tried_is_kept() -> None:
    back_off = BackOff(attempts=2, first=30, clock=Clock())
    for _ in range(2):
        back_off.failed("anna")
    for number in range(10_000):
        back_off.failed(f"user{number}")
    assert len(back_off._failures) <= 256
    assert back_off.wait("anna") == 30


def test_the_wait_has_an_upper_limit_and_so_has_what_is_remembered() -> None:
    clock = Clock()
    back_off = BackOff(attempts=1, first=3600, clock=clock)
    for _ in range(2000):
        back_off.failed("anna")
    assert back_off.wait("anna") == 3600
    clock.now += 24 * 3600
    back_off.failed("bert")  # the control: a failure does make wait
    assert (back_off.wait("anna"), back_off.wait("bert")) == (0, 3600)
