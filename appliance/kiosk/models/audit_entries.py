"""Entries of the log in turn: those of one session, or all refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.audit_line import AuditLine
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.times import second
from appliance.protocols import auditor_api as api

PEOPLE: Final = ("subject", "requester", "viewer", "approver", "person")
"""The fields that hold the pseudonym of a person."""

THOUSANDTHS: Final = ("thousandths", "wished", "achieved", "error")
"""The fields that hold a value of a handle times 1,000."""

_FREE: Final = frozenset(
    (
        *PEOPLE, "session", "patient", "item", "photo", "picture", "copy", "disc", "bundle",
        "consent", "key", "pack", "policy", "root", "version", "image",
    )
)  # fmt: skip
"""The fields that hold neither a number nor a code that there is a word for.

``result`` is one of them in some events, and a code in another.
"""

_HASH = 16  # hex digits of the shortest one
_PSEUDONYM = 8  # characters that the screen shows of one


class Number(msgspec.Struct, frozen=True):
    """A field with a number. ``name``: of the field; ``value`` as the screen shows it."""

    name: str
    value: str


class Line(msgspec.Struct, frozen=True):
    """An entry. ``codes``: values that the screen has words for; ``who``: pseudonyms, in short."""

    index: int
    at: str
    event: str
    failed: bool
    who: str
    handle: str
    codes: list[str]
    numbers: list[Number]


class AuditEntriesState(msgspec.Struct, frozen=True):
    """``session``: whose entries there are; none for the refusals. ``page``: from 1."""

    session: str = ""
    lines: list[Line] = []
    page: int = 1
    more: bool = False
    loading: bool = False


class AuditEntries(Model[AuditEntriesState]):
    """A page at a time."""

    def __init__(self, shared: Shared, line: AuditLine) -> None:
        super().__init__(AuditEntriesState())
        self._shared = shared
        self._line = line
        self._begins: list[int | None] = [None]  # after which entry each page begins

    def forget(self) -> None:
        """Drop what the log says."""
        self._begins = [None]
        self.show(**msgspec.structs.asdict(AuditEntriesState()))

    def load_session(self, session: str) -> None:
        """Show the entries of this session."""
        self._begin(session)

    def load_refusals(self) -> None:
        """Show all refusals, the newest first."""
        self._begin("")

    @action
    def forward(self) -> None:
        """The next page."""
        state = self.state
        if state.more and not state.loading and state.lines:
            self._begins.append(state.lines[-1].index)
            self._load()

    @action
    def backward(self) -> None:
        """The page before."""
        if len(self._begins) > 1 and not self.state.loading:
            self._begins.pop()
            self._load()

    def _begin(self, session: str) -> None:
        self._begins = [None]
        self.show(session=session, lines=[], page=1, more=False)
        self._load()

    def _load(self) -> None:
        session, after = self.state.session, self._begins[-1]
        self.show(loading=True)

        def answered(entries: api.Entries) -> None:
            if self.state.session == session:
                self.show(
                    lines=[line_of(one) for one in entries.entries],
                    more=entries.more,
                    page=len(self._begins),
                    loading=False,
                )

        def failed(_: Refusal) -> None:
            self.show(loading=False)

        if session:
            wanted = api.AskSession(session, after)
            self._line.ask("Session", wanted, api.Entries, answered, failed)
        else:
            self._line.ask("Refusals", api.AskRefusals(after), api.Entries, answered, failed)


def line_of(entry: api.Entry) -> Line:
    """What the screen shows of an entry. Hashes are left out: nobody reads them."""
    fields = dict(entry.fields)
    who = [fields[name][:_PSEUDONYM] for name in PEOPLE if name in fields]
    return Line(
        index=entry.index,
        at=second(entry.at),
        event=entry.event,
        failed=entry.failed,
        who=", ".join(who),
        handle=fields.get("handle", ""),
        codes=list(_codes(fields)),
        numbers=list(_numbers(entry.event, fields)),
    )


def _codes(fields: Mapping[str, str]) -> Iterator[str]:
    for name, value in fields.items():
        if name != "handle" and name not in _FREE:
            yield from (word for word in value.split() if not _is_free(word))


def _numbers(event: str, fields: Mapping[str, str]) -> Iterator[Number]:
    for name, value in fields.items():
        if name == "version":
            yield Number(name, value)
        elif name in _FREE or not _is_number(value):
            continue
        elif name in THOUSANDTHS:
            yield Number(name, f"{int(value) / 1000:g}")
        else:
            of_entries = event == "checkpoint-anchored" and name == "size"
            yield Number("entries" if of_entries else name, f"{int(value):,}")


def _is_free(text: str) -> bool:
    """Whether it is a number or a hash."""
    return _is_number(text) or (len(text) >= _HASH and not text.strip("0123456789abcdef"))


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
