"""The methods of ``io.faceappliance.Training``."""

from __future__ import annotations

from typing import Any

from appliance.diagnostics.process_log import report_bug
from appliance.protocols import training_api as api
from appliance.training.bus import TokenBus, owner_of
from appliance.training.people import PEOPLE, PIN
from appliance.wire.message import CallError, Empty
from appliance.wire.service import Answer, Method, Request, Service


class Panel:
    """The tokens of all people on ``bus``."""

    def __init__(self, bus: TokenBus) -> None:
        self._bus = bus

    def service(self) -> Service:
        """The interface; who may call it, the folder of the socket says."""
        methods: dict[str, Method[Any]] = {
            "Tokens": Method(Empty, self._tokens),
            "Insert": Method(api.TokenRef, self._insert),
            "Pull": Method(api.TokenRef, self._pull),
            "Touch": Method(Empty, self._touch),
        }
        return Service(api.NAME, api.DESCRIPTION, methods, report_bug)

    def _tokens(self, _: Request[Empty]) -> Answer:
        plugged = {owner_of(device) for device in self._bus.plugged()}
        device = self._bus.blinking()
        blinking = None if device is None else owner_of(device)
        listed = [
            api.Token(name, role, name in plugged, name == blinking)
            for name, role in PEOPLE.items()
        ]
        return Answer(api.Tokens(listed, PIN))

    def _insert(self, request: Request[api.TokenRef]) -> Answer:
        self._bus.insert(_known(request))
        return Answer()

    def _pull(self, request: Request[api.TokenRef]) -> Answer:
        self._bus.pull(_known(request))
        return Answer()

    def _touch(self, _: Request[Empty]) -> Answer:
        return Answer(api.Touched(self._bus.touch()))


def _known(request: Request[api.TokenRef]) -> str:
    user = request.parameters.user
    if user not in PEOPLE:
        raise CallError(api.error_name("NoSuchToken"))
    return user
