"""A project on the screen, without Qt: from sources to the result, against a real machine."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.kiosk.calls.services import Services
from appliance.kiosk.models.audit import Audit
from appliance.kiosk.models.bar import Bar
from appliance.kiosk.models.machine import Machine
from appliance.kiosk.models.persons import Persons
from appliance.kiosk.models.place import Place
from appliance.kiosk.models.request import Request
from appliance.kiosk.models.results import Results
from appliance.kiosk.models.session import Session
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.swap import Swap
from appliance.kiosk.models.taking import Taking
from appliance.kiosk.models.views import Views
from appliance.kiosk.visit.state import Screen
from appliance.training.people import PIN
from tests.kiosk.machine import Running
from tests.kiosk.studio import FILM, FRAMES, PROJECT, RATE, SOURCE, KeptPictures, Window, studio


class Person:
    """Who works at the screen: its view models, and a way to wait for what they show."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.window = Window()
        self.pictures = KeptPictures()
        services = Services(running.broker, self.window.post, running.disc, running.training)
        self.shared = Shared(services, Place(), self.pictures)
        self.bar = Bar()
        self.sources = Taking(self.shared, "source")
        self.target = Taking(self.shared, "target")
        self.persons = Persons(self.shared)
        self.swap = Swap(self.shared, self.bar)
        self.results = Results(self.shared, self.swap)
        self.request = Request(self.shared)
        views = Views(self.shared, self.bar, Audit(self.shared), Machine(self.shared))
        self.session = Session(
            self.shared, self.bar, lambda: None, self._forget, lambda: None, views=views
        )

    def _forget(self) -> None:
        for model in (self.sources, self.target, self.persons, self.swap, self.results):
            model.forget()

    def is_at(self, screen: Screen) -> bool:
        return self.shared.place.state.screen is screen

    def close(self) -> None:
        """Go: a screen has a few connections, and the broker gives a user no more than that."""
        self.session.close()
        self.shared.close()

    def log_in(self) -> None:
        self.running.token("Insert", "anna")
        self.session.watch()
        login = self.session.login
        self.window.until(lambda: bool(login.state.people))
        login.choose("anna")
        assert login.state.project == PROJECT
        for character in PIN:
            login.type(character)
        login.enter()

        def opened() -> bool:
            self.running.token("Touch")
            return self.is_at(Screen.SOURCES)

        self.window.until(opened)

    def log_in_again(self) -> None:
        """After a lock."""
        for character in PIN:
            self.session.login.type(character)
        self.session.login.enter()

        def opened() -> bool:
            self.running.token("Touch")
            return not self.shared.place.state.locked

        self.window.until(opened)

    def take_in(self, taking: Taking, name: str, consent: str) -> None:
        taking.load()
        self.window.until(lambda: taking.state.typing)
        taking.take(1)  # nothing is taken in without a reference
        assert not taking.state.importing
        taking.type(consent)
        taking.accept_consent()
        taking.read()
        self.window.until(lambda: bool(taking.state.files))
        (number,) = (one.number for one in taking.state.files if one.name.endswith(name))
        taking.take(number)
        self.window.until(lambda: bool(taking.state.chosen))
        taking.accept()

    def level(self, name: str) -> NDArray[np.float32]:
        """A picture on the screen, (h, w, 3)."""
        picture = cv2.imdecode(np.frombuffer(self.pictures.shown[name], np.uint8), 1)
        assert picture is not None
        return picture.astype(np.float32)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with studio(tmp_path_factory.mktemp("samples")) as machine:
        yield machine


@pytest.fixture
def anna(running: Running) -> Iterator[Person]:
    person = Person(running)
    yield person
    person.close()


def choose_who(anna: Person) -> None:
    anna.persons.load()
    anna.window.until(lambda: bool(anna.persons.state.found))
    assert anna.persons.state.seconds == pytest.approx(FRAMES / RATE)
    assert anna.persons.state.step == pytest.approx(1 / RATE)
    assert anna.persons.state.found[0].rules == ["all", "largest", "left", "right"]
    anna.persons.choose("left")
    anna.persons.accept()


