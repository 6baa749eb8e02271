"""Gathers what the image is built from, and lists what it holds.

python -m tools.image lock
python -m tools.image fetch CACHE [--mirror URL] [--snapshot] [--offline]
python -m tools.image wheels CACHE [--offline] [--target FOLDER] [--wheel FILE]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from appliance.errors import ApplianceError
from tools.image import wheels
from tools.image.locked import read_lock
from tools.image.pool import fetch, make_lock

FOLDER = Path(__file__).parents[2] / "image-build"
LOCK = FOLDER / "packages.lock"


def lock(options: argparse.Namespace) -> None:
    """Write the lock of Debian packages."""
    lists, tools = [FOLDER / "packages.txt"], [FOLDER / "packages-tools.txt"]
    LOCK.write_text(make_lock(lists, tools, options.mirror))


def fetch_packages(options: argparse.Namespace) -> None:
    """Make the repository, and print where it is."""
    print(
        fetch(
            read_lock(LOCK),
            options.cache.resolve(),
            options.mirror,
            offline=options.offline,
            snapshot=options.snapshot,
        )
    )


def fetch_wheels(options: argparse.Namespace) -> None:
    """Fetch the wheels, and install them if a folder is given."""
    cache = options.cache.resolve() / "wheels"
    wheels.fetch(cache, offline=options.offline)
    if options.target:
        wheels.install(cache, options.target, options.wheel)


def parser() -> argparse.ArgumentParser:
    """The commands."""
    whole = argparse.ArgumentParser(prog="tools.image")
    commands = whole.add_subparsers(required=True)
    one = commands.add_parser("lock")
    one.add_argument("--mirror")
    one.set_defaults(run=lock)
    one = commands.add_parser("fetch")
    one.add_argument("cache", type=Path)
    one.add_argument("--mirror")
    one.add_argument("--snapshot", action="store_true")
    one.add_argument("--offline", action="store_true")
    one.set_defaults(run=fetch_packages)
    one = commands.add_parser("wheels")
    one.add_argument("cache", type=Path)
    one.add_argument("--offline", action="store_true")
    one.add_argument("--target", type=Path)
    one.add_argument("--wheel", type=Path)
    one.set_defaults(run=fetch_wheels)
    return whole


def main() -> int:
    """Run the command line; an expected failure is explained on stderr."""
    options = parser().parse_args()
    try:
        options.run(options)
    except ApplianceError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
