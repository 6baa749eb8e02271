"""An administrator logs in to see how the machine is: nothing of what people do on it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from appliance.audit.entries import events
from appliance.diagnostics.machine_status import read_status
from appliance.policy.policy import Policy
from appliance.protocols import broker_api
from appliance.protocols.machine_view import Health, Person, Space
from appliance.session import login
from appliance.session.admission import Admission
from appliance.session.environment import Environment
from appliance.session.ledger_connection import Record
from appliance.session.settings import Settings
from appliance.session.slots import Slots
from appliance.version import version
from appliance.wire.service import Answer, Request

_MOST_PEOPLE = 64  # so that the answer stays below the limit of a message
_VERSION = version()


class MachineDesk:
    """The method of the broker that is about the machine. For several threads."""

    def __init__(
        self,
        settings: Settings,
        ledger: Record,
        environment: Environment,
        admission: Admission,
        slots: Slots,
        *,
        tokens_of_others: Callable[[str], frozenset[str]],
    ) -> None:
        """``tokens_of_others``: those that are known to be of others than a user."""
        self._settings = settings
        self._ledger = ledger
        self._environment = environment
        self._admission = admission
        self._slots = slots
        self._tokens_of_others = tokens_of_others

    def show(self, request: Request[broker_api.LogIn]) -> Answer:
        """What there is to see, to who may administer the machine; once for each login."""
        wanted = request.parameters
        others = self._tokens_of_others(wanted.user)
        admitted = self._admission.log_in(wanted.user, wanted.pin, others, act="administer")
        self._ledger.append(events.MachineViewed(admitted.subject))
        return Answer(self._seen())

    def _seen(self) -> broker_api.Machine:
        policy = self._settings.policy
        status = read_status(self._environment.status)
        now = time.time_ns() // 1_000_000
        health = None
        if status is not None:
            health = Health(status.at, status.is_old(now), status.ok, status.left_off)
        return broker_api.Machine(
            slots=[
                broker_api.SessionStatus(one.slot, None, one.state.value, one.has_worker)
                for one in self._slots.all()
            ],
            places=policy.workspace.slots,
            policy=policy.digest,
            own=list(keys_of_its_own(policy)),
            space=list(_space(self._environment.storage)),
            people=self._people(),
            health=health,
            checks=status.checks if status else [],
            packs=status.packs if status else [],
            version=_VERSION,
        )

    def _people(self) -> list[Person]:
        roles, registered = self._admission.roles, self._environment.registered
        known = sorted(roles.named() | login.names(registered))
        return [
            Person(name, sorted(roles.of(name)), login.tokens_of(name, registered))
            for name in known[:_MOST_PEOPLE]
        ]


def keys_of_its_own(policy: Policy) -> Iterator[str]:
    """The dotted names of the keys that have another value than the default."""
    return _different("", msgspec.to_builtins(policy), msgspec.to_builtins(Policy()))


def _different(above: str, own: Mapping[str, Any], default: Mapping[str, Any]) -> Iterator[str]:
    for key, value in own.items():
        other = default.get(key)
        if isinstance(value, dict) and isinstance(other, dict) and other:
            yield from _different(f"{above}{key}.", value, other)
        elif value != other:
            yield f"{above}{key}"


def _space(folders: Mapping[Any, Path]) -> Iterator[Space]:
    for name, folder in folders.items():
        try:
            found = os.statvfs(folder)
        except OSError:
            continue  # of memory there is none
        yield Space(name, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
