"""Every word that a screen may need is there in both languages, and can be drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from PySide6.QtGui import QRawFont

from appliance.audit.entries.fields import ClosingReason
from appliance.audit.verification import verify
from appliance.kiosk.models import (
    agreement,
    audit_export,
    compare,
    face,
    hand,
    login,
    request,
    swap,
)
from appliance.kiosk.visit import work
from appliance.kiosk.visit.state import Screen
from appliance.kiosk.words.catalogue import LANGUAGES, words
from appliance.pipeline.series import record
from appliance.pipeline.series.views import View
from appliance.pipeline.simulation import honesty
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.points import NAMED
from appliance.policy.policy import Role
from appliance.protocols import auditor_api, disc_api, machine_view, worker_api
from appliance.release.watermark.mark import SMALLEST_SIDE, WIDEST
from appliance.session.state import State
from tests.kiosk import codes, sources

FONTS = sorted((Path(str(files("appliance.kiosk"))) / "fonts").glob("*.otf"))


def field(kind: Any, name: str) -> set[str]:
    """The strings that a field may hold."""
    return codes.literals(get_type_hints(kind)[name])


def steps() -> list[str]:
    """The screens of a visit and of a project, as the line of steps names them."""
    found = re.findall(r"Screens: \[([^]]*)\]", dict(sources.texts())["controls/Steps.qml"])
    assert len(found) == 2
    return [one.lower() for line in found for one in re.findall(r'"(\w+)"', line)]


# The values that follow each beginning of a word that QML puts together.
ENDS: Mapping[str, Iterable[str]] = {
    "agreement_": agreement.SENTENCES,
    "audit_counter_": field(auditor_api.Report, "counter"),
    "audit_outside_": field(auditor_api.Report, "outside"),
    "cause_": (*record.FLAWS, *record.REMARKS),
    "change_": record.FLAWS,
    "changes_": field(compare.CompareState, "shows"),
    "check_": codes.groups_of_the_doctor(),
    "code_": codes.of_entries(),
    "compare_": codes.literals(compare.Mode),
    "compare_after_": field(compare.CompareState, "shows"),
    "consents_": ("sources", "target", "likeness"),
    "decision_pin_": field(request.RequestState, "purpose"),
    "disc_": field(disc_api.File, "refusal"),
    "end_": codes.literals(ClosingReason),
    "ending_": ("worker", "key", "storage", "search", "ledger"),
    "event_": codes.kinds_of_entries(),
    "export_": codes.literals(audit_export.What),
    "export_note_": codes.literals(audit_export.What),
    "face_name_": field(face.Box, "name"),
    "face_nudge_": ("left", "right", "up", "down"),
    "field_": codes.numbers_of_entries(),
    "finding_": codes.literals(verify.Problem),
    "hand_": codes.literals(hand.Tool),
    "hand_mode_": codes.literals(hand.Mode),
    "hand_note_": codes.literals(hand.Mode),
    "handle_": HANDLES,
    "hint_": codes.groups_of_the_doctor(),
    "landmark_": NAMED,
    "persons_": (*codes.literals(work.Choice), "all-more", "like-more"),
    "point_": record.PointName,
    "reason_": codes.literals(request.Reason),
    "refused_": codes.of_services() | codes.of_the_kiosk(),
    "region_": {one.region for one in HANDLES.values()} | {*swap.REGIONS},
    "request_": ("ask", "decide", "burn"),
    "results_": ("before", "after"),
    "role_": codes.literals(Role),
    "slot_": [one.value for one in State],
    "space_": codes.literals(machine_view.SpaceName),
    "steps_": steps(),
    "swap_": field(swap.SwapState, "panel"),
    "task_": codes.literals(login.Task),
    "unit_": field(worker_api.Handle, "unit"),
    "view_": [one.value for one in View],
    "wiped_": codes.literals(auditor_api.Wiped),
    "why_not_": codes.literals(honesty.Code),
}


def made() -> set[str]:
    """All words that QML may put together."""
    return {beginning + end.replace("-", "_") for beginning, ends in ENDS.items() for end in ends}


def test_each_beginning_is_listed_and_used() -> None:
    assert sources.beginnings().keys() == ENDS.keys()


def test_both_languages_have_the_same_names_and_placeholders() -> None:
    first, second = (words(language) for language in LANGUAGES)
    assert first.keys() == second.keys()
    for name in first:
        assert placeholders(first[name]) == placeholders(second[name]), name


def test_every_word_that_a_screen_names_is_there() -> None:
    assert {*sources.words(), *made()} <= words("en").keys()


def test_every_word_is_used() -> None:
    assert words("en").keys() == {*sources.words(), *made(), "refused_other"}


def test_no_word_has_more_or_less_placeholders_than_are_filled_in() -> None:
    for name, count in sources.words().items():
        assert len(placeholders(words("en")[name])) == count, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_asks_for_what_cannot_leave_reads_the_least_size(language: str) -> None:
    found = words(language)
    assert re.findall(r"\d+", found["refused_release_picture_too_small"]) == [str(SMALLEST_SIDE)]
    assert re.findall(r"\d+", found["refused_release_picture_too_narrow"]) == [str(WIDEST)]


def test_no_word_is_empty_or_has_spaces_around_it() -> None:
    for language in LANGUAGES:
        for name, text in words(language).items():
            assert text, name
            assert text == text.strip(), name


def test_chinese_is_chinese_and_english_is_english() -> None:
    han = re.compile(r"[一-鿿]")
    for name, text in words("zh").items():
        if re.search(r"[A-Za-z]{4}", text) and name != "bar_other_language":
            assert han.search(text), name
    for name, text in words("en").items():
        assert not han.search(text) or name == "bar_other_language", name


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize("font", FONTS, ids=lambda path: path.stem)
def test_both_fonts_have_every_character(font: Path) -> None:
    raw = QRawFont(str(font), 20.0)
    needed = {one for language in LANGUAGES for text in words(language).values() for one in text}
    needed |= {one for text in sources.strings() for one in text}
    needed |= {chr(code) for code in range(0x20, 0x7F)}  # names of people, projects and files
    lacking = {one for one in needed if not raw.supportsCharacter(ord(one))}
    assert not lacking
    assert not raw.supportsCharacter(0x0F00), "a control: this font has no Tibetan"


def placeholders(text: str) -> list[str]:
    """``%1`` and so on, in their order of numbers."""
    return sorted(re.findall(r"%\d", text))


def test_the_line_of_steps_has_screens() -> None:
    assert {*steps()} <= {one.lower() for one in Screen}
