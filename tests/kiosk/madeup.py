"""Services that are made up: what they answer fits their interfaces, and no more can be said of it.

Some answers come late, some never, some are refusals; connections end, and services with them.
"""

from __future__ import annotations

import os
import random
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import cv2
import msgspec
import numpy as np
from msgspec import inspect

from appliance.audit.entries import events, fields
from appliance.errors import WireError
from appliance.pipeline.series import record
from appliance.pipeline.series.views import View
from appliance.pipeline.simulation import honesty
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.points import NAMED
from appliance.protocols import broker_api, disc_api, training_api, worker_api
from appliance.session import refusals, release_desk
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Method, Request, Service
from tests.kiosk.codes import literals
from tests.protocols import test_descriptions as described

MARK = (255, 0, 255)
"""RGB of every picture that is answered: no colour of a screen is near it."""

WIDTH, HEIGHT = 480, 600
PEOPLE: Mapping[str, tuple[str, ...]] = {
    "anna": ("clinician",),
    "ruth": ("approver",),
    "otto": ("clinician", "approver"),
    "guest": (),
}

_MAY: Mapping[str, tuple[str, ...]] = {
    "anna": ("work", "request"),
    "ruth": ("approve",),
    "otto": ("work", "request", "approve"),
    "guest": ("work",),
}

_UNITS = {"mm": "mm", "deg": "degrees", "%": "percent"}
_WITH_PICTURE = {"View", "PreviewSimulation", "Preview", "LookAtRelease"}
_ALIVE = ("active",) * 12 + ("locked",)
_ENDED = ("parked", "wiped", "wipe-failed")

# What a field of this name may hold, where its type says less.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "view": tuple(View),
    "views": tuple(View),
    "missing": tuple(View),
    "double": tuple(View),
    "region": tuple(sorted({one.region for one in HANDLES.values()})),
    "engine": ("simulation", "mesh", "generator-of-somebody"),
    "subject": ("0123456789abcdef", "fedcba9876543210"),
    "code": tuple(sorted(record.FLAWS)),
    "verdict": ("met", "missed", "person"),
    "media": ("photo", "video"),
    "network": ("eth0", "wlan0"),
    "projects": ("north", "south"),
    "left_out": tuple(sorted(literals(honesty.Code))),
}
_REASONS: Mapping[str, tuple[str, ...]] = {
    "LoginRefused": tuple(sorted(literals(refusals.Reason))),
    "ReleaseRefused": tuple(sorted(literals(release_desk.Reason) | literals(events.BurnReason))),
    "Failed": tuple(sorted(literals(fields.RefusalReason))),
}


class _Reason(msgspec.Struct):
    reason: str
    kind: str
    wait_ms: int = 0


