"""Each session's window is a process of its own, which ends with the session."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.kiosk.renewal import over
from appliance.kiosk.visit.state import Screen
from appliance.kiosk.words.catalogue import LANGUAGES
from tests.kiosk.stage import Stage
from tests.paths import REPOSITORY

_WINDOWS = """
import json, os, sys
from pathlib import Path
from appliance.kiosk.renewal import over, window_after_window
log = Path(sys.argv[1])
ends = json.loads(sys.argv[2])

def show(language):
    shown = log.read_text().splitlines() if log.exists() else []
    with log.open("a") as file:
        file.write(f"{language} {os.getpid()}\\n")
    end = ends[len(shown)]
    if isinstance(end, str):
        return over(end)
    if end < 0:
        os.kill(os.getpid(), -end)
    return end

sys.exit(window_after_window(show, "en"))
"""


def _run(tmp_path: Path, ends: list[str | int]) -> tuple[int, list[str]]:
    log = tmp_path / "log"
    command = [sys.executable, "-c", _WINDOWS, str(log), json.dumps(ends)]
    done = subprocess.run(command, cwd=REPOSITORY, check=False, timeout=60)
    return done.returncode, log.read_text().splitlines()


def test_after_a_session_there_is_another_window_in_its_language(tmp_path: Path) -> None:
    code, shown = _run(tmp_path, ["zh", "zh", "en", 0])
    assert code == 0
    assert [line.split()[0] for line in shown] == ["en", "zh", "zh", "en"]
    assert len({line.split()[1] for line in shown}) == 4  # processes


@pytest.mark.parametrize(("end", "code"), [(0, 0), (70, 70), (-signal.SIGSEGV, 139)])
def test_a_window_that_ends_otherwise_ends_it_all(tmp_path: Path, end: int, code: int) -> None:
    found, shown = _run(tmp_path, [end])
    assert (found, len(shown)) == (code, 1)


def test_a_window_ends_with_what_started_it() -> None:
    wait = (
        "import signal\n"
        "from appliance.kiosk.renewal import window_after_window\n"
        "def show(_): print('shown', flush=True); signal.pause()\n"
        "window_after_window(show, 'en')"
    )
    with subprocess.Popen([sys.executable, "-c", wait], cwd=REPOSITORY, stdout=-1) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"shown\n"
        started.kill()
        # The pipe is closed once nobody can write to it any more.
        assert started.stdout.read() == b""


def test_a_window_ends_once_somebody_has_worked_and_left(stage: Stage) -> None:
    ended: list[str] = []
    screen = stage.screen
    screen.after_a_session(ended.append)
    place = screen.shared.place

    def pass_seconds(count: int) -> None:
        for _ in range(count):
            screen._end_if_left()

    pass_seconds(100)  # nobody was here
    for used in (Screen.SERIES, Screen.CERTIFICATE, Screen.AUDIT):
        place.show(screen=used, refusal="")
        pass_seconds(100)
        assert ended == []
    place.show(screen=Screen.WELCOME, refusal="session-over")
    pass_seconds(10)  # while it is read
    assert ended == []
    pass_seconds(60)
    assert ended[0] == place.state.language
    ended.clear()
    place.show(screen=Screen.SERIES, refusal="")
    pass_seconds(1)
    place.show(screen=Screen.LOGIN)
    pass_seconds(1)
    assert ended == [place.state.language]
    stage.screen.after_a_session(lambda _: None)


def test_every_language_has_a_code_that_is_no_other_end() -> None:
    codes = {over(one) for one in LANGUAGES}
    assert len(codes) == len(LANGUAGES)
    assert all(100 <= code < 128 for code in codes)
