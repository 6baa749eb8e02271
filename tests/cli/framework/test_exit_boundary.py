from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import av
import click
import pytest
from PIL import Image

from appliance import errors
from appliance.cli.framework.exit_boundary import run_command
from tests.cli.conftest import CANARY

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.ApplianceError)
]


def failing(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize("kind", KINDS)
def test_an_expected_error_is_two_lines_and_its_code(
    kind: type[errors.ApplianceError], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(failing(kind("What was wrong.", "What to do.")), []) == kind.exit_code
    assert capsys.readouterr() == ("", "error: What was wrong.\nhint: What to do.\n")


@pytest.mark.parametrize(
    "error",
    [
        ValueError(CANARY),
        FileNotFoundError(2, "No such file", f"/home/{CANARY}"),
        EOFError(CANARY),
        KeyError(CANARY),
        click.ClickException(CANARY),
        click.FileError(CANARY),
    ],
)
def test_of_a_bug_only_its_type_and_place_are_printed(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APPLIANCE_DEBUG", raising=False)
    assert run_command(failing(error), []) == 70
    out, err = capsys.readouterr()
    assert out == ""
    # The innermost line of the package; the test's own command is none of it.
    assert f"bug in the program ({type(error).__name__} at cli.framework.exit_boundary:" in err
    assert CANARY not in err
    assert len(err.splitlines()) == 2


def test_a_developer_sees_the_traceback_of_a_bug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = failing(ValueError("of the test"))
    for value, shown in (("1", True), ("0", False), ("", False), ("yes", False)):
        monkeypatch.setenv("APPLIANCE_DEBUG", value)
        assert run_command(command, []) == 70
        err = capsys.readouterr().err
        assert ("Traceback" in err and "ValueError: of the test" in err) is shown
        assert err.splitlines()[-2].startswith("error: this is a bug")


def test_with_debugging_an_expected_error_looks_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPLIANCE_DEBUG", "1")
    assert run_command(failing(errors.InputError("What was wrong.", "What to do.")), []) == 3
    assert capsys.readouterr().err == "error: What was wrong.\nhint: What to do.\n"


def test_ctrl_c_has_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(failing(KeyboardInterrupt()), []) == 130
    assert capsys.readouterr() == ("", "interrupted; nothing was written\n")


@pytest.mark.parametrize("words", [["models", "list"], ["--help"], ["doctor"]])
def test_a_closed_output_ends_the_command_without_a_message(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli.main", *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == ""


def test_warnings_of_libraries_are_not_printed(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "TIFF")
    # The directory of a TIFF is at its end: Pillow warns that it is cut, and where Pillow lies.
    cut = tmp_path / f"{CANARY}.tif"
    cut.write_bytes(buffer.getvalue()[:10])
    command = [sys.executable, "-m", "appliance.cli.main", "inspect", str(cut)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
    with pytest.warns(UserWarning, match="Corrupt"), suppress(OSError):  # the control
        Image.open(cut)


def test_a_terminal_that_cannot_show_a_character_gets_another(people: dict[str, object]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli.main", "inspect", str(people["c"])],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "yaw +" in done.stdout


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), 1, "There is not enough memory."),
        (KeyError("a library's table"), 1, "There is not enough memory."),
        (errors.InputError("The photo is damaged.", "Use another."), 3, "may be the true cause"),
    ],
)
def test_a_failure_at_the_limit_of_memory_names_the_limit(
    error: Exception,
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if isinstance(error, errors.InputError):
        error.__cause__ = ValueError("of a library")
    monkeypatch.setattr("appliance.cli.framework.exit_boundary._PROBE", 1 << 60)
    assert run_command(failing(error), []) == code
    assert words in capsys.readouterr().err


def test_an_error_that_explains_itself_names_no_limit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.cli.framework.exit_boundary._PROBE", 1 << 60)
    assert run_command(failing(errors.InputError("It is empty.", "Use another.")), []) == 3
    assert capsys.readouterr().err == "error: It is empty.\nhint: Use another.\n"


def test_where_an_encoder_does_not_say_why_limits_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = errors.OutputError("The container refuses the video.", "Write an MKV.")
    error.__cause__ = av.error.ExternalError(542398533, "Generic error in an external library")
    assert run_command(failing(error), []) == 7
    assert "too few processes for this user" in capsys.readouterr().err


@pytest.mark.parametrize(("ended_by", "code"), [(KeyboardInterrupt, 130), (EOFError, 1)])
def test_a_prompt_that_gets_no_answer_is_no_bug(
    ended_by: type[BaseException],
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @click.command()
    def command() -> None:
        click.prompt("Name", err=True)

    def end(_prompt: str = "") -> str:
        raise ended_by

    monkeypatch.setattr("click.termui.visible_prompt_func", end)
    assert run_command(command, []) == code
    err = capsys.readouterr().err
    assert "bug" not in err
    assert ("no answer" in err) is (code == 1)
