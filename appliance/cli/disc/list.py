"""``appliance disc list``: the files of a disc, by number."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.basic_options import FILE
from appliance.disc_reader.lister import list_disc
from appliance.disc_reader.listing import DiscFile
from appliance.disc_reader.medium import Medium
from appliance.disc_reader.names import shown

_MARKS = {
    None: "",
    "outside": "not on the disc",
    "packed": "packed",
    "shared": "in the place of another",
    "too-large": "too large",
}


@click.command("list")
@click.argument("disc", type=FILE, metavar="DISC")
def list_files(*, disc: Path) -> None:
    """List the files of DISC, a drive or an image: number, bytes, name.

    Only the last session of a disc is listed. Names may tell who is shown: they are printed here
    and nowhere else, with all that is not printable escaped.
    """
    with Medium.open(disc) as medium:
        files = list_disc(medium)
    digits, sizes = len(str(len(files))), max((len(str(file.size)) for file in files), default=0)
    for number, file in enumerate(files, 1):
        click.echo(f"{number:>{digits}}  {file.size:>{sizes}}  {_named(file)}")


def _named(file: DiscFile) -> str:
    mark = _MARKS[file.refusal]
    return f"{shown(file.path)}  [refused: {mark}]" if mark else shown(file.path)
