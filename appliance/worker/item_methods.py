"""The worker's methods about the files of a session: which there are, and one fewer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from appliance.audit.entries import events
from appliance.pipeline.media.video.encoder import OWN_CODECS
from appliance.pipeline.media.video.probe import probe
from appliance.protocols import worker_api
from appliance.wire.message import Empty
from appliance.wire.service import Answer, Method, Request
from appliance.worker.failures import errors_to_refusals
from appliance.worker.served_session import ServedSession
from appliance.worker.workspace import Item, Workspace


@dataclass(frozen=True, slots=True)
class ItemMethods:
    """``Items`` and ``Discard``.

    ``one_job``: allows one at a time. ``forget``: drops what is kept of items in memory.
    """

    served: ServedSession
    workspace: Workspace
    one_job: Callable[[], AbstractContextManager[None]]
    forget: Callable[[], None]

    def methods(self) -> dict[str, Method[Any]]:
        """By name."""
        return {
            "Items": Method(Empty, self._items),
            "Discard": Method(worker_api.Item, self._discard),
        }

    def _items(self, _: Request[Empty]) -> Answer:
        with errors_to_refusals():
            kept = [
                _kept(number, item, is_result=self.workspace.has_result(number))
                for number, item in self.workspace.files()
            ]
        return Answer(worker_api.Items(kept))

    def _discard(self, request: Request[worker_api.Item]) -> Answer:
        number = request.parameters.item
        with self.one_job(), errors_to_refusals():  # a job may have the file open
            item = self.workspace.item(number)
            self.served.ledger.append(
                events.ItemDiscarded(self.served.session, item.media, item.pseudonym)
            )
            self.workspace.discard(number)
            self.forget()
        return Answer()


def _kept(number: int, item: Item, *, is_result: bool) -> worker_api.Kept:
    """The line of a file in the answer of Items. Raises ``InputError``."""
    seconds, frames = None, None
    if item.media == "video":
        with item.path.open("rb") as film:
            facts = probe(film, only_codecs=OWN_CODECS)
        seconds = None if facts.duration is None else float(facts.duration)
        frames = facts.frames
    return worker_api.Kept(number, item.media, is_result, item.engine, seconds, frames)
