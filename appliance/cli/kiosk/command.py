"""``appliance kiosk``: starts a training machine with its screen, and ends it with the screen."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import click

from appliance import resources
from appliance.cli.framework.basic_options import FILE
from appliance.cli.framework.run_context import RunContext
from appliance.errors import PolicyError, SessionError
from appliance.policy.load import load
from appliance.training.ledger import training_ledger
from appliance.training.machine import Machine, Plan
from appliance.training.people import PIN

_LANGUAGES = ("en", "zh")
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option(
    "--policy",
    type=FILE,
    metavar="FILE",
    help="A policy with `training: true`. [default: policies/training.yaml]",
)
@click.option(
    "--drive",
    type=FILE,
    metavar="DEVICE",
    help="Read discs from this drive, or an image of one. [default: samples, and no drive]",
)
@click.option(
    "--language",
    type=click.Choice(_LANGUAGES),
    default="en",
    show_default=True,
    help="The screen's language at the beginning.",
)
@click.option("--headless", is_flag=True, help="Without a window, for programs that drive it.")
@click.pass_obj
def kiosk(
    context: RunContext, *, policy: Path | None, drive: Path | None, language: str, headless: bool
) -> None:
    """Practise on samples with the appliance's screen, without root.

    Broker, worker and ledger run as they do on an appliance. Tokens are buttons on the screen, and
    a session's workspace is a folder in memory. Nothing can be released. At the end nothing is
    left, but for the ledger of training. Use photos of no patient.
    """
    file = policy or resources.policies() / "training.yaml"
    if not load(file).training:
        raise PolicyError(
            "This policy is not for training.", "Name one with `training: true`, or none."
        )
    if find_spec("PySide6") is None:
        raise SessionError("The library of the screen is missing.", "Install it: make kiosk.")
    plan = Plan(
        policy=file,
        ledger=training_ledger(),
        screen=("appliance.kiosk", "--language", language),
        of_screen=_of_screen(context, headless=headless),
        drive=drive,
    )
    machine = Machine(plan)
    click.echo(f"Training: for samples only. The PIN of all is {PIN}. Ctrl-C ends it.")
    with _ended_by_signals(machine):
        code = machine.run()
    if code:
        raise SessionError(
            f"The screen ended by itself (code {code}).", "See what it wrote above, and try again."
        )


@contextmanager
def _ended_by_signals(machine: Machine) -> Iterator[None]:
    """As long as it runs: a signal ends it in order, as the end of its screen does."""
    before = {number: signal.signal(number, lambda *_: machine.stop()) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _of_screen(context: RunContext, *, headless: bool) -> dict[str, str]:
    """The variables by which the screen finds its display. Raises ``SessionError``."""
    if headless:
        return {"QT_QPA_PLATFORM": "offscreen"}
    if not {"DISPLAY", "WAYLAND_DISPLAY"} & {*context.display}:
        raise SessionError(
            "There is no display to show a window on.", "Start it on a desktop, or with --headless."
        )
    return dict(context.display)
