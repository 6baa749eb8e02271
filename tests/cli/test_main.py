from __future__ import annotations

import importlib
import subprocess
import sys

import click
import pytest

from appliance import errors
from appliance.cli.main import COMMANDS, appliance
from appliance.version import version
from tests.cli.conftest import Call

HEAVY = ("av", "cv2", "msgspec", "numpy", "onnx", "onnxruntime", "PIL", "rich")


def test_help_names_every_command_and_exit_code(call: Call) -> None:
    outcome = call("--help")
    assert outcome.code == 0
    for name, (_, text) in COMMANDS.items():
        assert f"{name} " in outcome.out
        assert text in outcome.out
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = [kind.exit_code for kind in kinds if issubclass(kind, errors.ApplianceError)]
    assert len(codes) >= 6
    for code in (0, 2, *codes, 70, 130, 141):
        assert f"\n{code:>7}  " in outcome.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_the_help_line_of_the_table(name: str, call: Call) -> None:
    module, text = COMMANDS[name]
    command = getattr(importlib.import_module(f"appliance.cli.{module}"), name)
    assert isinstance(command, click.Command)
    assert command.help is not None
    assert command.help.splitlines()[0] == text
    assert appliance.get_command(click.Context(appliance), name) is command
    outcome = call(name, "--help")
    assert outcome.code == 0
    assert text in outcome.out


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
sys.argv = ["appliance", "--help"]
from appliance.cli.main import main
try:
    main()
finally:
    print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Usage: appliance" in done.stdout


def test_version(call: Call) -> None:
    outcome = call("--version")
    assert outcome.code == 0
    assert version() in outcome.out


def test_without_a_command_help_is_printed_with_the_code_of_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli.main"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Commands:" in done.stderr
