"""Every screen as it may look, from fixed values. Nobody in them exists; no picture is a photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import segno

from appliance.kiosk.models.changes import Knob
from appliance.kiosk.models.face import Box, Dot
from appliance.kiosk.models.hand import Spot, Stroke
from appliance.kiosk.models.login import Person
from appliance.kiosk.models.series import Cause, Entry, Point, Shot
from appliance.kiosk.models.training import SoftwareToken
from appliance.kiosk.models.variants import Kept, Value
from appliance.kiosk.visit.state import Screen
from appliance.pipeline.simulation.handles import HANDLES
from tests.kiosk import looked_at, swapped
from tests.kiosk.drawn_head import head
from tests.kiosk.stage import Stage

_PEOPLE = [
    Person("anna", ["clinician"], ["work"], []),
    Person("ruth", ["approver"], [], []),
    Person("otto", ["auditor", "administrator"], ["audit", "administer"], []),
    Person("guest-of-the-house-with-a-long-name", [], ["work"], ["north", "south"]),
]
_REGIONS = ["nose", "jaw", "lips", "brows", "eyes", "cheeks", "face"]
_UNITS = {"mm": "mm", "deg": "degrees", "%": "percent"}
_WHY_NOT = {"radix": "turned", "alar-width": "points", "lip-height": "mouth-open"}


@dataclass(frozen=True, slots=True)
class Scene:
    """``fill`` puts values in, once the screen is there. ``who``: whether somebody is logged in."""

    name: str
    place: Screen
    fill: Callable[[Stage], None] = lambda _: None
    who: bool = True
    training: bool = False


def play(stage: Stage, scene: Scene, language: str) -> None:
    """Have the scene shown in a language."""
    stage.reset("zh" if language == "zh" else "en")
    stage.model("training").show(available=scene.training)
    if scene.training:
        _train(stage)
    stage.model("bar").show(network="none", training=scene.training)
    if scene.who:
        stage.model("bar").show(
            who="3fa9c21b", role="clinician", engine="simulation", free_percent=97, minutes=471
        )
    stage.show(scene.place)
    scene.fill(stage)
    stage.settle()


def _train(stage: Stage) -> None:
    stage.model("training").show(
        tokens=[
            SoftwareToken("anna", "clinician", True, False),
            SoftwareToken("ruth", "approver", False, False),
            SoftwareToken("otto", "auditor", False, False),
        ],
        pin="1234",
        blinking=True,
    )


def _people(stage: Stage) -> None:
    stage.model("login").show(people=_PEOPLE)


def _pin(user: str, count: int) -> Callable[[Stage], None]:
    def fill(stage: Stage) -> None:
        person = next(one for one in _PEOPLE if one.name == user)
        task = person.tasks[0] if person.tasks else "work"
        stage.model("login").show(
            people=_PEOPLE, user=user, phase="pin", count=count, task=task,
            project=(person.projects or [""])[0],
        )  # fmt: skip

    return fill


def _touch(stage: Stage) -> None:
    stage.model("login").show(people=_PEOPLE, user="anna", phase="touch")


def _reference(stage: Stage) -> None:
    stage.model("consent").show(reference="C-2026-0142")


def _series(stage: Stage) -> None:
    stage.pictures.put("photo-1", head())
    stage.pictures.put("photo-2", head(10))
    stage.model("series").show(
        has_disc=True,
        files=[
            Entry(1, "front.jpg", 820, ""),
            Entry(2, "a-name-that-is-so-long-that-it-cannot-be-shown-whole.jpg", 900, ""),
            Entry(3, "archive.zip", 9000, "packed"),
            Entry(4, "film.mov", 4_000_000, "too-large"),
        ],
        taken=[1],
        failed=[2],
        photos=[
            Shot(1, "photo-1", "front", 6, 7, [Cause("turn-right", "7"), Cause("lit-left", "2.3")]),
            Shot(2, "photo-2", "unknown", 0, 0, []),
        ],
        missing=["oblique-right", "oblique-left", "profile-right", "profile-left", "base", "smile"],
        chosen=1,
    )


def _nine_points(stage: Stage) -> None:
    _series(stage)
    missed = [Cause("turn-right", "7"), Cause("tilt-left", "4")]
    stage.model("series").show(
        looked=1,
        points=[
            Point("position", "missed", missed),
            Point("expression", "met", [Cause("calm", "")]),
            Point("make-up", "person", [Cause("free", "")]),
        ],
    )


def _no_photos(stage: Stage) -> None:
    stage.model("series").show(has_disc=True)


def _faces(stage: Stage) -> None:
    stage.pictures.put("before", head())
    stage.model("face").show(
        boxes=[
            Box(0.23, 0.17, 0.54, 0.6, 1, "largest"),
            Box(0.02, 0.3, 0.15, 0.2, 2, "left"),
        ],
        chosen=1,
    )


def _points(stage: Stage) -> None:
    for name in ("before", "fine"):
        stage.pictures.put(name, head())
    places = {"nasion": Dot(0.5, 0.4), "pronasale": Dot(0.5, 0.55), "pogonion": Dot(0.5, 0.75)}
    stage.model("face").show(
        found=False,
        with_points=True,
        points=list(places),
        places=places,
        point="pronasale",
        can_undo=True,
    )


def _knobs(region: str) -> Callable[[Stage], None]:
    def fill(stage: Stage) -> None:
        stage.pictures.put("before", head())
        stage.pictures.put("after", head(8))
        knobs = [
            Knob(
                one.name,
                _UNITS[one.unit],
                one.low / 2,
                one.high,
                one.low,
                one.high,
                0.5,
                one.region,
                _WHY_NOT.get(one.name, ""),
            )
            for one in HANDLES.values()
        ]
        stage.model("changes").show(
            knobs=knobs,
            regions=_REGIONS,
            region=region,
            wished={"hump": -2.0, "tip-rotation": 4.0},
            least={"hump": -1.0},
            lines=[Stroke(0.5, 0.1, 0.5, 0.9), Stroke(0.2, 0.4, 0.8, 0.4)],
            with_lines=True,
        )

    return fill


def _by_hand(stage: Stage) -> None:
    _knobs("nose")(stage)
    stage.model("hand").show(
        tool="region",
        mode="shape",
        by_shares=True,
        drag_mm=5.0,
        with_regions=True,
        drags=[Stroke(0.4, 0.5, 0.45, 0.5)],
        corners=[Spot(0.3, 0.3), Spot(0.4, 0.3), Spot(0.4, 0.4)],
        outlines=[[Spot(0.6, 0.6), Spot(0.7, 0.6), Spot(0.7, 0.7)]],
        can_undo=True,
        can_enclose=True,
    )


def _compare(mode: str) -> Callable[[Stage], None]:
    def fill(stage: Stage) -> None:
        stage.pictures.put("before", head())
        stage.pictures.put("wished", head(8))
        stage.model("compare").show(mode=mode, has_least=True, mirrored=mode == "sides")

    return fill


def _variants(stage: Stage) -> None:
    kept = []
    for number in range(1, 7):
        stage.pictures.put(f"variant-{number}", head(4 * number))
        values = [Value("hump", -2.0, -1.0), Value("tip-rotation", 4.0, None)]
        kept.append(Kept(number, f"variant-{number}", values, number - 1, 0))
    stage.model("variants").show(kept=kept, chosen=2, full=True)


def _ticks(stage: Stage) -> None:
    stage.pictures.put("agreed", head(8))
    stage.model("agreement").show(ticked=["wish"])


def _asked(stage: Stage) -> None:
    stage.model("request").show(release="ab", minutes=14, sha256="ab" * 32)


def _released(stage: Stage) -> None:
    stage.model("request").show(numbers=[104, 105], burned="ab" * 32, sha256="ab" * 32)


def _deciders(stage: Stage) -> None:
    stage.model("request").show(people=["ruth", "karl"], release="ab")


def _decision_pin(stage: Stage) -> None:
    stage.model("request").show(
        people=["ruth"], release="ab", user="ruth", phase="pin", purpose="approve", count=4
    )


def _look(stage: Stage) -> None:
    stage.pictures.put("look", head(8))
    stage.model("request").show(phase="look", user="ruth", seen=True, sha256="ab" * 32)


def _erased(stage: Stage) -> None:
    rows = segno.make("x" * 100, micro=False).matrix
    stage.model("session").show(
        clean=True,
        before=4,
        ms=812,
        session="0011223344556677",
        proof="\n".join("".join(map(str, row)) for row in rows),
    )


def _refused(code: str, wait: int = 0) -> Callable[[Stage], None]:
    return lambda stage: stage.model("place").show(refusal=code, wait=wait)


def _locked(stage: Stage) -> None:
    stage.model("login").show(user="anna", phase="pin")
    stage.model("place").show(locked=True)


def _lost(stage: Stage) -> None:
    stage.model("session").show(lost=True)
    stage.model("bar").show(network="")


SCENES = (
    Scene("welcome", Screen.WELCOME, who=False),
    Scene("welcome-lost", Screen.WELCOME, _lost, who=False),
    Scene("login", Screen.LOGIN, _people, who=False),
    Scene("login-pin", Screen.LOGIN, _pin("anna", 4), who=False),
    Scene("login-tasks", Screen.LOGIN, _pin("otto", 0), who=False),
    Scene("login-projects", Screen.LOGIN, _pin(_PEOPLE[-1].name, 0), who=False),
    Scene("login-touch", Screen.LOGIN, _touch, who=False, training=True),
    Scene("consent", Screen.CONSENT, _reference),
    Scene("consent-empty", Screen.CONSENT, _refused("failed-output")),
    Scene("series", Screen.SERIES, _series),
    Scene("series-points", Screen.SERIES, _nine_points),
    Scene("series-empty", Screen.SERIES, _no_photos, training=True),
    Scene("face", Screen.FACE, _faces),
    Scene("face-points", Screen.FACE, _points),
    Scene("changes", Screen.CHANGES, _knobs("nose")),
    Scene("changes-training", Screen.CHANGES, _knobs("lips"), training=True),
    Scene("changes-by-hand", Screen.CHANGES, _by_hand, training=True),
    Scene("compare", Screen.COMPARE, _compare("divider")),
    Scene("compare-sides", Screen.COMPARE, _compare("sides")),
    Scene("variants", Screen.VARIANTS, _variants),
    Scene("variants-empty", Screen.VARIANTS),
    Scene("agreement", Screen.AGREEMENT, _ticks),
    Scene("request", Screen.REQUEST, _asked),
    Scene("request-too-small", Screen.REQUEST, _refused("release-picture-too-small")),
    Scene("request-too-narrow", Screen.REQUEST, _refused("release-picture-too-narrow")),
    Scene("request-released", Screen.REQUEST, _released, training=True),
    Scene("decision", Screen.DECISION, _deciders),
    Scene("decision-pin", Screen.DECISION, _decision_pin),
    Scene("decision-look", Screen.DECISION, _look),
    Scene("ending", Screen.ENDING, lambda stage: stage.model("session").show(ending=True)),
    Scene("certificate", Screen.CERTIFICATE, _erased, who=False),
    Scene("audit", Screen.AUDIT, looked_at.auditor),
    Scene("audit-checking", Screen.AUDIT, looked_at.checking),
    Scene("audit-sound", Screen.AUDIT, looked_at.sound),
    Scene("audit-damaged", Screen.AUDIT, looked_at.damaged, training=True),
    Scene("audit-sessions", Screen.AUDIT_SESSIONS, looked_at.sessions),
    Scene("audit-session", Screen.AUDIT_SESSION, looked_at.session),
    Scene("audit-refusals", Screen.AUDIT_REFUSALS, looked_at.refusals, training=True),
    Scene("audit-export", Screen.AUDIT_EXPORT, looked_at.export),
    Scene("audit-burning", Screen.AUDIT_EXPORT, looked_at.burning),
    Scene("machine", Screen.MACHINE, looked_at.checks),
    Scene("machine-passed", Screen.MACHINE, looked_at.all_passed, training=True),
    Scene("machine-unknown", Screen.MACHINE, looked_at.administrator),
    Scene("machine-storage", Screen.MACHINE_STORAGE, looked_at.storage),
    Scene("machine-people", Screen.MACHINE_PEOPLE, looked_at.people),
    Scene("sources", Screen.SOURCES, swapped.taking("sources")),
    Scene("sources-consent", Screen.SOURCES, swapped.taking("sources", typing=True), training=True),
    Scene("target", Screen.TARGET, swapped.taking("target", importing=1)),
    Scene("target-empty", Screen.TARGET, swapped.nothing_taken),
    Scene("persons", Screen.PERSONS, swapped.persons),
    Scene("persons-like", Screen.PERSONS, swapped.like, training=True),
    Scene("likeness", Screen.LIKENESS, swapped.taking("likeness")),
    Scene("swap", Screen.SWAP, swapped.swap),
    Scene("swap-engines", Screen.SWAP, swapped.engines),
    Scene("results", Screen.RESULTS, swapped.results),
    Scene("results-making", Screen.RESULTS, swapped.making, training=True),
    Scene("request-in-a-project", Screen.REQUEST, swapped.in_a_project),
    Scene("refused", Screen.WELCOME, _refused("login-locked-out", 30), who=False),
    Scene("locked", Screen.SERIES, _locked),
)
