"""Software tokens, at a training machine alone."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.caller import Caller
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.protocols import training_api
from appliance.wire.message import Empty


class _Any(msgspec.Struct):
    """An answer of which nothing is needed."""


class SoftwareToken(msgspec.Struct, frozen=True):
    """As the training machine says."""

    user: str
    role: str
    plugged: bool
    blinking: bool


class TrainingState(msgspec.Struct, frozen=True):
    """``pin``: that all software tokens share."""

    available: bool = False
    tokens: list[SoftwareToken] = []
    pin: str = ""
    blinking: bool = False


class Training(Model[TrainingState]):
    """Plugs, pulls and touches them."""

    def __init__(self, shared: Shared) -> None:
        path = shared.services.training
        super().__init__(TrainingState(available=path is not None))
        self._caller: Caller | None = None if path is None else shared.services.caller(path)

    def refresh(self) -> None:
        """Ask how the tokens are."""
        if self._caller is not None:
            self._caller.ask(
                lambda client: client.call(
                    f"{training_api.NAME}.Tokens", Empty(), gives=training_api.Tokens
                )[0],
                self._show,
                lambda _: None,
            )

    @action
    def plug(self, user: str) -> None:
        """Plug the token in, or pull it."""
        plugged = any(one.user == user and one.plugged for one in self.state.tokens)
        self._call("Pull" if plugged else "Insert", training_api.TokenRef(user))
        self.refresh()

    @action
    def touch(self) -> None:
        """Touch the token that waits for it."""
        self._call("Touch", Empty())
        self.refresh()

    def _call(self, method: str, parameters: msgspec.Struct) -> None:
        if self._caller is not None:
            self._caller.ask(
                lambda client: client.call(f"{training_api.NAME}.{method}", parameters, gives=_Any),
                lambda _: None,
                lambda _: None,
            )

    def _show(self, answer: training_api.Tokens) -> None:
        tokens = [
            SoftwareToken(one.user, one.role, one.plugged, one.blinking) for one in answer.tokens
        ]
        blinking = any(one.blinking for one in tokens)
        self.show(tokens=tokens, pin=answer.pin, blinking=blinking)
