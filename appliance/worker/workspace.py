"""The files of a session, by number: items and results.

Results are written by this process, items by a child that met a file from outside and may have been
taken over by it. So an item is read by the decoder of the one format that it must have.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from appliance.audit.entries.fields import Engine
from appliance.errors import InputError
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.video.encoder import OWN_CODECS
from appliance.pipeline.media.video.key_frame import read_frame
from appliance.protocols.worker_api import Media, error_name
from appliance.wire.message import CallError


@dataclass(frozen=True, slots=True)
class Item:
    """A file in the workspace.

    ``pseudonym``: under which the ledger has its import; ``None`` of a result, and of an item that
    a previous worker took in. ``engine``: what drew a result, which its name has as well; ``None``
    of an item, and of a result that an earlier version left.
    """

    path: Path
    media: Media
    pseudonym: str | None = None
    engine: Engine | None = None


class Workspace:
    """The folder of one session. Its files outlive a worker, see :meth:`recover_existing`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._items: dict[int, Item] = {}
        self._results: dict[int, Item] = {}
        self._highest = 0  # of the numbers of items that were discarded

    def recover_existing(self) -> None:
        """Adopt the files of a previous worker that died, and delete what it had not finished."""
        for path in sorted(self._folder.iterdir()):
            number, _, rest = path.name.partition(".")
            if path.is_dir():
                continue
            rest, _, engine = rest.partition("+")
            if rest not in ("item.photo", "item.video", "result.photo", "result.video"):
                path.unlink()
                continue
            kind, _, media = rest.partition(".")
            drawn = cast(Engine, engine) if engine in get_args(Engine) else None
            item = Item(path, "photo" if media == "photo" else "video", engine=drawn)
            (self._items if kind == "item" else self._results)[int(number)] = item

    @contextmanager
    def temporary(self) -> Iterator[tuple[Path, int]]:
        """A new file without a number, and its descriptor; deleted afterwards unless renamed."""
        path = self._folder / f".{secrets.token_hex(8)}.part"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            yield path, descriptor
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    @contextmanager
    def nameless(self) -> Iterator[tuple[int, int]]:
        """A new file that no path leads to: a descriptor to write it, and one to read it."""
        with self.temporary() as (path, writer):
            reader = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            path.unlink()
            try:
                yield writer, reader
            finally:
                os.close(reader)

    def add_item(self, temporary: Path, media: Media, pseudonym: str | None = None) -> int:
        """Rename an imported file to its number, which is returned."""
        number = self._next()
        item = Item(self._folder / f"{number}.item.{media}", media, pseudonym)
        temporary.rename(item.path)
        self._items[number] = item
        return number

    def discard(self, number: int) -> None:
        """Delete an item and its file. Raises ``CallError`` if there is none."""
        self.item(number).path.unlink()
        self._highest = max(self._highest, number)
        del self._items[number]

    def reserve(self, media: Media, engine: Engine) -> tuple[int, Item]:
        """The number and the path of the next result; it exists once it is committed."""
        number = self._next()
        path = self._folder / f"{number}.result.{media}+{engine}"
        return number, Item(path, media, engine=engine)

    def commit(self, number: int, result: Item) -> None:
        """Record a result whose file is complete."""
        self._results[number] = result

    def results(self) -> list[int]:
        """The numbers of the results, oldest first."""
        return sorted(self._results)

    def item(self, number: int) -> Item:
        """The imported item of this number. Raises ``CallError`` if there is none."""
        return _of(self._items, number)

    def result(self, number: int) -> Item:
        """The result of this number. Raises ``CallError`` if there is none."""
        return _of(self._results, number)

    def photo(self, number: int) -> Photo:
        """An item that must be a photo. Raises ``InputError`` if it is not, or ``CallError``.

        It is read as a PNG, whatever it begins with: nothing else is made of photos on import.
        """
        item = self.item(number)
        if item.media != "photo":
            raise InputError("This is a video, not a photo.", "Use a photo here.")
        return _picture(item, 0.0)

    def picture(self, number: int, seconds: float) -> Photo:
        """A photo, or what a video shows at ``seconds``. Raises ``InputError`` or ``CallError``."""
        return _picture(self.item(number), seconds)

    def result_picture(self, number: int, seconds: float) -> Photo:
        """The same of a result, which must leave this process with words all over it only."""
        return _picture(self.result(number), seconds)

    def files(self) -> list[tuple[int, Item]]:
        """All items and results by number, oldest first."""
        return sorted((self._items | self._results).items())

    def has_result(self, number: int) -> bool:
        """Whether this is the number of a result."""
        return number in self._results

    def space(self) -> tuple[int, int]:
        """How many bytes are free for files, and how many there are. Raises ``OSError``."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            room = os.fstatvfs(folder)  # by a descriptor: a sealed process may ask in no other way
        finally:
            os.close(folder)
        return room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize

    def _next(self) -> int:
        return max((self._highest, *self._items, *self._results)) + 1


def _picture(item: Item, seconds: float) -> Photo:
    if item.media == "photo":
        return read_photo(item.path.read_bytes(), only="png")
    with item.path.open("rb") as opened:
        canvas = read_frame(opened, seconds, only_codecs=OWN_CODECS)
        return Photo(canvas.read(Box(0, 0, canvas.width, canvas.height)))


def _of(files: dict[int, Item], number: int) -> Item:
    if number not in files:
        raise CallError(error_name("NoSuchItem"))
    return files[number]
