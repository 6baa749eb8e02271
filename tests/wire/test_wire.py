"""Messages and descriptors on a socket. Whatever arrives, the service answers or hangs up."""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import WireError
from appliance.version import DISTRIBUTION, version
from appliance.wire.client import Client
from appliance.wire.connection import MAX_DESCRIPTORS, MAX_MESSAGE, Connection
from appliance.wire.message import CallError, Empty
from appliance.wire.peer import PeerCredentials
from appliance.wire.service import MAX_CALLERS_OF_USER, Answer, Method, Request, Service

NAME = "io.example.Test"
DESCRIPTION = "interface io.example.Test\n\nmethod Echo(text: string) -> (text: string)\n"


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str


def _echo(request: Request[Text]) -> Answer:
    for number in range(3):
        request.progress(Text(str(number)))
    return Answer(request.parameters, tuple(os.dup(one) for one in request.descriptors))


def _refuse(_: Request[Empty]) -> Answer:
    raise CallError(f"{NAME}.No", Text("because"))


def _break(request: Request[Text]) -> Answer:
    raise ValueError(request.parameters.text)


BUGS: list[BaseException] = []


def _service() -> Service:
    return Service(
        NAME,
        DESCRIPTION,
        {
            "Echo": Method(Text, _echo, descriptors=MAX_DESCRIPTORS),
            "Refuse": Method(Empty, _refuse),
            "Break": Method(Text, _break),
            "Mine": Method(Empty, lambda _: Answer(), frozenset({os.getuid()})),
            "Others": Method(Empty, lambda _: Answer(), frozenset({os.getuid() + 1})),
        },
        BUGS.append,
    )


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "s"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(place))
    listener.listen(32)
    thread = Thread(target=_service().listen, args=(listener,))
    thread.start()
    yield place
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