class MadeUp:
    """All services of a machine, in threads. ``bugs``: exceptions in them.

    ``steady`` ones answer at once, but for methods in ``held``, which never answer, and those in
    ``refused``, by the error that each is refused with. ``heard``: the methods that were called.
    """

    def __init__(self, folder: Path, seed: int, *, steady: bool = False) -> None:
        self.held: set[str] = set()
        self.refused: dict[str, str] = {}
        self.heard: list[str] = []
        self._steady = steady
        self.broker, self.disc, self.training = (
            folder / name for name in ("broker", "disc", "training")
        )
        self.bugs: list[BaseException] = []
        self.calls = 0
        self._random = random.Random(seed)  # noqa: S311 - for a test
        self._changed = Condition()
        self._tokens = 0
        self._state = "active"
        self._version = 0
        self._over = False
        self._connections: list[socket.socket] = []
        self._listeners: list[socket.socket] = []
        self._picture = _picture()
        self.worker_service = self._service(
            worker_api.NAME, worker_api.DESCRIPTION, described.WORKER, {"Import": 1}
        )
        self._services = {
            self.broker: self._service(
                broker_api.NAME, broker_api.DESCRIPTION, described.BROKER, {}
            ),
            self.disc: self._service(disc_api.NAME, disc_api.DESCRIPTION, described.DISC, {}),
            self.training: self._service(
                training_api.NAME, training_api.DESCRIPTION, described.TRAINING, {}
            ),
        }
        self.start()

    # What happens to the machine.

    def start(self) -> None:
        """Let all services listen."""
        for path, service in self._services.items():
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.listen(64)
            self._listeners.append(listener)
            Thread(target=self._accept, args=(listener, service), daemon=True).start()

    def kill(self) -> None:
        """End all services, and every connection with them."""
        for one in (*self._listeners, *self._connections):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for one in self._listeners:
            one.close()
        self._listeners.clear()
        self._connections.clear()

    def cut(self) -> None:
        """End some connection."""
        if self._connections:
            with suppress(OSError):
                self._random.choice(self._connections).shutdown(socket.SHUT_RDWR)

    def plug(self, tokens: int) -> None:
        """So many tokens are plugged in."""
        self._change(tokens=tokens)

    def be(self, state: str) -> None:
        """The session is in this state."""
        self._change(state=state)

    def any_state(self) -> str:
        """A state that a session may come into by itself."""
        return self._random.choice((*_ALIVE, *_ENDED))

    def close(self) -> None:
        """End it for good."""
        self._over = True
        self.kill()

    def _change(self, tokens: int | None = None, state: str | None = None) -> None:
        with self._changed:
            self._tokens = self._tokens if tokens is None else tokens
            self._state = self._state if state is None else state
            self._version += 1
            self._changed.notify_all()

    # Serving.

    def _accept(self, listener: socket.socket, service: Service) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections = [one for one in self._connections if one.fileno() >= 0]
            self._connections.append(connection)
            service.take(connection)

    def _service(
        self,
        name: str,
        description: str,
        methods: Mapping[str, tuple[type, type]],
        descriptors: Mapping[str, int],
    ) -> Service:
        made = {
            method: Method(
                takes, self._method(name, method, gives), None, descriptors.get(method, 0)
            )
            for method, (takes, gives) in methods.items()
        }
        return Service(name, description, made, self.bugs.append)

    def _method(
        self, interface: str, method: str, gives: type[msgspec.Struct]
    ) -> Callable[[Request[Any]], Answer | None]:
        def run(request: Request[Any]) -> Answer | None:
            self.calls += 1
            self.heard.append(method)
            if method in ("Appliance", "Status") and request.more:
                self._follow(method, gives, request)
                return self._answer(method, gives, request)
            mood = 1.0 if self._steady else self._random.random()
            if method in self.refused:
                raise CallError(f"{interface}.{self.refused[method]}")
            if mood < 0.01 or method in self.held:
                while not request.gone() and not self._over:  # an answer never comes
                    time.sleep(0.02)
                raise WireError("The caller hung up.", "Call again.")
            if mood < 0.10:
                time.sleep(self._random.uniform(0.01, 0.2))
            elif mood < 0.17:
                raise self._refusal(interface)
            elif mood < 0.18:
                raise WireError("The service ends.", "Start it again.")
            if request.more:
                for _ in range(self._random.randrange(4)):
                    request.progress(self.make(gives, request))
            if method in ("Open", "Reopen"):
                self.be("active")
            elif method == "Lock":
                self.be("locked")
            return self._answer(method, gives, request)

        return run

    def _follow(self, method: str, gives: type[msgspec.Struct], request: Request[Any]) -> None:
        seen = -1
        while not request.gone() and not self._over:
            with self._changed:
                if seen == self._version:
                    self._changed.wait(0.05)
                    continue
                seen = self._version
                state = self._state
            request.progress(self.make(gives, request))
            if method == "Status" and state in _ENDED:
                return

    def _answer(self, method: str, gives: type[msgspec.Struct], request: Request[Any]) -> Answer:
        made = self.make(gives, request)
        if gives is broker_api.Opened:
            ours, theirs = socket.socketpair()
            self._connections.append(ours)
            self.worker_service.take(ours)
            return Answer(made, (theirs.detach(),))
        if method in _WITH_PICTURE or gives is disc_api.Opened:
            return Answer(made, (self._picture_file(),))
        return Answer(made)

    def _refusal(self, interface: str) -> CallError:
        text = self._services_text(interface)
        name = self._random.choice(text)
        reason = self._random.choice(_REASONS.get(name, ("",)))
        wait = self._random.choice((0, 0, 30_000))
        return CallError(f"{interface}.{name}", _Reason(reason, reason, wait))

    @staticmethod
    def _services_text(interface: str) -> list[str]:
        texts = {
            one.NAME: one.DESCRIPTION for one in (broker_api, worker_api, disc_api, training_api)
        }
        lines = texts[interface].splitlines()
        return [line.split()[1] for line in lines if line.startswith("error ")]

    def _picture_file(self) -> int:
        with tempfile.TemporaryFile() as file:
            file.write(self._picture)
            file.seek(0)
            return os.dup(file.fileno())

    # Making up.

    def make(self, kind: type[msgspec.Struct], request: Request[Any] | None = None) -> Any:
        """Something of this kind."""
        made = self._made(inspect.type_info(kind), "")
        if isinstance(made, worker_api.Assessed) and request is not None:
            photos = [self.make(worker_api.Photo) for _ in request.parameters.items]
            made = msgspec.structs.replace(made, photos=photos)
        return made

    def _made(self, kind: inspect.Type, name: str) -> Any:  # noqa: PLR0911 - one for each kind
        choose = self._random.choice
        match kind:
            case inspect.StructType(cls=cls):
                return self._struct(cls, kind)
            case inspect.UnionType(types=types):
                return self._made(choose(types), name)
            case inspect.NoneType():
                return None
            case inspect.BoolType():
                return choose((True, True, False))
            case inspect.LiteralType(values=values):
                return choose(values)
            case inspect.IntType():
                return self._random.randrange(1, 200)
            case inspect.FloatType():
                return self._random.uniform(0.0, 1.0)
            case inspect.ListType(item_type=item):
                return [self._made(item, name) for _ in range(self._random.randrange(5))]
            case inspect.DictType(value_type=value):
                keys = tuple(NAMED) if name == "points" else tuple(HANDLES)
                return {choose(keys): self._made(value, name) for _ in range(4)}
            case inspect.StrType():
                return choose(_WORDS.get(name, ("0011223344556677",)))
        raise TypeError(kind)

    def _struct(self, cls: type, kind: inspect.StructType) -> Any:  # noqa: PLR0911 - as above
        one = self._random
        match cls:
            case broker_api.Appliance:
                tokens = self._tokens
                return broker_api.Appliance(tokens, True, False, 3, one.choice(([], None)), False)
            case broker_api.Opened:
                return broker_api.Opened("0011223344556677", f"{one.getrandbits(256):064x}")
            case broker_api.Users:
                return broker_api.Users(
                    [
                        broker_api.User(name, list(roles), [], list(_MAY[name]))
                        for name, roles in PEOPLE.items()
                    ]
                )
            case worker_api.Handle:
                handle = HANDLES[one.choice(tuple(HANDLES))]
                return worker_api.Handle(
                    handle.name,
                    msgspec.convert(_UNITS[handle.unit], Any),
                    handle.low,
                    handle.high,
                    handle.low,
                    handle.high,
                    handle.region,
                    [],
                    [],
                )
            case worker_api.Face:
                x, y = one.uniform(0, WIDTH - 100), one.uniform(0, HEIGHT - 100)
                return worker_api.Face(x, y, one.uniform(20, 300), one.uniform(20, 300), 0.9)
            case worker_api.Place:
                return worker_api.Place(one.uniform(0, WIDTH), one.uniform(0, HEIGHT))
            case worker_api.Imported:
                return worker_api.Imported(one.randrange(1, 1 << 20), "photo", WIDTH, HEIGHT)
        values = {field.name: self._made(field.type, field.name) for field in kind.fields}
        if cls is broker_api.Status:
            values["state"] = self._state
            values["roles"] = ["clinician"]
        if cls is worker_api.Point:
            values["name"] = one.choice(tuple(record.PointName))
        if cls in (broker_api.ReleaseStands, broker_api.Shown):
            values["sha256"] = f"{one.getrandbits(256):064x}"
        return cls(**values)


def _picture() -> bytes:
    """A JPEG that has one colour only."""
    pixels = np.full((HEIGHT, WIDTH, 3), MARK[::-1], np.uint8)
    made, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert made
    return data.tobytes()
