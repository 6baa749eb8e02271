"""An auditor and an administrator at a training machine, in a process of its own.

    python -m tests.kiosk.looks

Fails with an assertion.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_QUICK_BACKEND"] = "software"

from PySide6.QtGui import QGuiApplication

from appliance.audit.entries import events
from appliance.kiosk.visit.state import Screen as Place
from appliance.kiosk.window import Screen
from tests.kiosk.person import Person
from tests.kiosk.visit import Visit

if TYPE_CHECKING:
    from tests.kiosk.machine import Running

AUDITOR, ADMINISTRATOR = "emil", "nora"


def main() -> int:
    """Returns 0."""
    # Not for the tour, which does without what only tests need.
    from tests.kiosk.machine import machine

    application = QGuiApplication(["kiosk"])
    with machine() as running:
        running.open().close()  # a session, so that there is something to see
        running.token("Pull", "anna")
        screen = Screen(application, running.broker, running.disc, running.training)
        visit = Visit(screen, Person(screen.window))
        visit.until_value("training", "tokens")
        audit(visit)
        administer(visit)
        _check_ledger(running)
        screen.close()
    return 0


def _log_in(visit: Visit, user: str, place: Place) -> None:
    visit.person.touch(f"token-{user}")
    visit.until_on(Place.LOGIN)
    visit.until_value("login", "people")
    visit.person.touch(f"person-{user}")
    visit.enter_pin()
    visit.touch_token()
    visit.until_on(place)


def audit(visit: Visit) -> None:
    """Check, look at a session, try to export; then the token is pulled."""
    person = visit.person
    _log_in(visit, AUDITOR, Place.AUDIT)
    person.touch("next")
    visit.until_value("audit", "verdict")
    assert visit.value("audit", "verdict") == "sound"
    visit.seen("audit")
    person.touch("part-sessions")
    visit.until_value("audit_sessions", "rows")
    rows = visit.screen.models["audit_sessions"].values()["rows"]
    assert (rows[0]["reason"], rows[0]["training"]) == ("user", True)
    visit.seen("audit-sessions")
    person.touch(f"session-{rows[0]['session']}")
    visit.until_on(Place.AUDIT_SESSION)
    visit.until_value("audit_entries", "lines")
    visit.seen("audit-session")
    person.touch("export-session")
    visit.until_on(Place.AUDIT_EXPORT)
    person.touch("next")
    visit.until_value("place", "refusal")
    assert visit.value("place", "refusal") == "not-exported-training"
    visit.seen("audit-export")
    person.touch("dismiss")
    person.touch("part-refusals")
    visit.until_on(Place.AUDIT_REFUSALS)
    visit.seen("audit-refusals")
    person.touch(f"token-{AUDITOR}")
    visit.until_on(Place.WELCOME)
    assert visit.value("place", "refusal") == "view-over"
    assert not visit.value("audit_sessions", "rows")
    assert not visit.value("audit", "fingerprint")


def administer(visit: Visit) -> None:
    """Look at each part; then lock."""
    person = visit.person
    _log_in(visit, ADMINISTRATOR, Place.MACHINE)
    assert visit.value("machine", "places")
    visit.seen("machine")
    person.touch("part-storage")
    visit.until_on(Place.MACHINE_STORAGE)
    visit.seen("machine-storage")
    person.touch("part-people")
    visit.until_on(Place.MACHINE_PEOPLE)
    visit.seen("machine-people")
    assert person.sees("lock")
    person.touch("lock")
    visit.until_on(Place.LOGIN)  # the token is still plugged in
    assert not visit.value("machine", "people")
    assert not visit.value("place", "locked")


def _check_ledger(running: Running) -> None:
    kinds = [type(event) for event in running.events()]
    assert kinds.count(events.AuditViewed) == 1
    assert kinds.count(events.MachineViewed) == 1


if __name__ == "__main__":
    sys.exit(main())
