"""A card that is pulled is noticed. The card is SoftHSM's, in software; it speaks PKCS#11."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.session.cards import Cards
from tests.paths import REPOSITORY
from tests.session.standins import PATIENCE, until

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
    watched = Cards(MODULE, silence=PATIENCE)
    yield watched
    watched.close()


def _issue(label: str) -> None:
    command = ["softhsm2-util", "--init-token", "--free", "--label", label]
    subprocess.run(
        [*command, "--so-pin", "5678", "--pin", "1234"], check=True, stdout=subprocess.DEVNULL
    )


def _pull(reader: Path) -> Callable[[], object]:
    """Take all cards out; the function that is returned puts them back."""
    away = reader.with_name("away")
    reader.rename(away)
    reader.mkdir()

    def put_back() -> None:
        reader.rmdir()
        away.rename(reader)

    return put_back


def test_a_card_that_is_pulled_is_noticed_and_found_again(reader: Path, cards: Cards) -> None:
    until(lambda: len(cards.present()) == 1)
    there = cards.present()
    put_back = _pull(reader)
    until(lambda: not cards.present())
    put_back()
    until(lambda: cards.present() == there)


@pytest.mark.usefixtures("reader")
def test_two_cards_are_distinguished(cards: Cards) -> None:
    _issue("dave")
    until(lambda: len(cards.present()) == 2)


@pytest.mark.usefixtures("reader")
def test_if_the_child_ends_another_one_is_started(cards: Cards) -> None:
    until(lambda: len(cards.present()) == 1)
    there = cards.present()
    child = cards.process_id
    assert child is not None
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # it is left for its parent to reap
    assert cards.present() == frozenset()  # until the next one reports; nothing waits for it
    assert cards.process_id != child
    until(lambda: cards.present() == there)


@pytest.mark.usefixtures("reader")
def test_while_the_child_hangs_no_card_counts_as_plugged_in() -> None:
    with closing(Cards(MODULE, silence=1.0)) as cards:
        until(lambda: len(cards.present()) == 1)
        child = cards.process_id
        assert child is not None
        os.kill(child, signal.SIGSTOP)
        until(lambda: not cards.present())
        os.kill(child, signal.SIGCONT)
        until(lambda: len(cards.present()) == 1)


def test_without_its_module_there_are_no_cards(tmp_path: Path) -> None:
    watched = Cards(tmp_path / "none.so")
    assert watched.present() == frozenset()
    assert watched.process_id is not None
    assert Path(f"/proc/{watched.process_id}/comm").exists()
    watched.close()


def test_it_uses_the_module_that_logins_use() -> None:
    service = REPOSITORY / "hardening/pam.d/appliance-piv"
    assert f"pam_p11.so {os.fspath(Cards().module)}\n" in service.read_text()
