"""What this machine runs, as hashes: its image, the policy in force, its packs of models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import msgspec

from appliance.errors import ApplianceError
from appliance.files.read import read_regular
from appliance.policy.load import load

COMMAND_LINE: Final = Path("/proc/cmdline")
IMAGE: Final = Path("/usr/lib/appliance/image.json")
MANIFEST: Final = "manifest.toml"

_LIMIT: Final = 1 << 20  # bytes of a file
# The one option of the kernel's command line by which systemd finds the image's partitions;
# systemd-veritysetup-generator(8).
_ROOT_HASH: Final = re.compile(r"(?:\A|\s)roothash=([0-9a-f]{64})(?=\s|\Z)")


class Image(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the image says of itself. ``roothash``: of the verified file system, if it has one."""

    version: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,4}(\.[0-9]{1,4}){1,3}\Z")] | None = (
        None
    )
    number: Annotated[int, msgspec.Meta(ge=0, le=1 << 32)] | None = None
    roothash: str | None = None


@dataclass(frozen=True, slots=True)
class PackDigest:
    """SHA-256 over ``count`` packs, in hex; see ``packs_digest``."""

    digest: str
    count: int


def running_image() -> Image:
    """What is known of the image; all of it may be missing on a machine that has none."""
    try:
        found = msgspec.json.decode(read_regular(IMAGE, _LIMIT), type=Image)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        found = Image()
    try:
        hashes = _ROOT_HASH.findall(COMMAND_LINE.read_text())
    except (OSError, UnicodeDecodeError):
        hashes = []
    # With two of them, which one counts is not for us to guess.
    root = hashes[0] if len(hashes) == 1 else None
    return Image(found.version, found.number, root)


def policy_digest(path: Path) -> str | None:
    """The digest by which the ledger names the policy; ``None`` if there is no valid one."""
    try:
        return load(path).digest
    except ApplianceError:
        return None


def packs_digest(folders: Sequence[Path]) -> PackDigest | None:
    """SHA-256 of the packs in ``folders``, or ``None`` if there is none.

    A pack is a folder with a manifest, or a folder of such folders. It is over the SHA-256 of each
    manifest in hex, sorted, each followed by a line feed. The name of a pack plays no part.
    """
    manifests = {
        path
        for folder in folders
        for path in (folder / MANIFEST, *sorted(folder.glob(f"*/{MANIFEST}")))
    }
    found = sorted(filter(None, map(_file_digest, manifests)))
    if not found:
        return None
    return PackDigest(sha256("".join(f"{one}\n" for one in found).encode()).hexdigest(), len(found))


def _file_digest(path: Path) -> str | None:
    try:
        return sha256(read_regular(path, _LIMIT)).hexdigest()
    except OSError:
        return None
