"""A ledger's daemon in the process of the test, and connections to it."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.fields import Role
from appliance.audit.entries.reader import read_lines
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.service import protocol
from appliance.audit.service.daemon import Server
from appliance.audit.service.protocol import Budget
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.reserve import Reserve

OWN, OTHER = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"

_reply: msgspec.json.Decoder[protocol.Reply] = msgspec.json.Decoder(protocol.Reply)


@dataclass
class Line:
    """A connection to the daemon, and what the daemon answers on it."""

    server: Server
    socket: socket.socket

    def ask(self, request: protocol.Request) -> protocol.Reply:
        """The answer to ``request``, given at the end of the daemon's round."""
        self.socket.send(msgspec.json.encode(request))
        self.server._round(list(self.server._peers))
        return _reply.decode(self.socket.recv(protocol.MAX_PACKET))

    def log(self, *events: AnyEvent) -> str:
        """``"logged"``, or why it was refused."""
        reply = self.ask(protocol.Append(list(events)))
        return reply.reason if isinstance(reply, protocol.Rejected) else "logged"

    def hang_up(self) -> None:
        """Close the connection; the daemon notices in its next rounds."""
        self.socket.close()
        for _ in range(2):
            self.server._round(list(self.server._peers))


@dataclass
class Daemon:
    """Serves a new ledger in ``folder``. ``now``: its clock, in seconds."""

    folder: Path
    reserve: Reserve | None = None
    now: float = 0.0
    server: Server = field(init=False)
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the ledger."""
        keys_folder = keys_folder_for(self.folder)
        keys = LedgerKeys.create(keys_folder, "test.example/log")
        anchor = FileAnchor(keys_folder / ANCHOR)
        create_ledger(self.folder, keys.signer, anchor)
        recorder = Recorder(Ledger(self.folder, keys.signer, anchor))
        self.server = Server(recorder, keys.pseudonym, reserve=self.reserve, clock=lambda: self.now)

    def line(self, role: Role) -> Line:
        """A connection of a process with this role."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.adopt(theirs, role)
        self.lines.append(Line(self.server, ours))
        return self.lines[-1]

    def close(self) -> None:
        """Close all connections."""
        self.server.close()
        for line in self.lines:
            line.socket.close()

    def worker(self, session: str = OWN, budget: Budget = protocol.WORKER_BUDGET) -> Line:
        """A connection as the broker hands it to the worker of ``session``."""
        line = self.line("broker")
        reply = line.ask(protocol.Restrict("worker", session, budget))
        assert reply == protocol.RestrictedTo("worker", session)
        return line

    def entries(self) -> list[Entry]:
        """The whole ledger."""
        reader = LedgerReader(self.folder)
        head = reader.checkpoint(reader.verifier())
        return [line.entry for line in read_lines(reader, head)]

    def events(self) -> list[AnyEvent]:
        """What was logged, without the start of the machine."""
        return [entry.event for entry in self.entries()][1:]
