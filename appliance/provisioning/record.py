"""What the machine knows of the bundle that is in force: a file in the site's folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from appliance.files.read import read_regular
from appliance.provisioning.document import Signer
from appliance.provisioning.problem import ProvisionError
from appliance.signatures.minisign import PublicKey

NAME: Final = "provisioned.json"
_LIMIT = 1 << 20  # bytes


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bundle, and what it became.

    ``digest``: SHA-256 of what was signed. ``user_ids``: of the people. ``files``: SHA-256 of each
    file in the folder but this one, by its path.
    """

    appliance: str
    number: Annotated[int, msgspec.Meta(ge=1)]
    digest: str
    trust: Literal["signers", "first-use"]
    signers: tuple[Signer, ...]
    user_ids: dict[str, int]
    files: dict[str, str]

    def keys(self) -> dict[str, PublicKey]:
        """The keys of those who may sign the next bundle, by their names."""
        return {one.name: PublicKey.parse(one.key) for one in self.signers}

    def encoded(self) -> bytes:
        """The bytes of its file."""
        return msgspec.json.encode(self)

    def deviations(self, folder: Path) -> list[str]:
        """The paths of files in ``folder`` that are missing or not what was applied."""
        return [name for name, digest in self.files.items() if _digest(folder / name) != digest]


def read_record(folder: Path) -> Record | None:
    """The record in ``folder``; ``None`` if there is none.

    Raises ``ProvisionError`` if it is damaged: nothing may then take the machine for a new one.
    """
    try:
        return msgspec.json.decode(read_regular(folder / NAME, _LIMIT), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ProvisionError(
            "The record of the present bundle cannot be read.",
            "Check the disk. If it is sound, reset the machine and apply a new bundle.",
        ) from error


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path, _LIMIT)).hexdigest()
    except OSError:
        return ""
