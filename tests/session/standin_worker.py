"""A stand-in for the workers of sessions."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec

from appliance.audit.entries.events import Unfit
from appliance.protocols import worker_api
from appliance.protocols import worker_control_api as control_api
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Progress, Request, Service


class StandInWorker:
    """Serves sessions at a control socket for as long as the test runs.

    ``refuses``: each call of Begin. ``hangs``: until it is set, Begin is not answered. ``forgot``:
    how often it was asked to drop its caches; ``begun``: the sessions it began; ``callers``: whom
    it serves.
    """

    def __init__(self, folder: Path, slot: str) -> None:
        self.forgot = 0
        self.begun: list[str] = []
        self.refuses = False
        self.hangs: Event | None = None
        self.reports: list[Progress] = []
        self.callers: list[socket.socket] = []
        self.results: dict[int, bytes] = {}
        self.during_measure: Callable[[], object] = lambda: None
        self.sends: bytes | None = None  # in the place of what it is asked for
        self.unfit: Unfit | None = None  # how it finds its results
        self._controls: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(os.fspath(folder / f"{slot}.sock"))
        self._listener.listen()
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def die(self) -> None:
        """Hang up on the broker, as a process that ends does."""
        for connection in (*self._controls, *self.callers):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._controls.clear()
        self.callers.clear()

    def _accept(self) -> None:
        methods: dict[str, Method[Any]] = {
            "Begin": Method(control_api.Begin, self._begin, descriptors=1),
            "Serve": Method(Empty, self._serve, descriptors=1),
            "Forget": Method(Empty, self._forget),
            "Measure": Method(control_api.Measure, self._measure, descriptors=1),
            "Show": Method(control_api.Show, self._show, descriptors=1),
            "Release": Method(control_api.Release, self._release, descriptors=1),
        }
        control = Service(control_api.NAME, control_api.DESCRIPTION, methods, lambda _: None)
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._controls.append(connection)
            self._run(control, connection)

    def _run(self, service: Service, connection: socket.socket) -> None:
        thread = Thread(target=service.serve, args=(connection,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _begin(self, request: Request[control_api.Begin]) -> None:
        assert len(request.descriptors) == 1
        if self.refuses:
            raise CallError(control_api.error_name("OtherPolicy"))
        if self.hangs is not None:
            self.hangs.wait()
        self.begun.append(request.parameters.session)
        self.reports.append(request.progress)
        request.progress(control_api.Jobs(0))

    def _serve(self, request: Request[Empty]) -> Answer:
        caller = socket.socket(fileno=request.descriptors.pop())
        self.callers.append(caller)
        methods: dict[str, Method[Any]] = {"Cancel": Method(Empty, lambda _: Answer())}
        self._run(Service(worker_api.NAME, worker_api.DESCRIPTION, methods, lambda _: None), caller)
        return Answer()

    def _measure(self, request: Request[control_api.Measure]) -> Answer:
        with socket.socket(fileno=request.descriptors.pop()) as answer:
            self.during_measure()
            result = self.results.get(request.parameters.item)
            if result is not None:
                digest = hashlib.sha256(result).hexdigest()
                measured = control_api.Measured("photo", "mesh", len(result), digest, self.unfit)
                answer.sendall(msgspec.json.encode(measured) + b"\0")
        return Answer()

    def _show(self, request: Request[control_api.Show]) -> Answer:
        with socket.socket(fileno=request.descriptors.pop()) as answer:
            reader, writer = os.pipe()
            os.write(writer, self.results[request.parameters.item])
            os.close(writer)
            socket.send_fds(answer, [b"{}\0"], [reader])
            os.close(reader)
        return Answer()

    def _release(self, request: Request[control_api.Release]) -> Answer:
        with socket.socket(fileno=request.descriptors.pop()) as releaser:
            sent = self.results[request.parameters.item] if self.sends is None else self.sends
            with suppress(OSError):
                releaser.sendall(sent)
        return Answer()

    def _forget(self, _request: Request[Empty]) -> Answer:
        self.forgot += 1
        return Answer()

    def close(self) -> None:
        if self.hangs is not None:
            self.hangs.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.die()
        self._listener.close()
