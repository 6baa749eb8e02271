"""What breaks a rule ends the connection, and neither end waits for the other for ever."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from appliance.errors import WireError
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from appliance.wire.service import MAX_CALLERS_OF_USER, Answer, Method, Request, Service

NAME = "io.example.Test"


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str


def _refuse(_: Request[Empty]) -> Answer:
    raise CallError(f"{NAME}.No")


def _start_answering(request: Request[Empty]) -> None:
    def answer() -> None:
        for number in range(3):
            request.progress(Text(str(number)))

    Thread(target=answer, daemon=True).start()


def _service(*, ends_on_error: bool = False) -> Service:
    methods = {
        "Plain": Method(Empty, lambda _: Answer(Text("yes"))),
        "Refuse": Method(Empty, _refuse),
        "Follow": Method(Empty, _start_answering),
    }
    return Service(NAME, "", methods, lambda _: None, ends_on_error=ends_on_error)


def _served(service: Service) -> socket.socket:
    """The other end of a connection that the service serves."""
    ours, theirs = socket.socketpair()
    assert service.take(theirs)
    return ours


def _call(connection: socket.socket, method: str, descriptors: int = 0) -> bytes:
    """The answer to a call, of which nothing is left if the service hung up."""
    call = json.dumps({"method": f"{NAME}.{method}"}).encode() + b"\0"
    if descriptors:
        socket.send_fds(connection, [call], [0] * descriptors)
    else:
        connection.sendall(call)
    return connection.recv(4096)


def _answer_with_a_descriptor(attached: int) -> tuple[bool, bool]:
    """Whether a client takes such an answer, and whether it left the descriptor open."""
    ours, theirs = socket.socketpair()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    kept: list[int] = []
    client = Client(Connection(ours))
    with theirs:
        socket.send_fds(theirs, [b'{"parameters":{"text":"yes"}}\0'], [writer])
        os.close(writer)
        try:
            _, kept = client.call(f"{NAME}.Plain", gives=Text, attached=attached)
            taken = True
        except WireError:
            taken = False
    try:
        left_open = os.read(reader, 1) != b""
    except BlockingIOError:
        left_open = True
    for descriptor in (*kept, reader):
        os.close(descriptor)
    client.close()
    return taken, left_open


def test_a_client_refuses_and_closes_descriptors_that_it_did_not_ask_for() -> None:
    assert _answer_with_a_descriptor(attached=1) == (True, True)
    assert _answer_with_a_descriptor(attached=0) == (False, False)
    assert _answer_with_a_descriptor(attached=2) == (False, False)


def test_descriptors_that_a_method_does_not_take_end_the_connection() -> None:
    with _served(_service()) as connection:
        assert _call(connection, "Plain")
        assert _call(connection, "Plain", descriptors=1) == b""


def test_a_client_waits_for_a_silent_service_only_as_long_as_it_wants() -> None:
    ours, theirs = socket.socketpair()
    client = Client(Connection(ours))
    with theirs, pytest.raises(WireError, match="too long"):
        client.call(f"{NAME}.Plain", gives=Text, timeout=0.01)
    client.close()


def test_a_client_does_not_wait_for_a_service_that_does_not_read() -> None:
    ours, theirs = socket.socketpair()
    client = Client(Connection(ours))

    def until_full() -> None:
        while True:
            client.notify(f"{NAME}.Plain", Text("x" * 1000))

    with theirs, pytest.raises(WireError, match="does not read"):
        until_full()
    client.close()


def test_a_client_does_not_wait_to_connect(tmp_path: Path) -> None:
    path = tmp_path / "busy"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        listener.listen(0)
        first = Client.to(path)  # there is a place for one
        with pytest.raises(WireError, match="does not answer"):
            Client.to(path)
        first.close()


def test_a_notification_has_no_answer() -> None:
    client = Client(Connection(_served(_service())))
    client.notify(f"{NAME}.Refuse")
    client.notify(f"{NAME}.Plain")
    assert client.call(f"{NAME}.Plain", gives=Text)[0].text == "yes"
    client.close()


def test_while_one_call_is_answered_again_and_again_notifications_are_carried_out() -> None:
    client = Client(Connection(_served(_service())))
    answers = client.follow(f"{NAME}.Follow", gives=Text)
    assert next(answers)[0].text == "0"
    client.notify(f"{NAME}.Plain")
    assert [next(answers)[0].text for _ in range(2)] == ["1", "2"]
    client.close()


def test_a_strict_service_hangs_up_after_an_error() -> None:
    for strict in (False, True):
        with _served(_service(ends_on_error=strict)) as connection:
            assert json.loads(_call(connection, "Refuse")[:-1])["error"] == f"{NAME}.No"
            if strict:
                assert connection.recv(1) == b""
            else:
                assert _call(connection, "Plain")


def test_a_connection_without_a_place_is_closed() -> None:
    service = _service()
    held = [_served(service) for _ in range(MAX_CALLERS_OF_USER)]
    ours, theirs = socket.socketpair()
    assert not service.take(theirs)
    assert ours.recv(1) == b""
    held.append(ours)
    for connection in held:
        connection.close()
