"""Keys that sign model packs: made, opened with their password, and those a policy trusts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from appliance.errors import ModelError, OutputError
from appliance.inference.minisign import TEXT_LIMIT, SecretKey, needs_password
from appliance.inference.pack import read_file
from appliance.inference.trust import Trust
from appliance.policy.policy import Policy

PUBLIC_SUFFIX = ".pub"


def policy_trust(policy: Policy) -> Trust:
    """Whose packs a policy lets in, under which licences; see :meth:`Trust.named`."""
    return Trust.named(policy.models.keys, policy.models.licences)


def inspection_trust(policy: Policy) -> Trust:
    """For commands that show nobody's photo to a pack: any pack, and who vouches for it."""
    return replace(policy_trust(policy), licences=None, unsigned=True)


def secret_key(path: Path) -> SecretKey:
    """The secret key in ``path``; asks for its password where it has one. Raises ModelError."""
    text = _text(path, "The secret key")
    password = None
    if needs_password(text):
        password = click.prompt("Password of the key", hide_input=True, err=True)
    return SecretKey.parse(text, password)


def write_keys(path: Path, key: SecretKey, password: str | None) -> Path:
    """``path`` with the secret key, for its owner alone, and beside it the public one.

    Gives the public one's place. Raises OutputError; a file that is there is never replaced.
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
                f"The key cannot be written: {error.strerror}.", "Name a file that is not there."
            ) from error
    return public


def _text(path: Path, what: str) -> str:
    try:
        return read_file(path, what, TEXT_LIMIT).decode()
    except UnicodeDecodeError as error:
        raise ModelError(f"{what} is not text.", "Take the file again.") from error
