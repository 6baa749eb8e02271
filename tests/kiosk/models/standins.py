"""Services that answer at once, pictures that are names, and calls on the thread that asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from appliance.errors import ApplianceError, WireError
from appliance.kiosk.calls.refusal import Refusal, refusal_of
from appliance.kiosk.calls.services import Services
from appliance.kiosk.models.model import Model
from appliance.kiosk.models.place import Place
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Screen
from appliance.kiosk.visit.visit import Photo
from appliance.protocols import broker_api, disc_api, worker_api
from appliance.wire.message import CallError, Empty

T = TypeVar("T")
DISC = Path("disc")


@dataclass
class Answers:
    """``by_method``: an answer, an error, or a function of the parameters that gives one.

    ``asked``: what was asked, in turn; ``by``: by which connection, by method. ``picture``: what
    comes through pipes. Methods that nothing is said of answer with nothing.
    """

    by_method: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    by: dict[str, set[int]] = field(default_factory=dict)
    picture: bytes = b"picture"

    def of(self, name: str) -> list[Any]:
        """The parameters of all calls of a method."""
        return [parameters for asked, parameters in self.asked if asked == name]

    def answer(self, name: str, parameters: Any, caller: int) -> Any:
        """Of the method with this full name."""
        method = name.rpartition(".")[2]
        self.by.setdefault(method, set()).add(caller)
        self.asked.append((method, parameters))
        given = self.by_method.get(method, Empty())
        given = given(parameters) if callable(given) else given
        if isinstance(given, Exception):
            raise given
        return given


class StandInClient:
    """What models need of a client."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def call(
        self,
        name: str,
        parameters: Any,
        *,
        gives: type[Any],
        descriptors: Any = (),
        attached: int = 0,
    ) -> tuple[Any, list[int]]:
        del gives, descriptors
        answer = self._answers.answer(name, parameters, id(self))
        return answer, [_pipe(self._answers.picture) for _ in range(attached)]

    def follow(self, name: str, parameters: Any, *, gives: type[Any]) -> Iterator[tuple[Any, Any]]:
        del gives
        for one in self._answers.answer(name, parameters, id(self)):
            yield one, []


class StandInCaller:
    """Calls at once, on the thread that asks."""

    def __init__(self, answers: Answers) -> None:
        self._client = StandInClient(answers)

    def ask(
        self,
        work: Callable[[Any], T],
        done: Callable[[T], object],
        failed: Callable[[Refusal], object],
    ) -> None:
        try:
            value = work(self._client)
        except (ApplianceError, CallError) as refused:
            failed(refusal_of(refused))
        else:
            done(value)

    def follow(
        self,
        work: Callable[[Any], Iterator[T]],
        each: Callable[[T], object],
        done: Callable[[], object],
        failed: Callable[[Refusal], object],
    ) -> None:
        def all_of(client: Any) -> None:
            for one in work(client):
                each(one)

        self.ask(all_of, lambda _: done(), failed)

    def close(self) -> None:
        """Nothing is under way."""


class AuditorCaller(StandInCaller):
    """Logs in with the first call, as the broker has to let an auditor in."""

    def __init__(self, answers: Answers, credentials: broker_api.LogIn) -> None:
        super().__init__(answers)
        self._credentials: broker_api.LogIn | None = credentials

    def ask(
        self,
        work: Callable[[Any], T],
        done: Callable[[T], object],
        failed: Callable[[Refusal], object],
    ) -> None:
        credentials, self._credentials = self._credentials, None

        def let_in(client: Any) -> T:
            if credentials is not None:
                client.call("io.faceappliance.Broker.Audit", credentials, gives=Empty)
            return work(client)

        super().ask(let_in, done, failed)


