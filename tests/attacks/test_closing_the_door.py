"""A caller wants a service to accept nobody any more: it uses up what accepting needs."""

from __future__ import annotations

import json
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest

from appliance.wire import service as service_module
from appliance.wire.message import Empty
from appliance.wire.service import Answer, Method, Service

NAME = "io.example.Test"


@contextmanager
def _listening(path: Path) -> Iterator[Thread]:
    service = Service(NAME, "", {"Ask": Method(Empty, lambda _: Answer())}, lambda _: None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        listener.listen()
        thread = Thread(target=service.listen, args=(listener,))
        thread.start()
        try:
            yield thread
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def _no_descriptor_left() -> Iterator[None]:
    """As if a caller had made this process use up all that it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open("/dev/null", os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 8, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(taken[0]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


def _ask(caller: socket.socket) -> bool:
    caller.sendall(json.dumps({"method": f"{NAME}.Ask"}).encode() + b"\0")
    return caller.recv(100).endswith(b"\0")


def test_a_service_without_a_free_descriptor_goes_on_accepting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[float] = []
    # Called after each failure to accept: the proof that the attack had its means.
    monkeypatch.setattr(time, "sleep", failed.append)
    callers = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2)]
    with _listening(tmp_path / "s") as thread:
        with _no_descriptor_left():
            callers[0].connect(os.fspath(tmp_path / "s"))
            while not failed:
                assert thread.is_alive()
        callers[1].connect(os.fspath(tmp_path / "s"))
        assert _ask(callers[0])
        assert _ask(callers[1])
        for caller in callers:
            caller.close()


def test_a_service_that_cannot_start_a_thread_goes_on_accepting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def none_left(*_: object, **__: object) -> Thread:
        refused.append("thread")
        raise RuntimeError("can't start new thread")

    with _listening(tmp_path / "s"):
        with monkeypatch.context() as patched, socket.socket(socket.AF_UNIX) as first:
            patched.setattr(service_module, "Thread", none_left)
            first.connect(os.fspath(tmp_path / "s"))
            assert first.recv(1) == b""
            assert refused
        with socket.socket(socket.AF_UNIX) as second:
            second.connect(os.fspath(tmp_path / "s"))
            assert _ask(second)
