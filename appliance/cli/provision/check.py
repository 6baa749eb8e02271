"""``appliance provision check``: what a bundle says, and who signed it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from appliance.cli.framework.options import FILE, json_option
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.provision.files import erasure, fingerprint, read_bytes, secrecy
from appliance.provisioning.bundle import ENOUGH, Bundle
from appliance.provisioning.document import Document
from appliance.provisioning.words import fingerprint_words


class Checked(msgspec.Struct, frozen=True):
    """A sound bundle. ``signed_by``: names of its own signers whose signatures it has."""

    appliance: str
    number: int
    digest: str
    words: str
    people: dict[str, list[str]]
    signers: list[str]
    signed_by: list[str]
    secret: bool
    factory_reset: bool
    first_use: bool


@click.command("check")
@click.argument("bundle", type=FILE, metavar="BUNDLE")
@click.option(
    "--previous",
    type=FILE,
    metavar="FILE",
    help="The bundle that is in force: whether two of its signers signed this one.",
)
@json_option
def check_bundle(*, bundle: Path, previous: Path | None, as_json: bool) -> None:
    """Check BUNDLE as the machine does, and show what it says.

    Without --previous the signatures are checked as those of a machine's first bundle. Names and
    roles are printed, for the people who sign to read.
    """
    read = Bundle.parse(read_bytes(bundle))
    document = Document.decoded(read.line)
    document.check()
    before = document if previous is None else _before(previous)
    keys = before.signer_keys()
    signed_by = sorted(read.signed_by(keys))
    if as_json:
        print_json(_checked(read, document, signed_by))
    else:
        print_pairs(
            [
                ("appliance", document.appliance),
                ("number", str(document.number)),
                *(
                    (f"person {one.name}", ", ".join(one.roles) or "no role")
                    for one in document.people
                ),
                *((f"signer {one.name}", one.key) for one in document.signers),
                ("signed by", ", ".join(signed_by) or "none of them"),
                ("enough", "yes" if len(signed_by) >= ENOUGH else "no"),
                secrecy(document),
                erasure(document),
                fingerprint(read),
            ]
        )
    whose = "of the people that it names" if previous is None else "of the previous signers"
    read.check_signed(keys, whose)


def _before(previous: Path) -> Document:
    return Document.decoded(Bundle.parse(read_bytes(previous)).line)


def _checked(read: Bundle, document: Document, signed_by: list[str]) -> Checked:
    return Checked(
        appliance=document.appliance,
        number=document.number,
        digest=read.digest.hex(),
        words=fingerprint_words(read.digest),
        people={one.name: list(one.roles) for one in document.people},
        signers=[one.name for one in document.signers],
        signed_by=signed_by,
        secret=document.is_secret,
        factory_reset=document.factory_reset,
        first_use=len(read.signed_by(document.signer_keys())) >= ENOUGH,
    )
