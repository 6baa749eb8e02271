"""A session with a result, and two people who release it, or try to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from appliance.audit.entries import events
from appliance.protocols import broker_api
from appliance.wire.message import CallError
from tests.session.scene import KIOSK, PIN, Scene

RESULT = b"a result at its full size" * 1000
ITEM = 7
HASH = hashlib.sha256(RESULT).hexdigest()
VIEWING = """
session: {idle_seconds: 600, grace_seconds: 300, absolute_seconds: 28800}
projects: [{name: film, members: [anna, bert]}]
workspace: {slots: 3}
release: {valid_seconds: 900, view: true}
"""


@dataclass
class Desk:
    """``scene`` with a session of anna, whose worker has a result."""

    scene: Scene
    session: str = field(init=False)

    def __post_init__(self) -> None:
        self.scene.tokens |= {"hidraw0"}
        self.session = self.scene.open_as("anna").session
        self.put(RESULT)
        self.scene.ledger.events.clear()

    def put(self, result: bytes) -> None:
        for worker in self.scene.workers.values():
            worker.results[ITEM] = result

    def be(self, unfit: events.Unfit | None) -> None:
        """The worker finds all results like that from now on."""
        for worker in self.scene.workers.values():
            worker.unfit = unfit

    def request(self, sha256: str = HASH, item: int = ITEM, session: str | None = None) -> str:
        handle = self.scene.handles[session or self.session]
        wanted = broker_api.RequestRelease(handle, item, sha256)
        stands = self.scene.call_as(KIOSK, "RequestRelease", wanted)
        assert isinstance(stands, broker_api.ReleaseStands)
        return stands.release

    def approve(self, release: str, user: str = "ruth", sha256: str = HASH) -> int:
        """Approve it, by a token that is plugged in for that."""
        self.scene.tokens.add("hidraw1")
        try:
            wanted = broker_api.ApproveRelease(release, user, PIN, sha256)
            answer = self.scene.call_as(KIOSK, "ApproveRelease", wanted)
        finally:
            self.scene.tokens.discard("hidraw1")
        assert isinstance(answer, broker_api.Released)
        return answer.number

    def refusal_of(self, release: str, user: str = "ruth", sha256: str = HASH) -> str:
        """Why it was not approved; nothing must have left."""
        before = dict(self.scene.releaser.taken)
        try:
            self.approve(release, user, sha256)
        except CallError as refused:
            assert self.scene.releaser.taken == before
            reason = getattr(refused.parameters, "reason", "")
            return f"{refused.error.rpartition('.')[2]} {reason}".rstrip()
        raise AssertionError("it was approved")

    def logged(self) -> list[events.AnyEvent]:
        """What the ledger has of releases."""
        return [one for one in self.scene.ledger.events if type(one).__name__.startswith("Rel")]
