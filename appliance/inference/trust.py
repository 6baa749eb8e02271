"""Which signers and licences of model packs are accepted.

Trust in a pack is trust in its manifest, which lists the hash of every file. A manifest is accepted
if its own digest is built into this version (the starter pack's), or if a trusted key has signed it
(``manifest.toml.minisig``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from appliance.errors import ModelError
from appliance.inference.manifest import ModelEntry
from appliance.signatures.minisign import PublicKey, SignatureError

STARTER_DIGEST = "d1d41ad7af80da0fce7b035266cf307200b8a0f391316113ba9dbb0258887000"
"""SHA-256 of ``models/starter/manifest.toml``: the pack that ships with this version."""

STARTER = "this version"
"""The name that stands for the signer of the starter pack."""


@dataclass(frozen=True, slots=True)
class Trust:
    """``keys``: the accepted signers. ``licences``: the accepted licences; ``None`` is all.

    ``unsigned``: whether packs without an accepted signature are opened too. That is for tools that
    inspect packs, and never for a process that is given a person's photo.
    """

    keys: tuple[PublicKey, ...] = ()
    licences: frozenset[str] | None = None
    unsigned: bool = False

    @classmethod
    def parse(cls, keys: Sequence[str], licences: Iterable[str]) -> Self:
        """From a policy's lists, the keys in minisign's text form.

        Raises ``SignatureError`` for text that is not a public key.
        """
        return cls(tuple(map(PublicKey.parse, keys)), frozenset(licences))

    def signer(self, manifest: bytes, signature: str | None) -> str | None:
        """The name of the key that signed ``manifest``, or STARTER.

        ``None`` for a pack that is opened although no trusted key signed it (see ``unsigned``).
        Raises ``SignatureError`` if it is not signed by a trusted key, or altered since.
        """
        if hashlib.sha256(manifest).hexdigest() == STARTER_DIGEST:
            return STARTER
        if signature is None:
            if self.unsigned:
                return None
            raise SignatureError(
                "The model pack is not signed.",
                "Sign it with `appliance models import`, on the machine that provisions this one.",
            )
        for key in self.keys:
            if key.signed(signature):
                key.verify(manifest, signature)
                return key.name
        if self.unsigned:
            return None
        raise SignatureError(
            "The model pack is signed, but by no key that is trusted here.",
            "Add the signer's public key to the policy (models.keys), if you trust it.",
        )

    def check_licences(self, entries: Iterable[ModelEntry]) -> None:
        """Raises ``ModelError`` for the first entry whose licence is not accepted."""
        for entry in entries:
            if self.licences is not None and entry.licence not in self.licences:
                accepted = ", ".join(sorted(self.licences)) or "none"
                raise ModelError(
                    f"{entry.file} is under the licence {entry.licence}, which is not accepted "
                    f"here; it may be used: {entry.use}.",
                    f"Accepted are: {accepted}. Use another model, or have the policy changed.",
                )


STARTER_ONLY = Trust()
"""Accepts the starter pack only."""

INSPECTION = Trust(unsigned=True)
"""Accepts every pack, to inspect it: see ``unsigned`` of :class:`Trust`."""
