"""Gathers what the image is built from, and lists what it holds.

python -m tools.image lock
python -m tools.image fetch CACHE [--mirror URL] [--snapshot] [--offline]
python -m tools.image wheels CACHE [--offline] [--target FOLDER] [--wheel FILE]
python -m tools.image sbom ROOT INTO --cache CACHE --version VERSION [--own [PLACE=]FOLDER]...
    [--installed FOLDER]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import ApplianceError
from tools.image import sbom, wheels
from tools.image.apt import machine_mirror, snapshot_sources, sources
from tools.image.bundled import read_licences
from tools.image.contents import Own
from tools.image.errors import ImageError
from tools.image.locked import read_list, read_lock
from tools.image.pool import fetch, make_lock

FOLDER = Path(__file__).parents[2] / "image-build"
LOCK = FOLDER / "packages.lock"


def lock(options: argparse.Namespace) -> None:
    """Write the lock of Debian packages."""
    wanted, tools = (read_list(FOLDER / f"packages{name}.txt") for name in ("", "-tools"))
    LOCK.write_text(make_lock(wanted, tools, sources(options.mirror or machine_mirror())))


def fetch_packages(options: argparse.Namespace) -> None:
    """Make the repository, and print where it is."""
    locked = read_lock(LOCK)
    if options.offline:
        lines: Sequence[str] = ()
    elif options.snapshot:
        lines = snapshot_sources(locked.archive)
    else:
        lines = sources(options.mirror or machine_mirror())
    print(fetch(locked, options.cache.resolve(), lines))


def fetch_wheels(options: argparse.Namespace) -> None:
    """Fetch the wheels, and install them if a folder is given."""
    cache = options.cache.resolve() / "wheels"
    wheels.fetch(cache, offline=options.offline)
    if options.target:
        wheels.install(cache, options.target, options.wheel)


def list_contents(options: argparse.Namespace) -> None:
    """Write the bill of materials of a root.

    Raises ``ImageError`` if the environment does not state a time.
    """
    stated = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not stated.isdecimal():
        raise ImageError("No time is stated.", "Set SOURCE_DATE_EPOCH to that of the image.")
    have = wheels.cached(options.cache / "wheels")
    sums = {(name, package.version): digest for name, (package, _, digest) in have.items()}
    made, changed = (read_list(FOLDER / f"{name}-files.txt") for name in ("made", "changed"))
    trees = [one.rpartition("=")[::2] for one in options.own]
    own = Own(made, changed, [(folder.strip("/"), Path(tree)) for folder, tree in trees])
    bundled = read_licences(FOLDER / "bundled-licences.txt")
    inputs = sbom.Inputs(
        read_lock(LOCK), bundled, sums, own, options.version, int(stated), options.installed
    )
    sbom.write(options.root, options.into, inputs)


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
    one = commands.add_parser("sbom")
    one.add_argument("root", type=Path)
    one.add_argument("into", type=Path)
    one.add_argument("--cache", type=Path, required=True)
    one.add_argument("--version", required=True)
    one.add_argument("--own", action="append", default=[])
    one.add_argument("--installed", type=Path)
    one.set_defaults(run=list_contents)
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
