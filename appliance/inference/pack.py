"""A model pack: a folder with a manifest, whose files are checked before they are used."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance import resources
from appliance.errors import ModelError
from appliance.files.read import open_regular
from appliance.inference import manifest
from appliance.inference.families import CONTRACTS, ROLES
from appliance.inference.graph import check_graph
from appliance.inference.manifest import ModelEntry, Precision, Variant
from appliance.inference.trust import STARTER_ONLY, Trust
from appliance.signatures import minisign

MANIFEST = manifest.MANIFEST
SIGNATURE = manifest.SIGNATURE
MANIFEST_LIMIT = 1 << 20  # bytes; the starter pack's has 4 KiB
FOLDER_VARIABLE = "APPLIANCE_MODELS"

_RETRY = "Copy the pack again from its source; if the message stays, do not use that source."


@dataclass(frozen=True, slots=True)
class ModelPack:
    """A folder of models whose manifest has been read and verified; its files have not."""

    name: str
    entries: tuple[ModelEntry, ...]
    variants: tuple[Variant, ...]
    digest: str
    """SHA-256 of the manifest in hex. It identifies the pack, since the manifest lists every file
    with its hash."""
    signer: str | None
    """The name of the key that signed it, see ``trust.Trust.signer``."""
    _folder: Path

    @classmethod
    def open(cls, folder: Path | None = None, trust: Trust = STARTER_ONLY) -> ModelPack:
        """The pack in ``folder``.

        ``None`` is the starter pack: the folder that ``APPLIANCE_MODELS`` names, otherwise
        the one that ships with the package. The manifest is parsed only after ``trust`` has
        accepted its signature; by default only the starter pack's is accepted.

        Raises ``SignatureError`` if the signature is missing or not accepted, and ``ModelError`` if
        there is no pack, or if its manifest is malformed, names a family this version does not
        know, or gives a family a role other than its own.
        """
        folder = folder if folder is not None else starter_folder()
        data = read_file(folder / MANIFEST, MANIFEST, MANIFEST_LIMIT)
        signer = trust.signer(data, _signature(folder))
        parsed = manifest.parse(data)
        for entry in parsed.entry:
            check_role(entry)
        trust.check_licences(parsed.entry)
        return cls(
            parsed.name,
            parsed.entry,
            parsed.variant,
            hashlib.sha256(data).hexdigest(),
            signer,
            folder,
        )

    def has(self, role: str) -> bool:
        """Whether any file plays ``role``."""
        return any(entry.role == role for entry in self.entries)

    def pack_for(self, role: str) -> ModelPack:
        """This pack; see :meth:`PackSet.pack_for`."""
        return self

    def entry(self, role: str) -> ModelEntry:
        """The entry that plays ``role``. Raises ``ModelError`` if the pack has none."""
        for entry in self.entries:
            if entry.role == role:
                return entry
        raise ModelError(
            f"The model pack {self.name!r} holds nothing for the role {role!r}.",
            "Use a pack that does, or leave out the step that needs it.",
        )

    def read(self, role: str) -> bytes:
        """The bytes of the file that plays ``role``, once their size and SHA-256 are right.

        The file is read once, and the bytes that were hashed are those that are returned: changing
        the file after the check has no effect.

        Raises ``ModelError`` if no entry has this role, or if the file is missing, truncated, too
        long or altered.
        """
        return self._read(self.entry(role))

    def variant(self, role: str, precisions: Sequence[Precision]) -> Variant | None:
        """The variant of the entry for ``role`` in the first of ``precisions`` that the pack has.

        Raises ``ModelError`` if no entry has this role.
        """
        parent = self.entry(role).sha256
        for precision in precisions:
            for variant in self.variants:
                if variant.parent == parent and variant.precision == precision:
                    return variant
        return None

    def read_variant(self, variant: Variant) -> bytes:
        """The verified bytes of ``variant``. Raises ``ModelError`` as ``read`` does."""
        return self._read(variant)

    def _read(self, listed: ModelEntry | Variant) -> bytes:
        data = read_file(self._folder / listed.file, listed.file, listed.size)
        if len(data) != listed.size:
            raise ModelError(
                f"{listed.file} has {len(data)} bytes, its manifest says {listed.size}.", _RETRY
            )
        found = hashlib.sha256(data).hexdigest()
        if found != listed.sha256:
            raise ModelError(
                f"{listed.file} has been altered: its SHA-256 is {found}, "
                f"its manifest says {listed.sha256}.",
                _RETRY,
            )
        return data

    def verify(self) -> None:
        """Read every file and check every network against its contract.

        Raises ``ModelError`` for the first file that fails.
        """
        for entry in self.entries:
            data = self.read(entry.role)
            if contract := CONTRACTS.get(entry.family):
                check_graph(data, contract, entry.file)
                for variant in self.variants:
                    if variant.parent == entry.sha256:
                        check_graph(
                            self.read_variant(variant),
                            contract,
                            variant.file,
                            fused=variant.kernels is not None,
                        )


@dataclass(frozen=True, slots=True)
class PackSet:
    """Several packs used as one: each role comes from the first pack that has it."""

    packs: tuple[ModelPack, ...]

    def has(self, role: str) -> bool:
        """Whether any file plays ``role``."""
        return any(pack.has(role) for pack in self.packs)

    def pack_for(self, role: str) -> ModelPack:
        """The first pack that has ``role``, else the last one, whose ``entry`` then raises."""
        return next((pack for pack in self.packs if pack.has(role)), self.packs[-1])


Models = ModelPack | PackSet
"""Where networks are loaded from."""


def _signature(folder: Path) -> str | None:
    """The text of the manifest's signature, or ``None`` if there is no such file."""
    try:
        return read_file(folder / SIGNATURE, SIGNATURE, minisign.TEXT_LIMIT).decode()
    except MissingFileError:
        return None
    except UnicodeDecodeError as error:
        raise ModelError("The signature of the model pack is not text.", _RETRY) from error


def starter_folder() -> Path:
    """The folder of the starter pack, which is used where no pack is named."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else resources.starter_pack()


def check_role(entry: ModelEntry) -> None:
    """Raises ``ModelError`` unless the family is known and plays the role it is listed for."""
    role = ROLES.get(entry.family)
    if role is None:
        raise ModelError(
            f"{entry.file} is of the family {entry.family!r}, which this version does not know.",
            f"Known families: {', '.join(sorted(ROLES))}.",
        )
    if role != entry.role:
        raise ModelError(
            f"{entry.file} is listed for the role {entry.role!r}, "
            f"but the family {entry.family!r} plays {role!r}.",
            "Ask the maker of the pack to correct its manifest.",
        )


class MissingFileError(ModelError):
    """A file of a pack that does not exist."""


def read_file(path: Path, name: str, limit: int) -> bytes:
    """The whole of a regular file of at most ``limit`` bytes, read through one descriptor.

    ``name`` stands for the file in messages. Raises ``MissingFileError`` if it does not exist, and
    ``ModelError`` if it is larger or not a regular file.
    """
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > limit:
                raise ModelError(f"{name} has {size} bytes, at most {limit} are expected.", _RETRY)
            return stream.read(limit + 1)
    except OSError as error:
        kind = MissingFileError if isinstance(error, FileNotFoundError) else ModelError
        # strerror, not str(error): the latter holds the path.
        raise kind(
            f"{name} of the model pack cannot be read: {error.strerror}.",
            f"Check that the pack is complete, or set {FOLDER_VARIABLE} to the folder of one.",
        ) from error
