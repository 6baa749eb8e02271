"""What the disc reader answers: which files a disc holds, and the bytes of one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from appliance.diagnostics.process_log import report_bug
from appliance.disc_reader.contents import blocks_of, check_readable
from appliance.disc_reader.handing_out import in_memory, through_pipe
from appliance.disc_reader.lister import list_disc
from appliance.disc_reader.listing import MAX_FILES, DiscFile
from appliance.disc_reader.medium import Medium
from appliance.disc_reader.names import shown
from appliance.errors import ApplianceError
from appliance.protocols import disc_api as api
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Method, Request, Service

MAX_IN_MEMORY: Final = 64 << 20
"""Bytes of a file that is handed out as memory; a larger one goes through a pipe."""

MAX_IDLE: Final = 600.0
"""Seconds after which a listing is forgotten, as its names may be a patient's."""

PATIENCE: Final = 600.0
"""Seconds that a pipe waits for its reader, which stands still while its session is locked."""

PAGE: Final = 100
"""Files in an answer: with names of 480 bytes it stays below 64 KiB."""

_FIRST_NUMBERS: Final = 1 << 40  # numbers before a restart do not come again


@dataclass(slots=True)
class _Listing:
    """Files of a disc, with numbers from ``first`` on; ``used``: when, by the monotonic clock."""

    first: int
    identity: bytes
    files: list[DiscFile] = field(repr=False)
    used: float


class DiscReader:
    """``disc`` opens what is in the drive, at each call, and raises ``InputError`` if it cannot."""

    def __init__(
        self,
        disc: Callable[[], Medium],
        *,
        most_in_memory: int = MAX_IN_MEMORY,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._disc = disc
        self._most_in_memory = most_in_memory
        self._patience = patience
        self._clock = clock
        self._drive = Lock()
        self._next = 1 + secrets.randbelow(_FIRST_NUMBERS)
        self._listing: _Listing | None = None
        self._has_read = False

    def service(self) -> Service:
        """The interface; who may call it, the permissions of the socket say."""
        methods: dict[str, Method[Any]] = {
            "List": Method(api.List, self._list),
            "Open": Method(api.Open, self._open),
        }
        return Service(api.NAME, api.DESCRIPTION, methods, report_bug)

    def forget_if_idle(self) -> None:
        """Forget the files of a listing that nobody has used for long."""
        listing = self._listing
        if listing is not None and self._clock() > listing.used + MAX_IDLE:
            self._listing = None

    @property
    def may_know_names(self) -> bool:
        """Whether a disc was read since this process began, and none is being read."""
        return self._has_read and not self._drive.locked()

    def _list(self, request: Request[api.List]) -> Answer:
        after = request.parameters.after
        if after is None:
            with _errors_to_refusals():
                listing = self._read()
            start = 0
        else:
            listing, at = self._found(after)
            start = at + 1
        page = listing.files[start : start + PAGE]
        files = [
            api.File(listing.first + at, shown(file.path), file.size, file.refusal)
            for at, file in enumerate(page, start)
        ]
        return Answer(api.Files(files, start + PAGE < len(listing.files)))

    def _open(self, request: Request[api.Open]) -> Answer:
        listing, at = self._found(request.parameters.number)
        file = listing.files[at]
        with _errors_to_refusals(), ExitStack() as held:
            check_readable(file)
            medium = self._held_disc(held)
            _check_same(listing, medium)
            blocks = _unchanged(listing, medium, file)
            if file.size <= self._most_in_memory:
                reader = in_memory(blocks)
            else:
                reader = through_pipe(blocks, self._patience, held.pop_all().close)
        return Answer(api.Opened(file.size), (reader,))

    def _read(self) -> _Listing:
        with ExitStack() as held:
            medium = self._held_disc(held)
            self._listing = None
            identity, files = medium.identity(), list_disc(medium)
            listing = _Listing(self._next, identity, files, self._clock())
            _check_same(listing, medium)
            self._next += MAX_FILES
            self._listing = listing
        return listing

    def _held_disc(self, held: ExitStack) -> Medium:
        """The disc, which is closed when ``held`` is; raises ``CallError`` while it is in use."""
        if not self._drive.acquire(blocking=False):
            raise CallError(api.error_name("Busy"))
        held.callback(self._drive.release)
        self._has_read = True
        return held.enter_context(self._disc())

    def _found(self, number: int) -> tuple[_Listing, int]:
        """The listing that ``number`` is of, and its place there."""
        listing = self._listing
        if listing is None or not 0 <= number - listing.first < len(listing.files):
            raise CallError(api.error_name("OtherDisc"))
        listing.used = self._clock()
        return listing, number - listing.first


def _unchanged(listing: _Listing, medium: Medium, file: DiscFile) -> Iterator[bytes]:
    """The bytes of ``file``, the last of them once it is known that the disc is still the same."""
    last = b""
    for block in blocks_of(medium, file):
        if last:
            yield last
        last = block
    _check_same(listing, medium)
    yield last


def _check_same(listing: _Listing, medium: Medium) -> None:
    if medium.identity() != listing.identity:
        raise CallError(api.error_name("OtherDisc"))


@contextmanager
def _errors_to_refusals() -> Iterator[None]:
    """What is wrong with a disc, as an error of the interface."""
    try:
        yield
    except ApplianceError as error:
        failed = api.Failed(error.message, error.hint)
        raise CallError(api.error_name("Failed"), failed) from error
