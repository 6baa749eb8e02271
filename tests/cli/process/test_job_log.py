"""What a swap records in the ledger of the user who runs it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from appliance.audit.entries import events
from appliance.audit.entries.reader import read_lines
from appliance.audit.keys.locations import default_ledger
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.verification.verify import verify_ledger
from appliance.cli.process.job_log import JobLog
from appliance.files.output import OutputFile
from appliance.pipeline.simulation.points import PlacedPoints, read_points, written_points
from appliance.policy.policy import EMBEDDED
from tests.cli.conftest import CANARY, Call

People = Mapping[str, Path]
Why = tuple[str, str, str | None, int | None]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of this test's own."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


def recorded_events() -> list[events.AnyEvent]:
    """All events of the ledger, which is valid and contains no name."""
    assert verify_ledger(default_ledger()).findings == ()
    store = LedgerReader(default_ledger())
    lines = list(read_lines(store, store.checkpoint(store.verifier())))
    assert not any(CANARY.encode() in line.data.lower() for line in lines)
    return [line.entry.event for line in lines]


def test_a_sealed_swap_is_recorded_from_start_to_result(people: People, folder: Path) -> None:
    output = folder / "out.png"
    subprocess.run(
        [
            *(sys.executable, "-m", "appliance.cli.main", "swap", "--source", people["a"]),
            *("--target", people["c"], "--output", output),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    boot, policy, pack, sealed, started, finished = recorded_events()
    assert isinstance(boot, events.Boot)
    assert policy == events.PolicyLoaded(EMBEDDED.digest, "embedded")
    assert isinstance(pack, events.ModelPackLoaded)
    assert (pack.models, pack.signature) == (10, "valid")
    assert isinstance(sealed, events.SealResult)
    assert (sealed.result, sealed.escaped) == ("sealed", 0)
    assert "seccomp" in sealed.layers
    assert isinstance(started, events.JobStarted)
    assert (started.engine, started.media, started.pack) == ("mesh", "photo", pack.pack)
    assert isinstance(finished, events.JobFinished)
    assert finished.result == hashlib.sha256(output.read_bytes()).hexdigest()
    assert (finished.session, finished.job) == (started.session, started.job)
    assert (finished.frames, finished.faces) == (1, 1)


def test_a_refusal_is_recorded_with_its_reason(
    call: Call, people: People, faceless: Path, folder: Path
) -> None:
    for target, code, reason in ((faceless, 4, "no-face"), (folder / "missing", 3, "input")):
        words = ("--source", people["a"], "--target", target, "--output", folder / "out.png")
        assert call("swap", *words).code == code
        refused = recorded_events()[-1]
        assert isinstance(refused, events.JobRefused)
        assert refused.reason == reason
    assert list(folder.iterdir()) == []


def test_a_simulation_is_recorded_with_photo_and_handles(
    call: Call, people: People, folder: Path
) -> None:
    outputs = (folder / "a.png", folder / "c.png")
    words = ("--photo", people["a"], "--photo", people["c"], "--handle", "chin-width=-2.5")
    assert call("simulate", *words, "--output", outputs[0], "--output", outputs[1]).code == 0
    logged = recorded_events()
    applied = [event for event in logged if isinstance(event, events.SimulationApplied)]
    read = [hashlib.sha256(people[who].read_bytes()).hexdigest() for who in ("a", "c")]
    assert [(event.job, event.photo) for event in applied] == [(1, read[0]), (2, read[1])]
    moved = [event for event in logged if isinstance(event, events.HandleMoved)]
    assert [(one.job, one.handle, one.thousandths) for one in moved] == [
        (1, "chin-width", -2500),
        (2, "chin-width", -2500),
    ]
    finished = [event for event in logged if isinstance(event, events.JobFinished)]
    written = [hashlib.sha256(output.read_bytes()).hexdigest() for output in outputs]
    assert [event.result for event in finished] == written


def test_a_region_is_recorded_by_its_way_and_area(call: Call, people: People, folder: Path) -> None:
    words = ("--photo", people["d"], "--output", folder / "out.png", "--json")
    region = "mean@50=350,340:430,340:430,430:350,430"
    outcome = call("simulate", *words, "--mirror-region", region)
    assert outcome.code == 0
    (changed,) = (one for one in recorded_events() if isinstance(one, events.RegionChanged))
    photo = outcome.json["photos"][0]
    assert (changed.mode, changed.share) == ("mean", 50)
    assert changed.area == round(80 * 90 * photo["mm_per_pixel"] ** 2)


def test_a_value_beyond_its_bounds_is_refused_and_recorded(
    call: Call, people: People, folder: Path
) -> None:
    words = ("--photo", people["a"], "--output", folder / "out.png")
    assert call("simulate", *words, "--handle", "alar-width=-12").code == 14
    refused = recorded_events()[-1]
    assert isinstance(refused, events.JobRefused)
    assert refused.reason == "handle"


def test_what_was_achieved_is_recorded_without_the_hash_of_a_photo(
    call: Call, people: People, folder: Path
) -> None:
    files = folder / "before.toml", folder / "later.toml"
    found = call("simulate", "points", people["a"]).out.encode()
    with Image.open(people["a"]) as image:
        points = read_points(found, image.size)
    for path, by in zip(files, (0.5, -0.5), strict=True):
        places = {name: (x + by, y) for name, (x, y) in points.places.items()}
        path.write_bytes(written_points(PlacedPoints(points.size, places)))
    photos = ("--before", people["a"], "--later", people["a"], "--handle", "alar-width=-2.5")
    words = ("--before-points", files[0], "--later-points", files[1])
    assert call("accuracy", "measure", *photos, *words).code == 0
    *_, started, checked, measured, finished = recorded_events()
    assert isinstance(started, events.JobStarted)
    assert isinstance(checked, events.SamePersonChecked)
    assert checked.outcome == "same"
    assert isinstance(measured, events.AccuracyMeasured)
    assert (measured.handle, measured.wished) == ("alar-width", -2500)
    assert abs(measured.achieved) < 500 < measured.error
    assert isinstance(finished, events.JobFinished)


def test_no_photo_of_a_refused_simulation_counts_as_finished(
    call: Call, people: People, faceless: Path, folder: Path
) -> None:
    files = ("--photo", people["a"], "--output", folder / "out.png")
    second = ("--photo", faceless, "--output", folder / "second.png", "--handle", "chin-width=1")
    for words, reason in ((("--handle", "brow-height=2"), "handle"), (second, "no-face")):
        assert call("simulate", *files, *words).code != 0
        logged = recorded_events()
        assert isinstance(logged[-1], events.JobRefused)
        assert logged[-1].reason == reason
        assert not any(
            isinstance(event, events.JobFinished | events.SimulationApplied) for event in logged
        )
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--handle", "chin-width=-3"), ("handle", "policy", "chin-width", -3000)),
        (("--handle", "chin-width=-1..-9"), ("handle", "bounds", "chin-width", -9000)),
        (("--handle", "chin-width=-3..-1"), ("handle", "policy", "chin-width", -3000)),
        (("--handle", "cheek=1"), ("handle", "policy", "cheek", 1000)),
        (("--drag", "90,90=+1,0"), ("drag", "policy", None, 1000)),
    ],
)
def test_what_a_site_does_not_allow_is_refused_and_recorded(
    call: Call, people: People, folder: Path, words: tuple[str, ...], why: Why
) -> None:
    policy = folder / "policy.yaml"
    site = "{handles: [chin-width], bounds: {chin-width: [-2, 2]}, drag_mm: 0}"
    policy.write_text(f"gate: {{consent: false}}\nsimulation: {site}\n")
    files = ("--photo", people["a"], "--output", folder / "out.png", "--policy", policy)
    outcome = call("simulate", *files, *words)
    assert outcome.code == 14
    _, refused, ended = recorded_events()
    assert isinstance(refused, events.SimulationRefused)
    assert (refused.what, refused.reason, refused.handle, refused.thousandths) == why
    assert isinstance(ended, events.JobRefused)
    assert ended.reason == "handle"
    assert list(folder.iterdir()) == [policy]


def test_ranges_are_those_that_the_site_allows(call: Call, people: People, folder: Path) -> None:
    policy = folder / "policy.yaml"
    site = "{handles: [chin-width, jaw-width], bounds: {chin-width: [-2, 2]}}"
    policy.write_text(f"gate: {{consent: false}}\nsimulation: {site}\n")
    words = ("--photo", people["a"], "--policy", policy, "--range", "--json")
    (photo,) = call("simulate", *words).json["photos"]
    assert {name: (one["low"], one["high"]) for name, one in photo["handles"].items()} == {
        "chin-width": (-2, 2),
        "jaw-width": (-10, 8),
    }
    assert "policy" in photo["left_out"]["cheek"]


def test_points_set_by_hand_are_recorded(call: Call, people: People, folder: Path) -> None:
    points = folder / "points.toml"
    assert call("simulate", "points", people["a"], "-o", points).code == 0
    words = ("--photo", people["a"], "--points", points, "--handle", "chin-width=-2.5")
    assert call("simulate", *words, "--output", folder / "a.png").code == 0
    (placed,) = [one for one in recorded_events() if isinstance(one, events.PointsPlaced)]
    assert (placed.job, placed.face) == (1, "found")
    assert placed.points == points.read_text().count(" = [")
    shown = call("audit", "show", "--last", "4").out
    assert "(chin-width -2.5 mm)" in shown
    assert f"({placed.points} points set by hand)" in shown


def test_without_a_ledger_there_is_no_result(call: Call, people: People, folder: Path) -> None:
    words = ("--source", people["a"], "--target", people["c"], "--output", folder / "out.png")
    assert call("swap", *words).code == 0
    (folder / "out.png").unlink()
    checkpoint = default_ledger() / "checkpoint"
    signed = checkpoint.read_bytes()
    checkpoint.write_bytes(b"nonsense")
    outcome = call("swap", *words)
    assert outcome.code == 10
    assert list(folder.iterdir()) == []
    checkpoint.write_bytes(signed)
    assert call("swap", *words).code == 0
    assert [type(event) for event in recorded_events()].count(events.JobFinished) == 2


def test_a_ledger_that_fails_at_the_end_leaves_no_result(
    call: Call, people: People, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--source", people["a"], "--target", people["c"], "--output", folder / "out.png")
    finish = JobLog.finished

    def lose(job: JobLog, result: OutputFile, *, frames: int, faces: int) -> None:
        # The daemon goes away while the faces are swapped.
        os.kill(job._audit.child, 9)
        finish(job, result, frames=frames, faces=faces)

    monkeypatch.setattr(JobLog, "finished", lose)
    assert call("swap", *words).code == 10
    assert list(folder.iterdir()) == []
    assert isinstance(recorded_events()[-1], events.JobStarted)