def _raw(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(60)
    connection.connect(os.fspath(path))
    return connection


def _answers(path: Path) -> bool:
    client = Client.to(path)
    answer, _ = client.call(f"{NAME}.Echo", Text("still there"), gives=Text)
    client.close()
    return answer.text == "still there"


def test_a_call_is_answered(path: Path) -> None:
    assert _answers(path)


def test_more_gives_every_reply_and_a_plain_call_only_the_last(path: Path) -> None:
    client = Client.to(path)
    replies = [one.text for one, _ in client.follow(f"{NAME}.Echo", Text("end"), gives=Text)]
    assert replies == ["0", "1", "2", "end"]
    answer, _ = client.call(f"{NAME}.Echo", Text("end"), gives=Text)
    assert answer.text == "end"
    client.close()


def test_descriptors_go_both_ways_and_none_is_left(path: Path) -> None:
    client = Client.to(path)
    reader, writer = os.pipe()
    _, (copy,) = client.call(f"{NAME}.Echo", Text(""), gives=Text, descriptors=[writer], attached=1)
    os.write(copy, b"through")
    os.close(writer)
    os.close(copy)
    assert os.read(reader, 10) == b"through"
    # The end of the pipe comes only when the service has closed what it was given.
    assert os.read(reader, 1) == b""
    os.close(reader)
    client.close()


def test_an_error_has_its_name(path: Path) -> None:
    client = Client.to(path)
    with pytest.raises(CallError, match=r"io\.example\.Test\.No"):
        client.call(f"{NAME}.Refuse", gives=Empty)
    client.close()


@pytest.mark.parametrize(
    ("method", "parameters", "error"),
    [
        (f"{NAME}.Nothing", {}, "org.varlink.service.MethodNotFound"),
        ("io.example.Other.Echo", {}, "org.varlink.service.InterfaceNotFound"),
        (f"{NAME}.Echo", {}, "org.varlink.service.InvalidParameter"),
        (f"{NAME}.Echo", {"text": 1}, "org.varlink.service.InvalidParameter"),
        (f"{NAME}.Echo", {"text": "", "more": 1}, "org.varlink.service.InvalidParameter"),
        (f"{NAME}.Others", {}, "org.varlink.service.PermissionDenied"),
    ],
)
def test_the_standard_errors(
    path: Path, method: str, parameters: dict[str, object], error: str
) -> None:
    connection = _raw(path)
    call = {"method": method, "parameters": parameters}
    connection.sendall(json.dumps(call).encode() + b"\0")
    assert json.loads(connection.recv(4096)[:-1])["error"] == error
    connection.close()


def test_a_user_on_the_list_may_call(path: Path) -> None:
    client = Client.to(path)
    client.call(f"{NAME}.Mine", gives=Empty)
    client.close()


def test_a_bug_is_reported_but_not_to_the_caller_and_the_service_continues(path: Path) -> None:
    client = Client.to(path)
    with pytest.raises(CallError, match="Bug") as caught:
        client.call(f"{NAME}.Break", Text("ANNA-WEISS"), gives=Empty)
    assert b"ANNA-WEISS" not in caught.value.parameters.json  # type: ignore[attr-defined]
    client.close()
    assert str(BUGS.pop()) == "ANNA-WEISS"
    assert _answers(path)


def test_it_describes_itself(path: Path) -> None:
    class Description(msgspec.Struct):
        description: str

    class Interface(msgspec.Struct):
        interface: str

    client = Client.to(path)
    method = "org.varlink.service.GetInterfaceDescription"
    answer, _ = client.call(method, Interface(NAME), gives=Description)
    assert answer.description == DESCRIPTION
    client.close()


def test_it_names_the_version_of_the_program(path: Path) -> None:
    class Parameters(msgspec.Struct):
        pass

    class Info(msgspec.Struct):
        product: str
        version: str
        interfaces: list[str]

    client = Client.to(path)
    answer, _ = client.call("org.varlink.service.GetInfo", Parameters(), gives=Info)
    assert (answer.product, answer.version) == (DISTRIBUTION, version())
    assert NAME in answer.interfaces
    client.close()


def test_the_kernel_identifies_the_caller() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert PeerCredentials.of(ours) == PeerCredentials(os.getpid(), os.getuid(), os.getgid())


def test_a_message_may_be_as_long_as_the_limit_and_not_a_byte_longer(path: Path) -> None:
    frame = len(json.dumps({"method": f"{NAME}.Echo", "parameters": {"text": ""}}))
    for length, answered in ((MAX_MESSAGE - frame, True), (MAX_MESSAGE - frame + 1, False)):
        connection = _raw(path)
        call = {"method": f"{NAME}.Echo", "parameters": {"text": "x" * length}}
        connection.sendall(json.dumps(call).encode() + b"\0")
        assert bool(connection.recv(100)) is answered
        connection.close()
    assert _answers(path)


def test_too_many_descriptors_end_the_connection(path: Path) -> None:
    connection = _raw(path)
    call = json.dumps({"method": f"{NAME}.Echo", "parameters": {"text": ""}}).encode() + b"\0"
    rights = array.array("i", [0] * (MAX_DESCRIPTORS + 1))
    connection.sendmsg([call], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    assert connection.recv(100) == b""
    connection.close()
    assert _answers(path)


def test_one_user_cannot_use_up_all_connections(path: Path) -> None:
    held = [_raw(path) for _ in range(MAX_CALLERS_OF_USER)]
    for connection in held:
        call = {"method": f"{NAME}.Mine"}
        connection.sendall(json.dumps(call).encode() + b"\0")
        assert connection.recv(100)
    one_more = _raw(path)
    assert one_more.recv(100) == b""
    for connection in (*held, one_more):
        connection.close()


def test_a_message_that_arrives_in_pieces_is_put_together(path: Path) -> None:
    connection = _raw(path)
    call = json.dumps({"method": f"{NAME}.Echo", "parameters": {"text": "é"}}).encode() + b"\0"
    for byte in call:
        connection.sendall(bytes([byte]))
    assert json.loads(connection.recv(4096)[:-1])["parameters"] == {"text": "é"}
    connection.close()


def test_a_client_notices_that_the_service_breaks_off() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b'{"parameters"')
    theirs.close()
    client = Client(Connection(ours))
    with pytest.raises(WireError):
        client.call(f"{NAME}.Echo", Text(""), gives=Text)
    client.close()


_calls = st.fixed_dictionaries(
    {
        "method": st.sampled_from(
            [f"{NAME}.Echo", f"{NAME}.Refuse", "", ".", "org.varlink.service."]
        )
    },
    optional={
        "parameters": st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
        "more": st.booleans() | st.text(),
        "oneway": st.booleans(),
        "upgrade": st.booleans(),
    },
)


@settings(max_examples=300, deadline=None)
@given(
    frames=st.lists(
        st.binary(max_size=200) | _calls.map(lambda call: json.dumps(call).encode() + b"\0"),
        max_size=5,
    )
)
def test_no_bytes_stop_the_service(frames: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        thread = Thread(target=_service().serve, args=(theirs,))
        thread.start()
        ours.sendall(b"".join(frames))
        ours.shutdown(socket.SHUT_WR)
        while ours.recv(1 << 16):
            pass
        thread.join(60)
        assert not thread.is_alive()


def test_very_deep_nesting_is_refused(path: Path) -> None:
    connection = _raw(path)
    connection.sendall(b'{"method":"x","parameters":' + b"[" * 30_000 + b"\0")
    assert connection.recv(100) == b""
    connection.close()
    assert _answers(path)


def test_an_answer_counts_even_if_the_service_hung_up_at_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(tmp_path / "hasty"))
        listener.listen()

        def answer() -> None:
            for _ in range(200):
                caller, _ = listener.accept()
                with caller:
                    while not caller.recv(4096).endswith(b"\0"):
                        pass
                    caller.send(b'{"parameters":{"text":"yes"}}\0')

        hasty = Thread(target=answer)
        hasty.start()
        for _ in range(200):
            client = Client.to(tmp_path / "hasty")
            assert client.call(f"{NAME}.Echo", Text("?"), gives=Text)[0].text == "yes"
            client.close()
        hasty.join()