class StandInPictures:
    """Keeps under each name what was put there."""

    def __init__(self) -> None:
        self.shown: dict[str, object] = {}

    def decode(self, data: bytes) -> object:
        if data != b"picture":
            raise WireError("no picture", "")
        return data

    def put(self, name: str, picture: object) -> None:
        self.shown[name] = picture

    def copy(self, name: str, to: str) -> None:
        if name in self.shown:
            self.shown[to] = f"copy of {name}"

    def clear(self) -> None:
        self.shown.clear()


class StandInServices:
    """One set of answers for broker, worker, disc reader and auditor.

    ``ended``: what the auditor's process has called when it ends.
    """

    broker, disc, training = Path("broker"), DISC, None

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.ended: Callable[[], object] = lambda: None

    def caller(self, _path: Path) -> StandInCaller:
        return StandInCaller(self._answers)

    def worker(self, _handle: str) -> StandInCaller:
        return StandInCaller(self._answers)

    def auditor(self, user: str, pin: str, ended: Callable[[], object]) -> StandInCaller:
        self.ended = ended
        return AuditorCaller(self._answers, broker_api.LogIn(user, pin))


@dataclass
class Bench:
    """What a model works with."""

    answers: Answers
    pictures: StandInPictures
    shared: Shared

    @property
    def refused(self) -> str:
        """The code of what was refused last."""
        return self.shared.place.state.refusal

    @property
    def screen(self) -> Screen:
        return self.shared.place.state.screen

    @property
    def after(self) -> str:
        """What the picture of that name was made of."""
        picture = self.pictures.shown["after"]
        return picture.decode() if isinstance(picture, bytes) else str(picture)

    def at(self, screen: Screen) -> None:
        """The person is there."""
        self.shared.place.show(screen=screen)

    def photo(self, item: int = 7, width: int = 1000, height: int = 2000) -> Photo:
        """There is this photo, and it is the one to change."""
        photo = Photo(item, width, height)
        self.shared.visit.photos.append(photo)
        self.shared.visit.wish.photo = item
        return photo


def bench() -> Bench:
    """Without answers, in an open session."""
    answers, pictures = Answers(), StandInPictures()
    shared = Shared(cast(Services, StandInServices(answers)), Place(), pictures)
    shared.connect("handle")
    return Bench(answers, pictures, shared)


def failed(kind: str) -> CallError:
    """The worker's error ``Failed``."""
    details = _Unread(msgspec.json.encode(worker_api.Failed(kind, "", "")))
    return CallError(worker_api.error_name("Failed"), details)


def error(name: str) -> CallError:
    """An error of the worker without details."""
    return CallError(worker_api.error_name(name))


def release_refused(reason: str) -> CallError:
    """The broker's error ``ReleaseRefused``."""
    details = _Unread(msgspec.json.encode(broker_api.ReleaseRefused(reason, "")))
    return CallError(broker_api.error_name("ReleaseRefused"), details)


def acts(model: Model[Any], name: str, *arguments: Any) -> None:
    """Do as the screen does it; fails if the screen could not."""
    method = type(model).action(name)
    assert method is not None, f"{name} is not an action"
    method(model, *arguments)


def handle(
    name: str, points: tuple[str, ...] = (), region: str = "nose", least: float = -2.0
) -> worker_api.Handle:
    """One that the site allows."""
    return worker_api.Handle(name, "mm", least, 2.0, -4.0, 4.0, region, [*points], [])


def handles(*those: worker_api.Handle, drag: float = 3.0, regions: bool = True) -> Any:
    """The answer of Handles."""
    return worker_api.Handles(list(those), drag, regions, True, True, "simulation")


def files(*those: tuple[int, str | None], more: bool = False) -> disc_api.Files:
    """The answer of List."""
    found = [disc_api.File(number, f"{number}.jpg", 2000, cast(Any, why)) for number, why in those]
    return disc_api.Files(found, more)


def _pipe(data: bytes) -> int:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as sink:
        sink.write(data)  # a small one, that fits into a pipe
    return reading


class _Unread(msgspec.Struct):
    """Details of an error as a client has them."""

    json: bytes
