"""Keys that sign model packs: creating them, opening them, and which ones a policy trusts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from appliance.errors import ModelError, OutputError
from appliance.inference.pack import read_file
from appliance.inference.trust import Trust
from appliance.policy.policy import Policy
from appliance.signatures.minisign import TEXT_LIMIT, SecretKey, needs_password

PUBLIC_SUFFIX = ".pub"


def policy_trust(policy: Policy) -> Trust:
    """The signers and licences that a policy accepts; see :meth:`Trust.named`."""
    return Trust.parse(policy.models.keys, policy.models.licences)


def inspection_trust(policy: Policy) -> Trust:
    """Accepts every pack, and still reports its signer: for commands that show it no photo."""
    return replace(policy_trust(policy), licences=None, unsigned=True)


def secret_key(path: Path) -> SecretKey:
    """The secret key in ``path``; prompts for its password if it has one.

    Raises ``ModelError``.
    """
    text = _text(path, "The secret key")
    password = None
    if needs_password(text):
        password = click.prompt("Password of the key", hide_input=True, err=True)
    return SecretKey.parse(text, password)


def write_keys(path: Path, key: SecretKey, password: str | None) -> Path:
    """Write the secret key to ``path``, readable by its owner only, and the public key next to it.

    Returns the path of the public key. Existing files are never replaced. Raises ``OutputError``.
    """
    public = path.with_suffix(PUBLIC_SUFFIX)
    for target, text, mode in (
        (path, key.text(password), 0o600),
        (public, key.public.text(), 0o644),
    ):
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(target, flags, mode), "w") as stream:
                stream.write(text)
        except OSError as error:
            raise OutputError(
                f"The key cannot be written: {error.strerror}.",
                "Name a file that does not exist yet, in a folder you may write to.",
            ) from error
    return public


def _text(path: Path, what: str) -> str:
    try:
        return read_file(path, what, TEXT_LIMIT).decode()
    except UnicodeDecodeError as error:
        raise ModelError(f"{what} is not a text file.", "Copy it from its origin again.") from error
