"""The files of a session, by number: what came in and what was made, all by our own encoders."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import InputError
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.video.key_frame import read_key_frame
from appliance.wire.message import Refusal
from appliance.worker.interface import Media, error


@dataclass(frozen=True, slots=True)
class Item:
    """A file in the workspace."""

    path: Path
    media: Media


class Workspace:
    """The folder of one session. Its files outlive a worker, see :meth:`take_up`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._items: dict[int, Item] = {}
        self._results: dict[int, Item] = {}

    def take_up(self) -> None:
        """The files of a worker before this one, which died; what it had not finished goes."""
        for path in sorted(self._folder.iterdir()):
            number, _, rest = path.name.partition(".")
            if path.name == ".canaries" or path.is_dir():
                continue
            if rest not in ("item.photo", "item.video", "result.photo", "result.video"):
                path.unlink()
                continue
            kind, _, media = rest.partition(".")
            item = Item(path, "photo" if media == "photo" else "video")
            (self._items if kind == "item" else self._results)[int(number)] = item

    @contextmanager
    def part(self) -> Iterator[tuple[Path, int]]:
        """A file without a number yet, and its descriptor; it goes unless it was renamed."""
        path = self._folder / f".{secrets.token_hex(8)}.part"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            yield path, descriptor
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    def add_item(self, part: Path, media: Media) -> int:
        """Give a file that came in its number."""
        number = self._next()
        item = Item(self._folder / f"{number}.item.{media}", media)
        part.rename(item.path)
        self._items[number] = item
        return number

    def place(self, media: Media) -> tuple[int, Item]:
        """Where the next result goes; it counts once it is told to :meth:`keep`."""
        number = self._next()
        return number, Item(self._folder / f"{number}.result.{media}", media)

    def keep(self, number: int, result: Item) -> None:
        """A result is there, whole."""
        self._results[number] = result

    def results(self) -> list[int]:
        """Their numbers, oldest first."""
        return sorted(self._results)

    def item(self, number: int) -> Item:
        """What came in under this number; raises ``Refusal``."""
        return _of(self._items, number)

    def result(self, number: int) -> Item:
        """What was made under this number; raises ``Refusal``."""
        return _of(self._results, number)

    def photo(self, number: int) -> Photo:
        """An item that must be a photo; raises ``InputError``, ``Refusal``."""
        item = self.item(number)
        if item.media != "photo":
            raise InputError("This is a video, not a photo.", "Use a photo here.")
        return read_photo(item.path.read_bytes())

    def picture(self, number: int, seconds: float) -> Photo:
        """An item to look at: of a video the last key frame at or before ``seconds``."""
        item = self.item(number)
        if item.media == "photo":
            return self.photo(number)
        with item.path.open("rb") as opened:
            canvas = read_key_frame(opened, seconds)
            return Photo(canvas.read(Box(0, 0, canvas.width, canvas.height)))

    def _next(self) -> int:
        return max((0, *self._items, *self._results)) + 1


def _of(files: dict[int, Item], number: int) -> Item:
    if number not in files:
        raise Refusal(error("NoSuchItem"))
    return files[number]
