"""What the worker has, and pictures of it, which come also while a job runs."""

from __future__ import annotations

from collections.abc import Callable

from appliance.kiosk.calls.services import picture_of
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.work import Clip
from appliance.protocols import worker_api
from appliance.wire.client import Client

_SMALL = 320  # pixels of a small picture
_LARGE = 1024


def clips_of(answer: worker_api.Items) -> list[Clip]:
    """What the worker says of the files of the session."""
    return [
        Clip(
            file.item,
            file.media == "video",
            file.result,
            file.engine or "",
            file.seconds or 0.0,
            file.frames or 0,
        )
        for file in answer.items
    ]


def small(item: int) -> str:
    """The name of the small picture of an item or result."""
    return f"clip-{item}"


def show_small(shared: Shared, item: int) -> None:
    """Have its small picture."""
    look = _look(shared, item, 0.0, _SMALL)
    shared.looker.ask(look, lambda seen: shared.pictures.put(small(item), seen[1]), lambda _: None)


def show_places(
    shared: Shared,
    items: dict[str, int],
    at: float,
    shown: Callable[[dict[str, worker_api.Viewed]], object] = lambda _: None,
) -> None:
    """Have what these items and results show at ``at`` seconds, by the names of the pictures.

    Of several wishes the last one counts. ``shown`` is called with the sizes of the items.
    """
    looks = {name: _look(shared, item, at, _LARGE) for name, item in items.items()}

    def put(seen: dict[str, tuple[worker_api.Viewed, object]]) -> None:
        for name, (_, picture) in seen.items():
            shared.pictures.put(name, picture)
        shown({name: size for name, (size, _) in seen.items()})

    shared.looks.ask(
        lambda client: {name: look(client) for name, look in looks.items()}, put, shared.refuse
    )


def _look(
    shared: Shared, item: int, at: float, side: int
) -> Callable[[Client], tuple[worker_api.Viewed, object]]:
    wanted = worker_api.View(item, side, at)
    call = picture_of(f"{worker_api.NAME}.View", wanted, worker_api.Viewed)

    def look(client: Client) -> tuple[worker_api.Viewed, object]:
        viewed, data = call(client)
        return viewed, shared.pictures.decode(data)

    return look
