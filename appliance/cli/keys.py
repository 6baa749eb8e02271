"""Keys that sign model packs: made, opened with their password, and the folder of trusted ones."""

from __future__ import annotations

import os
from pathlib import Path

import click

from appliance.errors import ModelError, OutputError
from appliance.inference.minisign import TEXT_LIMIT, PublicKey, SecretKey, needs_password
from appliance.inference.pack import read_file

FOLDER_VARIABLE = "APPLIANCE_KEYS"
FOLDER = Path("/etc/face-appliance/keys")
SUFFIX = ".pub"


def trusted_keys() -> tuple[PublicKey, ...]:
    """The public keys in the folder that ``APPLIANCE_KEYS`` names; none if it is not there.

    Raises ModelError for a file in it that is no key: a key that is silently not believed would
    be missed only when its packs are refused.
    """
    folder = Path(os.environ.get(FOLDER_VARIABLE) or FOLDER)
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise ModelError(
            f"The folder of trusted keys cannot be read: {error.strerror}.",
            f"Let the program read it, or name another with {FOLDER_VARIABLE}.",
        ) from error
    return tuple(PublicKey.parse(_text(path, "A trusted key")) for path in paths)


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
    public = path.with_suffix(SUFFIX)
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
