"""Logging in, and in again: whose token it is, the PIN, and the touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import of_broker
from appliance.kiosk.models.model import action
from appliance.kiosk.models.pin import PinModel, PinState
from appliance.kiosk.models.shared import Shared
from appliance.protocols import broker_api
from appliance.wire.message import Empty

Task = Literal["work", "audit", "administer"]
_TASKS: tuple[Task, ...] = get_args(Task)


class Person(msgspec.Struct, frozen=True):
    """One to choose. ``tasks``: what the person may do at this machine."""

    name: str
    roles: list[str]
    tasks: list[Task]
    projects: list[str]


class LoginState(PinState, frozen=True):
    """Who may be chosen, and who was. ``task``: what the person is here for."""

    people: list[Person] = msgspec.field(default_factory=list)
    user: str = ""
    task: Task = "work"
    project: str = ""


class Login(PinModel[LoginState]):
    """``open_as`` gets user, PIN, task and project once a PIN was entered."""

    def __init__(
        self,
        shared: Shared,
        open_as: Callable[[str, str, Task, str | None], None],
        reopen: Callable[[str], None],
    ) -> None:
        super().__init__(LoginState())
        self._shared = shared
        self._open_as = open_as
        self._reopen = reopen

    def load(self) -> None:
        """Ask who is registered."""
        self._shared.broker.ask(
            of_broker("Users", Empty(), broker_api.Users), self._offer, self._shared.refuse
        )

    def forget(self) -> None:
        """Drop the PIN, and who was chosen."""
        self.drop_pin()
        self.show(user="", project="", task="work", phase="choose", count=0)

    def ask_again(self) -> None:
        """The PIN was refused, or is needed again: of the same person."""
        self.drop_pin()
        self.show(phase="pin" if self.state.user else "choose", count=0)

    def ask_for(self, user: str) -> None:
        """Ask for the PIN of ``user``, who opened the session."""
        self.drop_pin()
        self.show(user=user, phase="pin", count=0)

    @action
    def choose(self, name: str) -> None:
        """The person is who is called ``name``."""
        for person in self.state.people:
            if person.name == name:
                self.drop_pin()
                task = person.tasks[0] if person.tasks else "work"
                project = person.projects[0] if person.projects else ""
                self.show(user=name, task=task, project=project, phase="pin", count=0)

    @action
    def choose_task(self, task: Task) -> None:
        """What the person is here for."""
        self.show(task=task)

    @action
    def choose_project(self, project: str) -> None:
        """Which project the person works on."""
        self.show(project=project)

    @action
    def back(self) -> None:
        """It is another person."""
        self.forget()

    @action
    def enter(self) -> None:
        """The PIN is complete: the token has to be touched now."""
        pin = self.take_pin()
        if not pin:
            return
        self._shared.place.dismiss()
        self.show(phase="touch", count=0)
        state = self.state
        if self._shared.place.state.locked:
            self._reopen(pin)
        else:
            self._open_as(state.user, pin, state.task, state.project or None)

    def _offer(self, users: broker_api.Users) -> None:
        self.show(
            people=[
                Person(
                    one.name, one.roles, [task for task in _TASKS if task in one.may], one.projects
                )
                for one in users.users
            ]
        )

    def refused(self, refusal: Refusal) -> None:
        """Say why, and ask for the PIN again."""
        self._shared.refuse(refusal)
        self.ask_again()
