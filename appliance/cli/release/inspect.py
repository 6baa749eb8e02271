"""``appliance release inspect``: what a file carries, and whether it is trusted."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.cli.framework.options import FILE, json_option
from appliance.cli.framework.output import LabelledValue, print_json, print_pairs
from appliance.cli.process.input_files import open_input
from appliance.cli.process.sealing import current_sealing
from appliance.errors import ReleaseError
from appliance.pipeline.media.preload import load_media_libraries
from appliance.release.inspection import FileInspection, inspect_file
from appliance.release.keys import read_anchors
from appliance.release.provenance.preload import load_provenance

_STATES = {
    "trusted": "trusted: an anchor vouches for it, and no byte was changed",
    "valid": "whole, but signed by somebody whom no anchor vouches for",
    "invalid": "changed or damaged since it was signed",
    "none": "none",
}


@click.command("inspect")
@click.argument("file", type=FILE)
@click.option(
    "--anchor",
    "anchors",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Certificates that are trusted (PEM), or the folder that `release keys` made.",
)
@json_option
def inspect_release(*, file: Path, anchors: Path, as_json: bool) -> None:
    """Print which labels a file carries, and whether its provenance is trusted.

    The exit code is 0 only if it is. Visible words are not looked for.
    """
    trusted = read_anchors(anchors)
    with open_input(file, "The file") as opened:
        load_media_libraries()
        load_provenance()
        sealing = current_sealing()
        sealing.confine([], [])
        sealing.seal("cpu")
        found = inspect_file(opened, trusted)
    if as_json:
        print_json(found)
    else:
        print_pairs(_pairs(found))
    if not found.trusted:
        raise ReleaseError(
            "The provenance of this file is not trusted.",
            "Do not rely on it; ask the site that sent it for the file that was released.",
        )


def _pairs(found: FileInspection) -> list[LabelledValue]:
    said, label = found.provenance, found.label
    return [
        ("file", found.kind.upper()),
        ("provenance", _STATES[said.state]),
        *([("release", str(said.number))] if said.number else []),
        *([("engine", said.engine)] if said.engine else []),
        *([("source type", said.source)] if said.source else []),
        *[("problem", code) for code in said.problems],
        ("label", "GB 45438-2025" if label else "none"),
    ]
