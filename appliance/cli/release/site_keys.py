"""The folder with a site's anchor, and the certificate and key that sign its releases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from appliance.cli.process.input_files import open_input
from appliance.errors import OutputError
from appliance.files.output import PendingOutput
from appliance.files.reasons import reason_of
from appliance.release.provenance.identity import Identity
from appliance.release.provenance.signing_key import SigningKey

ANCHOR: Final = "anchor.pem"
_CHAIN, _KEY, _ANCHOR_KEY = "release.pem", "release.key", "anchor.key"
_LARGEST = 1 << 16  # bytes of a file of certificates


def write_site_keys(folder: Path, made: Identity) -> None:
    """Write ``made`` into a new ``folder`` for its owner alone. Raises ``OutputError``."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        hint = "Name a new one. A new anchor makes nothing trusted that the old one vouches for."
        raise OutputError("The folder for the keys exists already.", hint) from error
    except OSError as error:
        reason = reason_of(error)
        raise OutputError(f"The keys cannot be written: {reason.why}.", reason.hint) from error
    contents = {
        _ANCHOR_KEY: made.anchor_key,
        _KEY: made.key,
        _CHAIN: made.chain,
        ANCHOR: made.anchor,
    }
    for name, content in contents.items():
        with PendingOutput(os.path.join(folder, name)) as output:  # noqa: PTH118 - as it is taken
            output.file.write(content)
            output.commit()


def read_signing_key(folder: Path) -> SigningKey:
    """The key in ``folder``. Raises ``InputError`` or ``ReleaseError``."""
    chain = _content(folder / _CHAIN, "The certificate for releases")
    return SigningKey.from_pem(chain, _content(folder / _KEY, "The key for releases"))


def read_anchors(path: Path) -> str:
    """The anchors in the file ``path``, or in the folder that ``release keys`` made."""
    file = path / ANCHOR if path.is_dir() else path
    return _content(file, "The file of anchors").decode("ascii", "replace")


def _content(path: Path, what: str) -> bytes:
    with open_input(path, what) as file:
        return file.read(_LARGEST)
