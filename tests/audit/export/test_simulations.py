"""An auditor reads what was simulated in words, with the photo, the import and the result."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest

from appliance.audit.entries import canonical, events
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.fhir import audit_event
from appliance.audit.export.report import html_report
from appliance.audit.export.simulations import in_words, summarise_simulations
from appliance.audit.export.table import csv_table
from appliance.audit.verification.verify import Verification
from appliance.pipeline.simulation.handles import HANDLES
from tests.audit.synthetic import SESSION

PHOTO, RESULT, PACK, ITEM = "a1" * 32, "b2" * 32, "c3" * 32, "d4" * 16
DONE: tuple[AnyEvent, ...] = (
    events.MediaImported(SESSION, ITEM, "target", "photo", 4_096, "folder", "e5" * 16),
    events.JobStarted(SESSION, 1, "simulation", "photo", PACK),
    events.SimulationApplied(SESSION, 1, PHOTO, ITEM),
    events.HandleMoved(SESSION, 1, "tip-rotation", 6_000),
    events.HandleMoved(SESSION, 1, "alar-width", -1_500, "least"),
    events.PointsPlaced(SESSION, 1, 14, "not-found"),
    events.DragsApplied(SESSION, 1, 3, 4_250),
    events.RegionChanged(SESSION, 1, "line", 140, 100),
    events.JobFinished(SESSION, 1, RESULT, 1, 1, 690),
)
WORDS = [
    "tip-rotation +6°",
    "alar-width -1.5 mm (the least to be expected)",
    "14 points set by hand; the network found no face",
    "3 places dragged by hand, by 4.25 mm at most",
    "a region of 140 mm² got its fine structure from the other half of the face",
]


def lines(*logged: AnyEvent) -> list[LogLine]:
    entries = [
        Entry(1_795_532_360_443 + seq, "01234567", "worker", event, 1_906_336, seq)
        for seq, event in enumerate(logged)
    ]
    return [LogLine(entry, canonical.encode(entry)) for entry in entries]


def page(*logged: AnyEvent) -> str:
    return html_report(lines(*logged), Verification("test.example/log", 1, "", 1, 0, 0, 0, ()), "k")


def test_a_simulation_names_photo_import_and_result() -> None:
    (found,) = summarise_simulations(lines(*DONE))
    assert (found.photo, found.item, found.result) == (PHOTO, ITEM, RESULT)
    assert found.words == WORDS


def test_jobs_and_sessions_are_kept_apart() -> None:
    other = "f" * 16
    both = summarise_simulations(
        lines(
            events.SimulationApplied(SESSION, 1, PHOTO),
            events.SimulationApplied(other, 1, RESULT),
            events.HandleMoved(other, 1, "cheek", 1_000),
            events.HandleMoved(SESSION, 2, "hump", 1_000),
            events.JobFinished(SESSION, 1, RESULT, 1, 1, 9),
        )
    )
    assert [(one.session, one.words, one.result) for one in both] == [
        (SESSION, [], RESULT),
        (other, ["cheek +1 mm"], ""),
    ]


def test_the_report_and_the_table_have_the_words() -> None:
    text = page(*DONE)
    assert "<h2>Simulations</h2>" in text
    assert "; ".join(WORDS) in text
    rows = csv.DictReader(io.StringIO(csv_table(lines(*DONE)).decode()))
    assert [row["in_words"] for row in rows if row["in_words"]] == [
        "the photo was changed without a source",
        *WORDS,
    ]
    assert "<h2>Simulations</h2>" not in page(DONE[0])
    resource = msgspec.json.decode(audit_event(lines(DONE[3])[0], "test.example/log"))
    (entity,) = resource["entity"]
    assert {"type": "in_words", "valueString": WORDS[0]} in entity["detail"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            events.SimulationRefused(SESSION, 1, "handle", "policy", "hump", 2_500),
            "hump +2.5 mm: refused, not allowed by the site's policy",
        ),
        (
            events.SimulationRefused(SESSION, 1, "handle", "bounds", "symmetry", 120_000),
            "symmetry +120 %: refused, beyond its bounds",
        ),
        (
            events.SimulationRefused(SESSION, 1, "drag", "policy", None, 5_000),
            "a drag +5 mm: refused, not allowed by the site's policy",
        ),
        (
            events.SimulationRefused(SESSION, 1, "region", "policy"),
            "a region drawn by hand: refused, not allowed by the site's policy",
        ),
    ],
)
def test_a_refusal_is_among_the_alarms_in_words(
    event: events.SimulationRefused, words: str
) -> None:
    assert in_words(event) == words
    assert page(event).count("Simulation refused") == 2  # among the alarms, and among all


def test_units_are_those_of_the_handles() -> None:
    signs = {"mm": " mm", "deg": "°", "%": " %"}
    for handle in HANDLES.values():
        words = in_words(events.HandleMoved(SESSION, 1, handle.name, 1_000))  # type: ignore[arg-type]
        assert words == f"{handle.name} +1{signs[handle.unit]}"
