"""Entries in the journal, sent by systemd's own library to a stand-in for systemd-journald."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import pytest

from appliance.diagnostics import journal
from tests.diagnostics.test_redaction import canaries, found
from tests.paths import REPOSITORY

SESSION = "0123456789abcdef"
# In a view of /run of its own: the library knows the journal by its path. What it receives goes to
# stdout, each entry preceded by its length.
_JOURNAL = """
import os, socket, struct, subprocess, sys
os.makedirs("/run/systemd/journal")
os.makedirs("/run/tmp")
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
journal.bind("/run/systemd/journal/socket")
stderr = os.fstat(2)
connected = {"JOURNAL_STREAM": f"{stderr.st_dev}:{stderr.st_ino}"}
process = subprocess.Popen(sys.argv[1:], env={**os.environ, **connected})
journal.settimeout(0.05)
while True:
    ended = process.poll() is not None
    try:
        while True:
            entry, descriptors, _, _ = socket.recv_fds(journal, 1 << 18, 1)
            for descriptor in descriptors:  # a long entry comes as a file
                entry = os.pread(descriptor, 1 << 20, 0)
            sys.stdout.buffer.write(struct.pack("=I", len(entry)) + entry)
    except TimeoutError:
        pass
    if ended:
        break
"""
_UNSHARE = 'mount -t tmpfs tmpfs /run && exec "$@"'
# A path at which nothing listens any more.
_DEAF = """
import os, socket
os.unlink("/run/systemd/journal/socket")
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind("/run/systemd/journal/socket")
"""
_ONE = f"""
from appliance.diagnostics import journal, process_log
process_log.configure("PROCESS")
process_log.log().warning("peer dropped", times=3, kind="Jane Roe")
journal.bind_session("{SESSION}")
process_log.report_bug(RuntimeError("Jane Roe"))
"""


def entries(command: list[str], given: bytes = b"") -> tuple[list[dict[str, str]], bytes]:
    """The fields of each entry that ``command`` makes, and what it writes to stderr."""
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", _UNSHARE, "sh",  # noqa: S607
         sys.executable, "-c", _JOURNAL, *command],
        cwd=REPOSITORY, input=given, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    received, at = [], 0
    while at < len(done.stdout):
        (length,) = struct.unpack_from("=I", done.stdout, at)
        received.append(_fields(done.stdout[at + 4 : at + 4 + length]))
        at += 4 + length
    return received, done.stderr


def _fields(entry: bytes) -> dict[str, str]:
    """An entry in the protocol of the journal (systemd.io/JOURNAL_NATIVE_PROTOCOL)."""
    fields = {}
    while entry:
        line, _, entry = entry.partition(b"\n")
        name, is_text, text = line.partition(b"=")
        if not is_text:  # with a new line in it: the length, then the bytes
            (length,) = struct.unpack_from("<Q", entry)
            text, entry = entry[8 : 8 + length], entry[8 + length + 1 :]
        fields[name.decode()] = text.decode()
    return fields


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_an_entry_has_a_priority_an_id_and_the_session_in_fields_of_their_own() -> None:
    (dropped, bug), lines = entries(python(_ONE.replace("PROCESS", "broker")))
    assert lines == b""
    assert dropped == {
        "MESSAGE": "peer dropped times=3 kind=<text>",
        "MESSAGE_ID": journal.message_id("peer dropped"),
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "appliance-broker",
        "APPLIANCE_TIMES": "3",
        "APPLIANCE_KIND": "<text>",
    }
    assert bug["APPLIANCE_SESSION"] == SESSION
    assert bug["PRIORITY"] == "3"
    assert bug["MESSAGE_ID"] == journal.message_id("bug") != dropped["MESSAGE_ID"]


def test_a_worker_has_no_socket_and_writes_lines() -> None:
    made, lines = entries(python(_ONE.replace("PROCESS", "worker")))
    assert made == []
    first, second = lines.decode().splitlines()
    assert first.startswith("<4>process=worker level=warning")
    assert second.startswith("<3>process=worker level=error event=bug")
    assert f"session={SESSION}" in second


def test_a_service_whose_stderr_leads_elsewhere_writes_lines() -> None:
    code = _ONE.replace("PROCESS", "broker")
    made, lines = entries(["sh", "-c", 'exec "$0" -c "$1" 2>&1 | cat >&2', sys.executable, code])
    assert made == []
    assert len(lines.splitlines()) == 2


def test_a_service_that_cannot_reach_the_journal_writes_lines() -> None:
    configured = 'process_log.configure("audit")\n'
    code = _ONE.replace("PROCESS", "audit").replace(configured, configured + _DEAF)
    made, lines = entries(python(code))
    assert made == []
    assert len(lines.splitlines()) == 2


def test_no_canary_reaches_a_field() -> None:
    secrets = canaries()
    command = [sys.executable, "-m", "tests.diagnostics.leaky", "broker"]
    made, lines = entries(command, json.dumps(secrets).encode())
    assert len(made) >= 15 * len(secrets)
    text = "\n".join(f"{name}={value}" for entry in made for name, value in entry.items())
    assert found(secrets, text.encode() + lines) == []
    assert found(secrets, (text + secrets[0]).encode()) == secrets[:1]


@pytest.mark.parametrize("session", ["", "Jane Roe", "0123456789ABCDEF", SESSION + "0"])
def test_only_the_id_of_a_session_is_bound(session: str) -> None:
    with pytest.raises(ValueError, match="session"):
        journal.bind_session(session)
