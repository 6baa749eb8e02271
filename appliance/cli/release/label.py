"""``appliance release label``: a photo or film in, the labelled and signed copy out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast, get_args

import click

from appliance.cli.framework.options import FILE, overwrite_option, policy_option
from appliance.cli.framework.output import print_pairs
from appliance.cli.framework.progress import show_progress
from appliance.cli.process.input_files import check_output, open_input
from appliance.cli.process.job_log import JobLog
from appliance.cli.process.sealing import current_sealing
from appliance.cli.release.disc_options import keys_option
from appliance.cli.release.marking import Files, FilmRequest, MarkingChild, StillRequest
from appliance.cli.release.numbering import Wanted, number_for
from appliance.cli.swap.output_format import photo_format
from appliance.cli.swap.output_options import OutputRequest
from appliance.errors import ReleaseError
from appliance.files.digest import sha256_of
from appliance.files.output import OutputFile, PendingOutput
from appliance.pipeline.media.kind import is_video
from appliance.policy.policy import Policy
from appliance.release.facts import Engine, ReleaseFacts
from appliance.release.film import FilmFormat
from appliance.release.keys import WATERMARK_KEY, read_release_keys, read_watermark_key
from appliance.release.provenance.films import sign_film_in_place
from appliance.release.provenance.library import mime_type
from appliance.release.provenance.preload import load_provenance
from appliance.release.provenance.signing_key import SigningKey
from appliance.release.still import signed_still

_FILMS: Mapping[str, FilmFormat] = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov"}


@click.command("label")
@click.argument("result", type=FILE, metavar="FILE")
@click.option(
    "--output",
    type=FILE,
    required=True,
    metavar="FILE",
    help="File to write: .jpg, .png, .webp or .tif for a photo, .mp4 or .mov for a film.",
)
@keys_option
@click.option(
    "--engine",
    type=click.Choice(get_args(Engine)),
    required=True,
    help="What made the photo or film.",
)
@click.option(
    "--producer",
    default="",
    metavar="CODE",
    help="Code of the producer for the label of GB 45438-2025. [default: none]",
)
@click.option(
    "--corner-mark",
    is_flag=True,
    help="Keep a short mark in the corner of a film, once the label is gone after two seconds.",
)
@click.option(
    "--approver",
    metavar="USER",
    help="A second person, who approves it at this terminal by a token of their own.",
)
@policy_option
@overwrite_option
def label_result(
    *,
    result: Path,
    output: Path,
    keys: Path,
    engine: Engine,
    producer: str,
    corner_mark: bool,
    approver: str | None,
    policy: Policy,
    overwrite: bool,
) -> None:
    """Write a result as it may leave: labelled for people and programs, and signed.

    Words are drawn into a corner of a copy, and the number of the release goes into its pixels,
    where nobody sees it. Nothing of the file but pixels, colour profile and sound goes into the
    copy. The number is that of the release's entry in the ledger. This is for one's own laptop;
    where the policy demands a second person, name one with --approver.
    """
    # A wrong code or folder must not use up a number, nor a file that cannot leave.
    ReleaseFacts(1, engine, producer)
    watermark_key = read_watermark_key(keys / WATERMARK_KEY)
    check_output(output, [result])
    with JobLog(policy) as job, open_input(result, "The file") as opened:
        request = _request(opened, output, corner_mark or policy.release.corner_mark)
        with PendingOutput(output, overwrite=overwrite, shared=True) as pending:
            digest = sha256_of(opened)
            sealing = current_sealing(policy)
            files = Files(opened, pending.file, "The file")
            with MarkingChild(request, files, watermark_key, sealing) as marking:
                wanted = Wanted(digest, request.media, engine, marking.unfit())
                number = number_for(job, policy, wanted, approver=approver)
                facts = ReleaseFacts(number, engine, producer)
                # Only now, when the child is a process of its own: it must not have this key.
                signing = read_release_keys(keys).signing
                with show_progress(silent=False, doing="labelling") as tell:
                    marking.begin(facts)
                    touches = marking.wait(tell)
            if sha256_of(opened) != digest:
                raise ReleaseError("The file was changed meanwhile.", "Release it again.")
            load_provenance()
            sealing.confine([], [output])
            sealing.seal("cpu")
            _sign(pending.file, request, facts, signing)
            job.escaped(touches)
            copy = sha256_of(pending.file)
            job.release_signed(number, copy, request.media, engine)
            pending.commit()
    print_pairs([("released as", str(number)), ("format", request.kind.upper())])


def _request(opened: BinaryIO, output: Path, corner_mark: bool) -> StillRequest | FilmRequest:
    """What is to be made of the file. Raises ``ReleaseError`` if its format carries no manifest."""
    if is_video(opened):
        suffix = output.suffix.lower()
        if suffix not in _FILMS:
            hint = "Let the output's name end in .mp4 or .mov: no other holds signed provenance."
            raise ReleaseError("A film is released as MP4 or MOV.", hint)
        return FilmRequest(_FILMS[suffix], corner_mark)
    kind = photo_format(output, "png", OutputRequest())
    mime_type(kind)
    return StillRequest(kind)


def _sign(
    file: OutputFile, request: StillRequest | FilmRequest, facts: ReleaseFacts, key: SigningKey
) -> None:
    """Sign what the child left in ``file``, where it lies."""
    if isinstance(request, FilmRequest):
        sign_film_in_place(cast(BinaryIO, file), request.kind, facts, key)
        return
    file.seek(0)
    signed = signed_still(file.read(), request.kind, facts, key)
    file.seek(0)
    file.truncate(0)
    file.write(signed)
