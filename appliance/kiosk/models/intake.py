"""Files are taken in from a disc by their numbers: their bytes go from its reader to the worker."""

from __future__ import annotations

from collections.abc import Callable
from io import FileIO
from typing import Protocol

import msgspec

from appliance.kiosk.calls.caller import Caller
from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.models.shared import Shared
from appliance.protocols import disc_api, worker_api
from appliance.wire.client import Client

MOST_FILES = 1000
"""Of a disc, that are listed."""


class Entry(msgspec.Struct, frozen=True):
    """A file to choose. ``size`` in KiB."""

    number: int
    name: str
    size: int
    refusal: str


class _Show(Protocol):
    def __call__(self, **changes: object) -> None: ...


class Intake:
    """The disc in the drive, for a view model that has ``files``, ``reading`` and ``importing``.

    ``show`` changes these values of it: the files of the disc, whether it is being read, how many
    files are on their way. ``took`` is called with each item that the worker has.
    """

    def __init__(
        self, shared: Shared, show: _Show, took: Callable[[worker_api.Imported], object]
    ) -> None:
        self._shared = shared
        self._show = show
        self._took = took
        self._reading = False
        self._importing = 0
        self._turn = 0  # what was asked for before the last forget is not shown
        disc = shared.services.disc
        self._disc: Caller | None = None if disc is None else shared.services.caller(disc)

    @property
    def has_disc(self) -> bool:
        """Whether there is a drive."""
        return self._disc is not None

    @property
    def importing(self) -> int:
        """How many files are on their way."""
        return self._importing

    def forget(self) -> None:
        """Drop the names of files, and what is under way."""
        self._reading, self._importing = False, 0
        self._turn += 1
        self._show(files=[], reading=False, importing=0)

    def read(self) -> None:
        """Read the disc in the drive."""
        if self._disc is None or self._reading:
            return
        self._reading = True
        self._show(reading=True, files=[])
        turn = self._turn

        def listed(files: list[Entry]) -> None:
            if turn == self._turn:
                self._reading = False
                self._show(reading=False, files=files)

        def failed(why: Refusal) -> None:
            if turn == self._turn:
                self._reading = False
                self._show(reading=False)
                self._shared.refuse(Refusal(f"disc-{why.code}"))

        self._disc.ask(_all_files, listed, failed)

    def take(self, number: int, role: worker_api.Role, consent: str | None) -> None:
        """Import the file with this number. ``consent``: the reference, where there has to be."""
        if self._disc is None:
            return
        self._count(1)
        turn = self._turn

        def opened(answer: tuple[int, FileIO]) -> None:
            if turn == self._turn:
                self._import(answer, role, consent)

        def not_opened(why: Refusal) -> None:
            if turn == self._turn:
                self._count(-1)
                self._shared.refuse(Refusal(f"disc-{why.code}"))

        self._disc.ask(lambda client: _open(client, number), opened, not_opened)

    def _import(
        self, opened: tuple[int, FileIO], role: worker_api.Role, consent: str | None
    ) -> None:
        size, file = opened

        def import_it(client: Client) -> worker_api.Imported:
            with file:
                return client.call(
                    f"{worker_api.NAME}.Import",
                    worker_api.Import(role, consent, size, "disc"),
                    gives=worker_api.Imported,
                    descriptors=[file.fileno()],
                )[0]

        def imported(answer: worker_api.Imported) -> None:
            self._count(-1)
            self._took(answer)

        def refused(why: Refusal) -> None:
            self._count(-1)
            self._shared.refuse(why)

        self._shared.worker.ask(import_it, imported, refused)

    def _count(self, more: int) -> None:
        self._importing = max(0, self._importing + more)
        self._show(importing=self._importing)


def _all_files(client: Client) -> list[Entry]:
    """The files of the disc in the drive, which come a hundred at a time."""
    entries: list[Entry] = []
    after: int | None = None
    more = True
    while more and len(entries) < MOST_FILES:
        answer, _ = client.call(f"{disc_api.NAME}.List", disc_api.List(after), gives=disc_api.Files)
        entries += [
            Entry(one.number, one.name, -(-one.size // 1024), one.refusal or "")
            for one in answer.files
        ]
        more = answer.more and bool(answer.files)
        after = answer.files[-1].number if answer.files else None
    return entries


def _open(client: Client, number: int) -> tuple[int, FileIO]:
    """Size in bytes and descriptor of the file with this number; dropped, it closes itself."""
    answer, descriptors = client.call(
        f"{disc_api.NAME}.Open", disc_api.Open(number), gives=disc_api.Opened, attached=1
    )
    return answer.size, FileIO(descriptors[0])
