"""A folder of samples in the place of a disc, by the same protocol: the kiosk sees no difference.

Each name begins with ``SAMPLE/``, so that no screen shows one as a patient's photo.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from appliance.diagnostics.process_log import report_bug
from appliance.disc_reader.handing_out import in_memory
from appliance.protocols import disc_api as api
from appliance.wire.message import CallError
from appliance.wire.service import Answer, Method, Request, Service

MARK: Final = "SAMPLE/"
_KINDS: Final = (".jpg", ".png", ".mp4")
_CHUNK: Final = 1 << 20  # bytes


class Samples:
    """The photos and films in ``folder``; number 1 is the first by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def service(self) -> Service:
        """The interface; who may call it, the folder of the socket says."""
        methods: dict[str, Method[Any]] = {
            "List": Method(api.List, self._list),
            "Open": Method(api.Open, self._open),
        }
        return Service(api.NAME, api.DESCRIPTION, methods, report_bug)

    def _list(self, request: Request[api.List]) -> Answer:
        after = request.parameters.after or 0
        numbered = enumerate(self._files(), 1)
        files = [
            api.File(number, f"{MARK}{path.name}", path.stat().st_size)
            for number, path in numbered
            if number > after
        ]
        return Answer(api.Files(files, more=False))

    def _open(self, request: Request[api.Open]) -> Answer:
        files = self._files()
        if request.parameters.number > len(files):
            raise CallError(api.error_name("OtherDisc"))
        path = files[request.parameters.number - 1]
        return Answer(api.Opened(path.stat().st_size), (in_memory(_blocks(path)),))

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.suffix in _KINDS)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            yield block
