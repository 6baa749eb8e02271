"""What is always seen: who, which engine, the network as probed, storage, time left."""

from __future__ import annotations

import msgspec

from appliance.kiosk.models.model import Model


class BarState(msgspec.Struct, frozen=True):
    """``who``: the pseudonym, in short; of who only looks, the name as chosen.

    ``minutes``: until the session's time is over; below 0 where there is no session.

    ``network``: none, the names of devices, or nothing if it is not known. ``free_percent``: of the
    workspace; below 0 if it is not known.
    """

    who: str = ""
    role: str = ""
    engine: str = ""
    network: str = ""
    free_percent: int = -1
    minutes: int = 0
    training: bool = False


class Bar(Model[BarState]):
    """Values only."""

    def __init__(self) -> None:
        super().__init__(BarState())

    def show_network(self, devices: list[str] | None) -> None:
        """As the broker probed it."""
        names = "" if devices is None else ", ".join(sorted(devices)) or "none"
        self.show(network=names)

    def forget(self) -> None:
        """Nobody works any more."""
        self.show(who="", role="", engine="", free_percent=-1, minutes=0)
