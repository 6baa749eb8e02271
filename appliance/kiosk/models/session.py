"""The session: opened, watched, locked, reopened, ended. All other view models work within it."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from appliance.kiosk.calls.caller import Caller
from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import each_of, of_broker, of_worker
from appliance.kiosk.models.bar import Bar
from appliance.kiosk.models.login import Login, Task
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.views import OVER, Views
from appliance.kiosk.visit.state import Screen, Step
from appliance.kiosk.visit.visit import Visit
from appliance.protocols import broker_api, worker_api
from appliance.wire.message import Empty

_PSEUDONYM = 8  # characters that the screen shows of one
_NAME = broker_api.NAME


class SessionState(msgspec.Struct, frozen=True):
    """``lost``: a service is gone, and the screen says so until it is back.

    ``ending``: the wipe is under way; ``worker_ended``: as the broker says meanwhile.
    ``project``: which is worked on, or nothing.
    """

    lost: bool = False
    ending: bool = False
    worker_ended: bool = False
    clean: bool = False
    before: int = 0
    after: int = 0
    ms: int = 0
    session: str = ""
    proof: str = ""
    project: str = ""


class Session(Model[SessionState]):
    """``begin`` is called when a session was opened, and nothing of an earlier one may be there.

    ``forget`` when what a person sees has to go, ``resume`` when it may come back.
    """

    def __init__(
        self,
        shared: Shared,
        bar: Bar,
        begin: Callable[[], None],
        forget: Callable[[], None],
        resume: Callable[[], None],
        *,
        views: Views,
    ) -> None:
        super().__init__(SessionState())
        self._shared = shared
        self._bar = bar
        self._begin_visit = begin
        self._forget = forget
        self._resume = resume
        self.login = Login(shared, self._open, self._reopen)
        self._ends_at = 0.0
        self._unheard = False
        self._has_token = False
        self._reopening = False
        self._appliance: Caller | None = None
        self._status: Caller | None = None
        self._views = views
        views.report_to(self._leave_view)

    @property
    def is_used(self) -> bool:
        """Whether somebody works or looks here, or has not left yet."""
        first = self._shared.place.state.screen in (Screen.WELCOME, Screen.LOGIN)
        return not first or bool(self._shared.visit.handle)

    def watch(self) -> None:
        """Follow what the broker says of the machine, for as long as the screen is there."""
        if self._appliance is not None:
            self._appliance.close()
        self._appliance = caller = self._shared.services.caller(self._shared.services.broker)
        call = each_of(f"{_NAME}.Appliance", Empty(), broker_api.Appliance)
        ended = Refusal("service-gone")
        caller.follow(call, self._show_appliance, lambda: self._lose(ended), self._lose)

    def close(self) -> None:
        """Hang up."""
        for caller in (self._appliance, self._status):
            if caller is not None:
                caller.close()

    def pass_time(self) -> None:
        """Called once in a while: show how much time is left."""
        if self._shared.visit.handle:
            left = max(0.0, self._ends_at - time.monotonic())
            self._bar.show(minutes=round(left / 60))
        self._views.pass_time()

    def look_again(self) -> None:
        """Called each second: ask again what did not answer."""
        if self.state.lost:
            self.watch()
        if self._unheard:
            self._follow_status()

    def touch(self) -> None:
        """A person uses the screen: the idle time starts again."""
        self._views.touch()
        visit = self._shared.visit
        if visit.handle and not self._shared.place.state.locked:
            self._shared.urgent.ask(
                of_broker("Touch", broker_api.SessionRef(visit.handle), Empty),
                lambda _: None,
                lambda _: None,
            )

    @action
    def lock(self) -> None:
        """Lock at once; the page is covered before the broker has answered.

        Who looks, and has no session, is out at once.
        """
        if self._views.is_there:
            self.leave()
            return
        handle = self._shared.visit.handle
        if not handle or self.state.ending:
            return
        self._cover()
        self._shared.urgent.ask(
            of_broker("Lock", broker_api.SessionRef(handle), Empty),
            lambda _: None,
            self._shared.refuse,
        )

    @action
    def end(self) -> None:
        """End the session: all of it is wiped."""
        handle = self._shared.visit.handle
        if not handle or self.state.ending:
            return
        self._shared.hang_up()
        self._forget()
        self._shared.place.go(Step.END)
        self._shared.pictures.clear()
        self.show(ending=True, worker_ended=False)
        self._shared.urgent.ask(
            of_broker("Close", broker_api.SessionRef(handle), broker_api.Closed),
            self._ended,
            self._not_ended,
        )

    @action
    def park(self) -> None:
        """Leave the project: its workspace is kept for another day."""
        visit = self._shared.visit
        if not visit.handle or visit.project is None:
            return
        self._shared.broker.ask(
            of_broker("Leave", broker_api.SessionRef(visit.handle), Empty),
            lambda _: self.leave(),
            self._shared.refuse,
        )

    @action
    def leave(self) -> None:
        """The certificate was seen, or there is nothing to see: the next person may come."""
        self._start_over()
        self._shared.place.go(Step.LEAVE)
        self._shared.place.show(locked=False)
        self._welcome()

    # Opening.

    def _open(self, user: str, pin: str, task: Task, project: str | None) -> None:
        if task != "work":
            self._views.enter(task, user, pin, self.login)
            return

        def opened(answer: broker_api.Opened) -> None:
            self._begin_visit()
            self._shared.visit = Visit(
                session=answer.session, handle=answer.handle, user=user, project=project
            )
            self.show(session=answer.session, proof="", ending=False, project=project or "")
            self._begin(answer.handle)
            self._shared.place.go(Step.OPENED if project is None else Step.OPENED_PROJECT)

        wanted = broker_api.Open(user, pin, project)
        self._shared.broker.ask(
            of_broker("Open", wanted, broker_api.Opened), opened, self.login.refused
        )

    def _reopen(self, pin: str) -> None:
        visit = self._shared.visit
        self._reopening = True

        def opened(answer: broker_api.Opened) -> None:
            self._reopening = False
            self._begin(answer.handle)
            self._shared.place.show(locked=False)
            self._shared.place.dismiss()
            self._resume()

        def refused(why: Refusal) -> None:
            self._reopening = False
            if why.code == "no-such-session":
                self._over(why)
            else:
                self.login.refused(why)

        wanted = broker_api.Reopen(visit.session, visit.user, pin)
        self._shared.urgent.ask(of_broker("Reopen", wanted, broker_api.Opened), opened, refused)

    def _begin(self, handle: str) -> None:
        self.login.forget()
        self._shared.connect(handle)
        self._follow_status()
        self._shared.worker.ask(
            of_worker("Handles", Empty(), worker_api.Handles),
            lambda handles: self._bar.show(engine=self._engine_of(handles)),
            self._shared.refuse,
        )
        self.measure_space()

    def _follow_status(self) -> None:
        self._follow_no_longer()
        handle = broker_api.SessionRef(self._shared.visit.handle)
        self._status = self._shared.services.caller(self._shared.services.broker)
        call = each_of(f"{_NAME}.Status", handle, broker_api.Status)
        self._status.follow(call, self._show_status, self._not_heard, self._not_heard_for)

    def _engine_of(self, handles: worker_api.Handles) -> str:
        """What draws at first: in a project that is the engine of swaps."""
        return handles.engine if self._shared.visit.project is None else "mesh"

    def measure_space(self) -> None:
        """Ask how full the workspace is."""
        self._shared.worker.ask(
            of_worker("Space", Empty(), worker_api.Space),
            lambda space: self._bar.show(free_percent=100 * space.free // max(1, space.size)),
            lambda _: None,
        )

    # What the broker says.

    def _show_appliance(self, now: broker_api.Appliance) -> None:
        self.show(lost=False)
        self._bar.show(training=now.training)
        self._bar.show_network(now.network)
        self._has_token = now.tokens > 0
        self._views.count_tokens(now.tokens)
        self._welcome()

    def _welcome(self) -> None:
        """Where nobody works: ask who it is once a token is there."""
        place = self._shared.place
        if self._has_token and place.state.screen in (Screen.WELCOME, Screen.LOGIN):
            self.login.load()
            if place.state.screen is Screen.WELCOME:
                place.go(Step.INSERTED)
        elif not self._has_token and place.state.screen is Screen.LOGIN:
            is_over = place.state.refusal == OVER.code
            self.login.forget()
            place.go(Step.PULLED)
            if is_over:  # said a moment ago, and the token that was pulled is why
                place.refuse(OVER)

    def _show_status(self, now: broker_api.Status) -> None:
        if self.state.ending:
            self.show(worker_ended=not now.worker)
            return
        visit = self._shared.visit
        visit.subject = now.subject
        self._ends_at = time.monotonic() + now.ends_in
        self._bar.show(
            who=now.subject[:_PSEUDONYM],
            role=now.roles[0] if now.roles else "",
            minutes=round(now.ends_in / 60),
        )
        self._bar.show_network(now.network)
        if now.state == "locked":
            self._cover()
        elif now.state == "parked":
            self.leave()
        elif now.state in ("wiping", "wiped", "wipe-failed"):
            self._over(Refusal("session-over"))

    def _cover(self) -> None:
        """Nothing of the visit is in the scene from here on."""
        if self._shared.place.state.locked or not self._shared.visit.handle:
            return
        # All of it before the next frame. The screen that goes is emptied while it is still whole:
        # one that is being taken down cannot follow its values.
        self._shared.disconnect()
        self._forget()
        self._shared.pictures.clear()
        self._shared.place.show(locked=True, refusal="", wait=0)
        self.login.ask_for(self._shared.visit.user)

    def _not_heard(self) -> None:
        """What follows the session ended without a reason."""
        self._not_heard_for(Refusal("service-gone"))

    def _not_heard_for(self, why: Refusal) -> None:
        """Nothing can be heard of the session: it is over, or nobody knows what may be shown."""
        if self._reopening and self._shared.visit.handle:
            self._unheard = True  # the handle is void by the login that is under way, perhaps
        elif why.code == "no-such-session":
            self._over(why)
        elif self._shared.visit.handle and not self.state.ending:
            self._cover()
            self._shared.refuse(why)
            self._unheard = True

    def _over(self, why: Refusal) -> None:
        """The session has ended without this screen."""
        if self.state.ending or not self._shared.visit.handle:
            return
        self._start_over()
        self._shared.place.show(screen=Screen.WELCOME, locked=False)
        self._welcome()
        self._shared.refuse(Refusal("session-over") if why.code == "no-such-session" else why)

    def _leave_view(self, why: Refusal) -> None:
        """Who looked is gone."""
        if self._views.is_there:
            self.leave()
            self._shared.refuse(why)

    def _lose(self, why: Refusal) -> None:
        self.show(lost=True)
        self._bar.show_network(None)

    def _ended(self, answer: broker_api.Closed) -> None:
        erasure = answer.erasure
        self.show(
            ending=False,
            clean=erasure.clean,
            before=erasure.before,
            after=erasure.after,
            ms=erasure.ms,
            proof=_code_of(answer.proof),
        )
        self._follow_no_longer()
        self._shared.visit = Visit()
        self._bar.forget()
        self._shared.place.go(Step.WIPED)

    def _not_ended(self, why: Refusal) -> None:
        self.show(ending=False)
        if why.code == "no-such-session":  # it ended, and only the answer was lost
            self._over(why)
        else:
            self._shared.refuse(why)

    def _start_over(self) -> None:
        self._shared.hang_up()
        self._follow_no_longer()
        self._shared.pictures.clear()
        self._forget()
        self._shared.visit = Visit()
        self._bar.forget()
        self.login.forget()
        self.show(ending=False, session="", proof="", project="")

    def _follow_no_longer(self) -> None:
        """Do not hear how the session is any more."""
        self._unheard = False
        if self._status is not None:
            self._status.close()
            self._status = None


def _code_of(proof: str | None) -> str:
    """A QR code with the proof: lines of 0 and 1; nothing if there is none."""
    if not proof:
        return ""
    import segno  # noqa: PLC0415 - loaded at the first frame, see ``loading.load_ahead``

    # Bytes: for text segno would look for a codec, which cannot be loaded after the seal.
    code = segno.make(proof.encode(), micro=False)
    return "\n".join("".join(map(str, row)) for row in code.matrix)
