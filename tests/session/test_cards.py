"""A card that is pulled is missed. The card is SoftHSM's, in software; it speaks PKCS#11."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.session import cards as module
from appliance.session.cards import Cards
from tests.paths import REPOSITORY

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for the reader; a card is in it."""
    reader = tmp_path / "reader"
    reader.mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {reader}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    _issue("carol")
    return reader


@pytest.fixture
def cards() -> Iterator[Cards]:
    watched = Cards(MODULE)
    yield watched
    watched.close()


def _issue(label: str) -> None:
    command = ["softhsm2-util", "--init-token", "--free", "--label", label]
    subprocess.run(
        [*command, "--so-pin", "5678", "--pin", "1234"], check=True, stdout=subprocess.DEVNULL
    )


def _pull(reader: Path) -> Callable[[], object]:
    """Take all cards out; what is returned puts them back."""
    away = reader.with_name("away")
    reader.rename(away)
    reader.mkdir()

    def put_back() -> None:
        reader.rmdir()
        away.rename(reader)

    return put_back


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def test_a_card_that_is_pulled_is_missed_and_found_again(reader: Path, cards: Cards) -> None:
    there = cards.present()
    assert len(there) == 1
    put_back = _pull(reader)
    _until(lambda: not cards.present())
    put_back()
    _until(lambda: cards.present() == there)


@pytest.mark.usefixtures("reader")
def test_two_cards_are_told_apart(cards: Cards) -> None:
    _issue("dave")
    assert len(cards.present()) == 2


@pytest.mark.usefixtures("reader")
def test_if_the_child_ends_no_card_counts_as_there_until_the_next_one_looked(cards: Cards) -> None:
    there = cards.present()
    child = cards._child
    assert child is not None
    child.kill()
    child.wait()
    assert cards.present() == there
    assert cards._child is not child


@pytest.mark.usefixtures("reader")
def test_a_child_that_hangs_does_not_know_any_more(
    cards: Cards, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = cards.present()
    child = cards._child
    assert child is not None
    monkeypatch.setattr(module, "_SILENCE", 2.0)
    os.kill(child.pid, signal.SIGSTOP)
    _until(lambda: not cards.present())
    os.kill(child.pid, signal.SIGCONT)
    _until(lambda: cards.present() == there)


def test_without_its_module_there_are_no_cards(tmp_path: Path) -> None:
    watched = Cards(tmp_path / "none.so")
    assert watched.present() == frozenset()
    assert watched._child is not None
    assert watched._child.poll() is None
    watched.close()


def test_it_watches_what_logins_go_through() -> None:
    service = REPOSITORY / "hardening/pam.d/appliance-piv"
    assert f"pam_p11.so {os.fspath(Cards()._module)}\n" in service.read_text()
