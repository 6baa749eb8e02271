"""``appliance models import``, ``keygen`` and ``sign``: turn model files into a trusted pack."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from appliance.cli.framework.options import (
    FILE,
    json_option,
    overwrite_option,
    policy_option,
)
from appliance.cli.framework.output import print_json, print_pairs
from appliance.cli.framework.usage_errors import PrivateUsageError
from appliance.cli.process.signing_keys import (
    PUBLIC_SUFFIX,
    inspection_trust,
    policy_trust,
    secret_key,
    write_keys,
)
from appliance.cli.process.tuning_store import tune_new_pack
from appliance.inference.importing import examine, read_draft, sign, write_signed
from appliance.inference.manifest import ModelEntry
from appliance.inference.pack import MANIFEST, MANIFEST_LIMIT, ModelPack, read_file
from appliance.inference.trust import INSPECTION
from appliance.policy.policy import Policy
from appliance.signatures.minisign import SecretKey


class ImportedPack(msgspec.Struct, frozen=True):
    """A signed pack. ``digest``: SHA-256 of its manifest. ``signer``: name of the key."""

    name: str
    digest: str
    signer: str
    models: tuple[ModelEntry, ...]


_key_option = click.option(
    "--key",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Secret key to sign with, made by `models keygen` or minisign.",
)


@click.command("import")
@click.argument("folder", type=FILE, metavar="DIR")
@click.option(
    "--manifest",
    "description",
    type=FILE,
    required=True,
    metavar="FILE",
    help="TOML file with the family, licence, permitted use and source of each model file.",
)
@_key_option
@policy_option
@overwrite_option
@json_option
def import_models(
    *,
    folder: Path,
    description: Path,
    key: Path,
    policy: Policy,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Turn the model files in DIR into a signed pack.

    Every file is hashed, its graph is checked against its model family (tensors, operators,
    sizes) and its licence against the policy. Then the manifest is written and signed: DIR is
    now a pack for every policy that names the key. Finally the pack is tuned for this machine,
    as by `models tune`.
    """
    draft = read_draft(description)
    opened = secret_key(key)

    def report(line: str) -> None:
        if not as_json:
            click.echo(line)

    found = examine(folder, draft, policy_trust(policy), lambda file: report(f"checking {file}"))
    digest = write_signed(folder, found, opened, overwrite=overwrite)
    tune_new_pack(ModelPack.open(folder, inspection_trust(policy)), policy, report)
    result = ImportedPack(found.name, digest, opened.public.name, found.entry)
    if as_json:
        print_json(result)
    else:
        print_pairs([("pack", result.name), ("manifest", digest), ("signed by", result.signer)])


@click.command()
@click.argument("path", type=FILE, metavar="FILE")
@click.option("--no-password", is_flag=True, help="Store the secret key unencrypted.")
def keygen(path: Path, no_password: bool) -> None:
    """Make a key pair for signing packs.

    The secret key is written to FILE, the public key next to it under the suffix .pub.
    """
    if path.suffix == PUBLIC_SUFFIX:
        raise PrivateUsageError("The name of the secret key may not end in .pub.")
    password = None
    if not no_password:
        password = click.prompt(
            "Password for the key", hide_input=True, confirmation_prompt=True, err=True
        )
    key = SecretKey.generate()
    write_keys(path, key, password)
    print_pairs([("key", key.public.name), ("line for a policy", key.public.line)])


@click.command("sign")
@click.argument("folder", type=FILE, metavar="DIR")
@_key_option
def sign_pack(folder: Path, key: Path) -> None:
    """Verify every file of the pack in DIR and sign its manifest."""
    pack = ModelPack.open(folder, INSPECTION)
    pack.verify()
    opened = secret_key(key)
    data = read_file(folder / MANIFEST, MANIFEST, MANIFEST_LIMIT)
    sign(folder, data, pack.name, opened)
    print_pairs([("pack", pack.name), ("manifest", pack.digest), ("signed by", opened.public.name)])
