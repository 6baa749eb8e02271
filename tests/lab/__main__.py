"""One boot for the tests that are named: python -m tests.lab [-s SECONDS] TEST…

What the machine says is printed while it says it. The tests are arguments of pytest, as seen from
``guest/``: a file, ``FILE::TEST``, or options as ``-k``.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import nullcontext

from tests.lab.emulated_drive import check_burned
from tests.lab.image.token_at_the_lab import held
from tests.lab.screen import watched
from tests.lab.virtual_machine import machine


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab")
    parser.add_argument("-s", "--seconds", type=float, default=900, help="the most it may take")
    parser.add_argument("--card", action="store_true", help="with a network card")
    parser.add_argument("--usb", action="store_true", help="with a stick, keyboards and a mouse")
    parser.add_argument("--burner", action="store_true", help="with a drive and a blank disc")
    parser.add_argument("--disc", action="store_true", help="with a drive and a disc from outside")
    parser.add_argument("--real", action="store_true", help="with the starter pack's own networks")
    parser.add_argument("--screen", action="store_true", help="with a screen; its pictures stay")
    parser.add_argument("--token", action="store_true", help="with a token that is outside")
    parser.add_argument("tests", nargs="+")
    options = parser.parse_args()
    started = time.monotonic()
    with (
        machine(
            card=options.card,
            usb=options.usb,
            burner=options.burner,
            disc=options.disc,
            real=options.real,
            screen=options.screen,
            token=options.token,
        ) as booted,
        held(booted) if options.token else nullcontext(),
        watched(booted, options.seconds) if options.screen else nullcontext(),
    ):
        passed, report = booted.run(*options.tests, seconds=options.seconds)
        if options.burner and passed:
            check_burned(booted.burned, booted.release, report)
    sys.stdout.write(report)
    sys.stdout.write(f"\n{time.monotonic() - started:.0f} s\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
