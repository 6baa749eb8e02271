"""``appliance accuracy measure`` as a person calls it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from appliance.cli.simulate.accuracy.record import read_record
from appliance.pipeline.simulation.points import PlacedPoints, read_points, written_points
from tests.cli.conftest import CANARY, Call, Outcome
from tests.cli.simulate.test_points import size_of

People = Mapping[str, Path]
INWARDS = 6.0  # pixels by which each wing of the nose moved


@pytest.fixture
def proposed(call: Call, people: People) -> PlacedPoints:
    """Where the network has them on person c."""
    return read_points(call("simulate", "points", people["c"]).out.encode(), size_of(people["c"]))


def shifted(points: PlacedPoints, inwards: float) -> PlacedPoints:
    """As a hand would set them: none where it was proposed, and the wings by so much inwards."""
    by = {"right-alare": inwards, "left-alare": -inwards}
    return PlacedPoints(
        points.size,
        {name: (x + 0.4 + by.get(name, 0), y - 0.3) for name, (x, y) in points.places.items()},
    )


@pytest.fixture
def measure(call: Call, people: People, folder: Path, proposed: PlacedPoints) -> Call:
    """Person c before, and as if operated on: the same photo with the wings set farther in."""

    def measure(*more: str | Path, later: str = "c", points: PlacedPoints | None = None) -> Outcome:
        files = folder / "before.toml", folder / "later.toml"
        files[0].write_bytes(written_points(shifted(proposed, 0)))
        files[1].write_bytes(written_points(points or shifted(proposed, INWARDS)))
        return call(
            *("accuracy", "measure", "--before", people["c"], "--before-points", files[0]),
            *("--later", people[later], "--later-points", files[1]),
            *(more or ("--handle", "alar-width=-1..-3")),
        )

    return measure


@pytest.mark.parametrize("suffix", [".pdf", ".html"])
def test_what_was_achieved_is_measured_recorded_and_shown(
    measure: Call, folder: Path, suffix: str
) -> None:
    record, report = folder / "accuracy.csv", folder / f"page{suffix}"
    words = ("--handle", "alar-width=-1..-3", "--record", record, "--json", "--overwrite")
    outcome = measure(*words, "--report", report)
    assert (outcome.code, outcome.err) == (0, "")
    one = outcome.json["handles"]["alar-width"]
    assert (one["least"], one["wished"], one["unit"]) == (-1, -3, "mm")
    assert -8 < one["achieved"] < -1
    assert 0.5 < one["error"] < 2.5
    assert outcome.json["turned"] < 1
    assert outcome.json["likeness"] > 0.9
    data = report.read_bytes()
    assert len(data) > 20_000
    assert CANARY.encode() not in data
    assert measure(*words).code == 0
    lines = read_record(record.read_bytes())
    assert [line.name for line in lines] == ["alar-width"] * 2


def test_it_is_said_in_words(measure: Call) -> None:
    outcome = measure()
    assert (outcome.code, outcome.err) == (0, "")
    assert "wished -1..-3 mm, achieved -" in outcome.out
    assert "likeness" in outcome.out


def test_points_left_where_they_were_proposed_are_refused(
    measure: Call, proposed: PlacedPoints
) -> None:
    outcome = measure(points=proposed)
    assert outcome.code == 14
    assert "where the network proposed them" in outcome.err


def test_another_person_is_refused(measure: Call, call: Call, people: People) -> None:
    found = call("simulate", "points", people["d"]).out.encode()
    points = shifted(read_points(found, size_of(people["d"])), INWARDS)
    outcome = measure(later="d", points=points)
    assert outcome.code == 13


def test_a_refused_pair_leaves_nothing(measure: Call, folder: Path) -> None:
    record = folder / "accuracy.csv"
    outcome = measure("--handle", "cheek=2", "--record", record)
    assert outcome.code == 14
    assert "no point" in outcome.err
    assert not record.exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--handle", "alar-width=-30"), 14),
        (("--handle", "hump=1", "--handle", "hump=2"), 2),
        (("--handle", "hump=1", "--report", "page.txt"), 7),
        (("--handle", "hump=1", "--report", "page.pdf", "--record", "page.pdf"), 2),
    ],
)
def test_wrong_words_are_refused(measure: Call, words: tuple[str, ...], code: int) -> None:
    assert measure(*words).code == code


def test_a_policy_that_asks_for_consent_is_not_evaded(measure: Call, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("gate: {consent: true, same_person: true}\n")
    outcome = measure("--handle", "alar-width=-3", "--policy", policy)
    assert outcome.code == 8
    assert "consent" in outcome.err
