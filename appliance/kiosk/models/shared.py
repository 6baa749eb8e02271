"""What the view models share: the services, the visit, the place, and the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import msgspec

from appliance.kiosk.calls.caller import Caller, Latest
from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import Services, of_worker, picture_of
from appliance.kiosk.models.place import Place
from appliance.kiosk.visit.visit import Visit
from appliance.protocols import worker_api
from appliance.wire.client import Client
from appliance.wire.message import Empty

T = TypeVar("T")


class Pictures(Protocol):
    """Pictures on the screen, by name; for the window's thread, but ``decode`` for any."""

    def decode(self, data: bytes) -> object:
        """A picture from a JPEG. Raises ``WireError`` if it is none."""
        ...

    def put(self, name: str, picture: object) -> None:
        """Show ``picture`` wherever ``name`` is shown."""
        ...

    def copy(self, name: str, to: str) -> None:
        """Show the same picture under another name as well."""
        ...

    def clear(self) -> None:
        """Drop all of them."""
        ...


@dataclass(frozen=True, slots=True)
class _Calls:
    """Calls of the worker of an open session; each caller has a connection of its own."""

    worker: Caller
    jobs: Caller
    previews: Latest
    looker: Caller
    looks: Latest
    controls: Caller

    @classmethod
    def of(cls, caller: Callable[[], Caller]) -> Self:
        """``caller`` gives one for each; it connects when it is first used."""
        jobs, looker = caller(), caller()
        return cls(caller(), jobs, Latest(jobs), looker, Latest(looker), caller())

    def close(self) -> None:
        """Hang up on the worker; what it still answers is dropped."""
        for one in (self.worker, self.jobs, self.looker, self.controls):
            one.close()


class Shared:
    """``worker`` serves the session, ``jobs`` and ``previews`` on a connection of their own.

    ``looks`` are views that go on while a job runs, ``controls`` what must never wait for one; each
    has a connection of its own, which is made when it is first used. So has ``maker``, which goes
    on after a lock, that stops the worker only for as long as it lasts.

    ``urgent`` is the broker as well, for what must not wait until a token was touched or a disc
    burned.
    """

    def __init__(self, services: Services, place: Place, pictures: Pictures) -> None:
        self.services = services
        self.place = place
        self.pictures = pictures
        self.broker = services.caller(services.broker)
        self.urgent = services.caller(services.broker)
        self.visit = Visit()
        self._calls: _Calls | None = None
        self._maker: Caller | None = None
        self._allowed: worker_api.Handles | None = None

    def connect(self, handle: str) -> None:
        """Call the worker of the session with this handle from now on."""
        self.disconnect()
        self.visit.handle = handle
        self._calls = _Calls.of(lambda: self.services.worker(handle))
        if self._maker is None:
            self._maker = self.services.worker(handle)

    def hang_up(self) -> None:
        """The session is over: disconnect, and drop what is being made as well."""
        self.disconnect()
        if self._maker is not None:
            self._maker.close()
            self._maker = None

    def disconnect(self) -> None:
        """Hang up on the worker; what it still answers is dropped, but for what it makes."""
        if self._calls is not None:
            self._calls.close()
        self._calls = self._allowed = None

    def close(self) -> None:
        """Hang up on everybody."""
        self.hang_up()
        self.broker.close()
        self.urgent.close()

    @property
    def connected(self) -> bool:
        """Whether there is a worker to call."""
        return self._calls is not None

    @property
    def worker(self) -> Caller:
        """The worker of the session; there must be one, as for all below."""
        return _there(self._calls).worker

    @property
    def jobs(self) -> Caller:
        """For what keeps the worker busy: one after the other, so that none is refused as such."""
        return _there(self._calls).jobs

    @property
    def previews(self) -> Latest:
        """Of previews that were asked for, the last one counts."""
        return _there(self._calls).previews

    @property
    def looker(self) -> Caller:
        """Views of items, one after the other, also while a job runs."""
        return _there(self._calls).looker

    @property
    def looks(self) -> Latest:
        """Views of which the last one counts, such as those of a film's places."""
        return _there(self._calls).looks

    @property
    def controls(self) -> Caller:
        """What is answered while the worker is busy: to stop it, or to ask what there is."""
        return _there(self._calls).controls

    @property
    def can_make(self) -> bool:
        """Whether there is a session in which something may be made, even if it is locked."""
        return self._maker is not None

    @property
    def maker(self) -> Caller:
        """What takes long, and goes on after a lock."""
        return _there(self._maker)

    def with_handles(self, use: Callable[[worker_api.Handles], object]) -> None:
        """Call ``use`` with what the site allows; the worker is asked once."""
        if self._allowed is not None:
            use(self._allowed)
            return

        def answered(allowed: worker_api.Handles) -> None:
            self._allowed = allowed
            use(allowed)

        self.worker.ask(of_worker("Handles", Empty(), worker_api.Handles), answered, self.refuse)

    def cancel(self) -> None:
        """Stop what the worker does for the session, if there is one."""
        if self._calls is not None:
            self._calls.controls.ask(
                of_worker("Cancel", Empty(), worker_api.Stopped), lambda _: None, lambda _: None
            )

    def refuse(self, refusal: Refusal) -> None:
        """Say what was refused, on the screen that is there."""
        self.place.refuse(refusal)

    def show_item(
        self,
        item: int,
        name: str,
        side: int = 1024,
        shown: Callable[[], object] = lambda: None,
        at: float = 0.0,
    ) -> None:
        """Have a picture of an imported item under ``name``; then ``shown`` is called."""
        call = picture_of(
            f"{worker_api.NAME}.View", worker_api.View(item, side, at), worker_api.Viewed
        )

        def put(picture: object) -> None:
            self.pictures.put(name, picture)
            shown()

        self.worker.ask(lambda client: self.pictures.decode(call(client)[1]), put, self.refuse)

    def show_preview(
        self,
        method: str,
        parameters: msgspec.Struct,
        name: str,
        shown: Callable[[worker_api.Previewed], object] = lambda _: None,
        *,
        latest: bool = True,
        failed: Callable[[Refusal], object] | None = None,
    ) -> None:
        """Have the preview of a simulation under ``name``, or ``failed`` called.

        ``latest``: of several the last one counts, as of a slider. Otherwise each is shown.
        """
        call = picture_of(f"{worker_api.NAME}.{method}", parameters, worker_api.Previewed)

        def decoded(client: Client) -> tuple[worker_api.Previewed, object]:
            previewed, data = call(client)
            return previewed, self.pictures.decode(data)

        def put(answer: tuple[worker_api.Previewed, object]) -> None:
            self.pictures.put(name, answer[1])
            shown(answer[0])

        if latest:
            self.previews.ask(decoded, put, failed or self.refuse)
        else:
            self.jobs.ask(decoded, put, failed or self.refuse)


def _there(one: T | None) -> T:
    """Raises ``RuntimeError`` where no session is open: a screen of one is shown without it."""
    if one is None:
        raise RuntimeError("no session is open")
    return one
