"""``appliance models import``, ``keygen`` and ``sign``: from files to a pack that is trusted."""

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
from appliance.inference.minisign import SecretKey
from appliance.inference.pack import MANIFEST, MANIFEST_LIMIT, ModelPack, read_file
from appliance.inference.trust import ANY
from appliance.policy.policy import Policy


class ImportedPack(msgspec.Struct, frozen=True):
    """A pack that was signed. ``digest``: SHA-256 of its manifest. ``signer``: the key's name."""

    name: str
    digest: str
    signer: str
    models: tuple[ModelEntry, ...]


_key_option = click.option(
    "--key",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Secret key that signs: one of `models keygen`, or of minisign.",
)


@click.command("import")
@click.argument("folder", type=FILE, metavar="DIR")
@click.option(
    "--manifest",
    "description",
    type=FILE,
    required=True,
    metavar="FILE",
    help="What the files are: family, licence, permitted use and source of each.",
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
    """Check the model files in DIR, write their manifest and sign it.

    Every file is hashed, its graph held against its family (tensors, operators, sizes) and its
    licence against the policy. The folder is a pack from then on, for policies that name the key.
    Then it is measured what suits its networks here, as `models tune` does.
    """
    draft = read_draft(description)
    opened = secret_key(key)

    def tell(line: str) -> None:
        if not as_json:
            click.echo(line)

    found = examine(folder, draft, policy_trust(policy), lambda file: tell(f"checking {file}"))
    digest = write_signed(folder, found, opened, overwrite=overwrite)
    tune_new_pack(ModelPack.open(folder, inspection_trust(policy)), policy, tell)
    result = ImportedPack(found.name, digest, opened.public.name, found.entry)
    if as_json:
        print_json(result)
    else:
        print_pairs([("pack", result.name), ("manifest", digest), ("signed by", result.signer)])


@click.command()
@click.argument("path", type=FILE, metavar="FILE")
@click.option(
    "--no-password", is_flag=True, help="Leave the secret key readable for whoever has the file."
)
def keygen(path: Path, no_password: bool) -> None:
    """Make a key pair: the secret key in FILE, the public one beside it, ending in .pub."""
    if path.suffix == PUBLIC_SUFFIX:
        raise PrivateUsageError("The secret key's name may not end in .pub.")
    password = None
    if not no_password:
        password = click.prompt(
            "Password for the key", hide_input=True, confirmation_prompt=True, err=True
        )
    key = SecretKey.generate()
    write_keys(path, key, password)
    print_pairs([("key", key.public.name), ("for a policy", key.public.line)])


@click.command("sign")
@click.argument("folder", type=FILE, metavar="DIR")
@_key_option
def sign_pack(folder: Path, key: Path) -> None:
    """Sign the manifest of the pack in DIR as it stands, once every file of it was verified."""
    pack = ModelPack.open(folder, ANY)
    pack.verify()
    opened = secret_key(key)
    data = read_file(folder / MANIFEST, MANIFEST, MANIFEST_LIMIT)
    sign(folder, data, pack.name, opened)
    print_pairs([("pack", pack.name), ("manifest", pack.digest), ("signed by", opened.public.name)])
