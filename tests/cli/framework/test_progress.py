from __future__ import annotations

import io

import pytest

from appliance.cli.framework.progress import LineProgress, progress_line, show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("done", "total", "seconds", "words"),
    [
        (50, 200, 2.0, "50 of 200 frames, 25.0 fps, 6 s left"),
        (200, 200, 8.0, "200 of 200 frames, 25.0 fps, 0 s left"),
        (201, 200, 8.0, "201 of 200 frames, 25.1 fps, 0 s left"),
        (50, None, 2.0, "50 frames, 25.0 fps"),
        (0, 200, 0.0, "0 of 200 frames, 0.0 fps"),
    ],
)
def test_progress_lines(done: int, total: int | None, seconds: float, words: str) -> None:
    assert progress_line(done, total, seconds) == words


def test_other_things_than_frames_are_counted_by_their_name() -> None:
    assert progress_line(3, 7, 2.0, "photos") == "3 of 7 photos, 1.5 photos/s, 3 s left"


def test_lines_are_printed_at_intervals_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    lines = LineProgress(interval=5, clock=lambda: now)
    for number in range(1, 13):
        now += 1
        lines(number, 12)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(",")[0] for line in err.splitlines()] == [
        "5 of 12 frames",
        "10 of 12 frames",
        "12 of 12 frames",
    ]


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(silent=False) as tell:
        tell(3, 3)
    assert capsys.readouterr().err.startswith("3 of 3 frames, ")


def test_silent_progress_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(silent=True) as tell:
        tell(3, 3)
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with show_progress(silent=False) as tell:
        tell(25, None)
        tell(50, 100)
    shown = terminal.getvalue()
    assert "50%" in shown
    assert "50 frames" in shown
    assert "fps" in shown
    assert "of 100 frames" not in shown
