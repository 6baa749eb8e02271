"""``appliance release label``: a photo in, the labelled and signed photo out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import get_args

import click

from appliance.cli.framework.options import FILE, overwrite_option, policy_option
from appliance.cli.framework.output import print_pairs
from appliance.cli.process.input_files import check_output, decode_photo, open_input
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.sealing import current_sealing
from appliance.cli.swap.output_format import photo_format
from appliance.cli.swap.output_options import OutputRequest
from appliance.errors import PolicyError
from appliance.files.output import PendingOutput
from appliance.pipeline.media.preload import load_media_libraries
from appliance.policy.policy import EMBEDDED, Policy
from appliance.release.facts import Engine, ReleaseFacts
from appliance.release.keys import read_release_keys
from appliance.release.labels.visible import load_label
from appliance.release.provenance.preload import load_provenance
from appliance.release.still import released_still

_WHAT = "The photo"


@click.command("label")
@click.argument("photo", type=FILE, metavar="PHOTO")
@click.option(
    "--output",
    type=FILE,
    required=True,
    metavar="FILE",
    help="File to write: .jpg, .png, .webp or .tif.",
)
@click.option(
    "--keys",
    type=FILE,
    required=True,
    metavar="DIR",
    help="Folder with the key to sign with, made by `release keys`.",
)
@click.option(
    "--number",
    type=int,
    required=True,
    metavar="N",
    help="Number of the release, from 1 on, which the site gives once.",
)
@click.option(
    "--engine",
    type=click.Choice(get_args(Engine)),
    required=True,
    help="What made the photo.",
)
@click.option(
    "--producer",
    default="",
    metavar="CODE",
    help="Code of the producer for the label of GB 45438-2025. [default: none]",
)
@policy_option
@overwrite_option
def label_photo(
    *,
    photo: Path,
    output: Path,
    keys: Path,
    number: int,
    engine: Engine,
    producer: str,
    policy: Policy,
    overwrite: bool,
) -> None:
    """Write a result as it may leave: labelled for people and programs, and signed.

    Words are drawn into a corner of a copy, and nothing of the photo but its pixels and colour
    profile goes into it. This is for one's own laptop: a policy that demands a second person
    refuses it.
    """
    facts = ReleaseFacts(number, engine, producer)
    kind = photo_format(output, "png", OutputRequest())
    check_output(output, [photo])
    with JobLog(policy) as job:
        if policy is not EMBEDDED and policy.export.second_person:
            raise PolicyError(
                "The policy demands that a second person releases a result.",
                "Release it in a session, where a second person can approve it.",
            )
        key = read_release_keys(keys).signing
        with (
            open_input(photo, _WHAT) as opened,
            PendingOutput(output, overwrite=overwrite, shared=True) as pending,
        ):
            load_media_libraries()
            load_label()
            load_provenance()
            sealing = current_sealing(policy)
            sealing.confine([], [output])
            sealing.seal("cpu")
            signed = released_still(decode_photo(opened, _WHAT), kind, facts, key)
            pending.file.write(signed)
            job.labelled(hashlib.sha256(signed).hexdigest(), number, engine)
            pending.commit()
    print_pairs([("released as", str(number)), ("format", kind.upper())])
