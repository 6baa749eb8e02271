"""The way out: ask for a release, have a second person decide, burn what was released."""

from __future__ import annotations

import time
from typing import Literal

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import each_of, of_broker, picture_of
from appliance.kiosk.models.model import action
from appliance.kiosk.models.pin import PinModel, PinState
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.protocols import broker_api
from appliance.wire.client import Client
from appliance.wire.message import Empty

LOOK = "look"
_OVER = ("release-training", "release-decided", "release-expired", "no-such-release")
"""Refusals after which nothing waits any more."""

Reason = Literal["wrong-person", "wrong-result", "consent", "quality", "other"]


class RequestState(PinState, frozen=True):
    """``release``: the request that waits, for ``minutes`` more. ``numbers``: what was released.

    ``people``: who may decide. ``seen``: the picture of the result is there, and its hash known.
    ``burning``: share done, or below 0.
    """

    asking: bool = False
    release: str = ""
    sha256: str = ""
    media: str = "photo"
    minutes: int = 0
    numbers: list[int] = msgspec.field(default_factory=list)
    people: list[str] = msgspec.field(default_factory=list)
    user: str = ""
    purpose: Literal["look", "approve", "decline"] = "look"
    reason: str = ""
    seen: bool = False
    burning: float = -1.0
    burned: str = ""


class Request(PinModel[RequestState]):
    """Each act of the second person takes their PIN and a touch of their token."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(RequestState())
        self._shared = shared
        self._until = 0.0

    def forget(self) -> None:
        """Drop PIN and picture; a request is over with a lock."""
        self.drop_pin()
        self.show(
            asking=False, release="", sha256="", user="", phase="choose", purpose="look",
            reason="", count=0, seen=False, burning=-1.0,
        )  # fmt: skip

    def pass_time(self) -> None:
        """Show how long the request still stands."""
        if self.state.release:
            left = max(0.0, self._until - time.monotonic())
            self.show(minutes=round(left / 60))
            if not left:
                self.show(release="", seen=False)

    @action
    def ask(self) -> None:
        """Ask for the release of the chosen result."""
        visit = self._shared.visit
        result = visit.result
        if result is None or self.state.asking or self.state.release:
            return
        self.show(asking=True)

        def stands(answer: broker_api.ReleaseStands) -> None:
            self._until = time.monotonic() + answer.seconds
            self.show(
                asking=False,
                release=answer.release,
                sha256=answer.sha256,
                media=answer.media,
                minutes=round(answer.seconds / 60),
            )

        def failed(why: Refusal) -> None:
            self.show(asking=False)
            self._shared.refuse(why)

        wanted = broker_api.RequestRelease(visit.handle, result)
        self._shared.broker.ask(
            of_broker("RequestRelease", wanted, broker_api.ReleaseStands), stands, failed
        )

    @action
    def go_back(self) -> None:
        """Choose another result."""
        in_project = self._shared.visit.project is not None
        self._shared.place.go(Step.BACK_TO_RESULTS if in_project else Step.BACK)

    @action
    def decide(self) -> None:
        """The second person is here."""
        self.show(phase="choose", user="", count=0, seen=False, purpose="look", reason="")
        self._shared.broker.ask(
            of_broker("Users", Empty(), broker_api.Users), self._offer, self._shared.refuse
        )
        self._shared.place.go(Step.NEXT)

    @action
    def choose(self, name: str) -> None:
        """The second person is who is called ``name``."""
        if name in self.state.people:
            self.drop_pin()
            self.show(user=name, phase="pin", purpose="look", count=0)

    @action
    def approve(self) -> None:
        """Approve what was looked at: PIN and touch once more."""
        if self.state.seen:
            self.drop_pin()
            self.show(phase="pin", purpose="approve", count=0)

    @action
    def decline(self, reason: Reason) -> None:
        """Decide against it, for a coded reason: PIN and touch once more."""
        self.drop_pin()
        self.show(phase="pin", purpose="decline", reason=reason, count=0)

    @action
    def enter(self) -> None:
        """The PIN is complete."""
        pin = self.take_pin()
        if not pin:
            return
        self._shared.place.dismiss()
        self.show(phase="touch", count=0)
        {"look": self._look, "approve": self._approve, "decline": self._decline}[
            self.state.purpose
        ](pin)

    @action
    def back(self) -> None:
        """Leave the decision to another time."""
        self.drop_pin()
        if self.state.phase == "pin" and self.state.seen:
            self.show(phase="look", count=0)
            return
        self.show(phase="choose", user="", count=0, seen=False)
        self._shared.place.go(Step.BACK)

    @action
    def burn(self) -> None:
        """Burn all that was released in this session."""
        if self.state.burning >= 0 or not self.state.numbers:
            return
        self.show(burning=0.0, burned="")

        def each(answer: broker_api.Burning) -> None:
            self.show(burning=answer.done)
            if answer.sha256:
                self.show(burned=answer.sha256)

        def failed(why: Refusal) -> None:
            self.show(burning=-1.0)
            self._shared.refuse(why)

        call = each_of(
            f"{broker_api.NAME}.BurnReleases",
            broker_api.SessionRef(self._shared.visit.handle),
            broker_api.Burning,
        )
        self._shared.broker.follow(call, each, lambda: self.show(burning=-1.0), failed)

    def _offer(self, users: broker_api.Users) -> None:
        visit = self._shared.visit
        self.show(
            people=[
                one.name for one in users.users if "approve" in one.may and one.name != visit.user
            ]
        )

    def _look(self, pin: str) -> None:
        wanted = broker_api.LookAtRelease(self.state.release, self.state.user, pin)
        call = picture_of(f"{broker_api.NAME}.LookAtRelease", wanted, broker_api.Shown)
        pictures = self._shared.pictures

        def seen(answer: tuple[str, object]) -> None:
            pictures.put(LOOK, answer[1])
            self.show(sha256=answer[0], seen=True, phase="look")

        def looked(client: Client) -> tuple[str, object]:
            shown, data = call(client)
            return shown.sha256, pictures.decode(data)

        self._shared.broker.ask(looked, seen, self._refused)

    def _approve(self, pin: str) -> None:
        state = self.state
        wanted = broker_api.ApproveRelease(state.release, state.user, pin, state.sha256)

        def released(answer: broker_api.Released) -> None:
            self.show(numbers=[*self.state.numbers, answer.number], release="", seen=False, user="")
            self._shared.place.go(Step.DECIDED)

        self._shared.broker.ask(
            of_broker("ApproveRelease", wanted, broker_api.Released), released, self._refused
        )

    def _decline(self, pin: str) -> None:
        state = self.state
        wanted = broker_api.DeclineRelease(
            state.release, state.user, pin, msgspec.convert(state.reason, Reason)
        )

        def declined(_: Empty) -> None:
            self.show(release="", seen=False, user="")
            self._shared.place.go(Step.DECIDED)

        self._shared.broker.ask(of_broker("DeclineRelease", wanted, Empty), declined, self._refused)

    def _refused(self, why: Refusal) -> None:
        self._shared.refuse(why)
        if why.code in _OVER:
            self.show(release="", seen=False, user="", phase="choose")
            self._shared.place.go(Step.DECIDED)
            self._shared.refuse(why)
            return
        self.show(phase="pin" if self.state.user else "choose", count=0)