def preview(anna: Person) -> None:
    anna.swap.load()
    anna.window.until(lambda: anna.swap.state.fresh)
    first = anna.level("after")
    anna.swap.seek(1.0)
    anna.window.until(lambda: anna.swap.state.fresh)
    assert np.abs(anna.level("after") - first).mean() > 5  # another frame
    assert np.abs(anna.level("after") - anna.level("before")).mean() > 0.2
    anna.swap.move("nose", 0)
    anna.window.until(lambda: anna.swap.state.fresh)
    assert anna.swap.state.strengths == {"face": 100, "nose": 0}
    assert anna.bar.state.engine == "mesh"
    anna.swap.accept()


def make(anna: Person) -> None:
    seen: list[tuple[int, int]] = []
    anna.results.listener = lambda *_: seen.append(
        (anna.results.state.done, anna.results.state.total)
    )
    anna.results.make()
    anna.window.until(lambda: anna.results.state.chosen >= 0)
    assert [done for done, _ in dict.fromkeys(seen) if done] == [*range(1, FRAMES + 1)]
    assert {total for _, total in seen} == {FRAMES}
    assert anna.results.state.has_before
    anna.window.until(lambda: "result-before" in anna.pictures.shown)
    earlier, kept = anna.level("result-before"), anna.pictures.shown["result-before"]
    anna.results.seek(1.9)
    anna.window.until(lambda: anna.pictures.shown["result-before"] != kept)
    before, after = anna.level("result-before"), anna.level("result-after")
    assert np.abs(after - before).mean() < np.abs(after - earlier).mean() / 2  # of one frame
    assert np.abs(after - before).mean() > 1  # changed, and with words all over it


def ask_for_the_release(anna: Person) -> None:
    anna.results.release()
    assert anna.is_at(Screen.REQUEST)
    anna.request.ask()
    anna.window.until(lambda: bool(anna.request.state.release))
    assert anna.request.state.media == "video"
    anna.request.go_back()
    assert anna.is_at(Screen.RESULTS)


def test_a_film_is_swapped_shown_and_found_again(anna: Person) -> None:
    anna.log_in()
    anna.take_in(anna.sources, SOURCE, "actor 1")
    assert anna.is_at(Screen.TARGET)
    anna.take_in(anna.target, FILM, "double 2")
    assert anna.is_at(Screen.PERSONS)
    choose_who(anna)
    preview(anna)
    make(anna)
    ask_for_the_release(anna)
    result = anna.shared.visit.result
    anna.session.park()
    anna.window.until(lambda: anna.is_at(Screen.LOGIN))
    assert not anna.pictures.shown

    again = Person(anna.running)  # what the project holds is there on another day
    again.log_in()
    again.target.load()
    again.window.until(lambda: len(again.target.state.tiles) == 2)
    again.results.load()
    again.window.until(lambda: again.results.state.chosen == result)
    assert not again.results.state.has_before
    again.session.end()
    again.window.until(lambda: again.is_at(Screen.CERTIFICATE))
    assert again.session.state.clean
    again.close()


def test_a_swap_that_is_stopped_leaves_nothing(anna: Person) -> None:
    anna.log_in()
    anna.take_in(anna.sources, SOURCE, "actor 1")
    anna.take_in(anna.target, FILM, "double 2")
    anna.swap.load()
    anna.window.until(lambda: anna.swap.state.fresh)
    anna.results.make()
    anna.window.until(lambda: anna.results.state.done > 0)
    anna.results.back()  # only once it is stopped
    anna.results.cancel()
    assert anna.results.state.stopping
    anna.window.until(lambda: not anna.results.state.making)
    assert anna.shared.place.state.refusal == ""
    anna.results.load()
    anna.results.make()  # the worker is free again
    anna.window.until(lambda: anna.results.state.chosen >= 0)
    assert len(anna.results.state.made) == 1
    anna.session.end()
    anna.window.until(lambda: anna.is_at(Screen.CERTIFICATE))


def test_a_swap_goes_on_after_a_lock(anna: Person) -> None:
    anna.log_in()
    anna.take_in(anna.sources, SOURCE, "actor 1")
    anna.take_in(anna.target, FILM, "double 2")
    anna.swap.load()
    anna.window.until(lambda: anna.swap.state.fresh)
    anna.results.make()
    anna.window.until(lambda: anna.results.state.done > 0)
    anna.session.lock()
    assert not anna.pictures.shown
    assert not anna.target.state.tiles
    anna.log_in_again()
    anna.results.load()
    anna.window.until(lambda: anna.results.state.chosen >= 0)
    assert anna.results.state.done == FRAMES
    anna.session.end()
    assert not anna.results.state.making
    anna.window.until(lambda: anna.is_at(Screen.CERTIFICATE))
