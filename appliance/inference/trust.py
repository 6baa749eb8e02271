"""Whose model packs may be loaded, and under which licences.

A pack is trusted for its manifest, which names every byte of it: either this version knows the
manifest's digest (the starter pack's), or a trusted key has signed it (``manifest.toml.minisig``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from appliance.errors import ModelError
from appliance.inference.manifest import ModelEntry
from appliance.inference.minisign import PublicKey, SignatureError

STARTER_DIGEST = "4a00581369c8b9349032d15312bc3870181311f0cba4c8febdff9db712dfcb60"
"""SHA-256 of ``models/starter/manifest.toml``: the package vouches for the pack it comes with."""

STARTER = "this version"
"""Who vouches for the starter pack."""


@dataclass(frozen=True, slots=True)
class Trust:
    """``keys``: who may have signed. ``licences``: the accepted ones; ``None`` accepts all.

    ``unsigned``: whether a pack that nobody vouches for is opened too. That is for tools that look
    at packs; nothing that is given a person's photo may say so.
    """

    keys: tuple[PublicKey, ...] = ()
    licences: frozenset[str] | None = None
    unsigned: bool = False

    @classmethod
    def parse(cls, keys: Sequence[str], licences: Iterable[str]) -> Self:
        """Whose keys and which licences a site names, the keys as text.

        Raises ModelError for a key that is none.
        """
        return cls(tuple(map(PublicKey.parse, keys)), frozenset(licences))

    def signer(self, manifest: bytes, signature: str | None) -> str | None:
        """Who vouches for ``manifest``: a key's name, STARTER, or ``None`` if nobody has to.

        Raises SignatureError.
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
            "Name the signer's public key in the policy (models.keys), if it deserves that.",
        )

    def check_licences(self, entries: Iterable[ModelEntry]) -> None:
        """Raises ModelError for the first entry whose licence is not accepted."""
        for entry in entries:
            if self.licences is not None and entry.licence not in self.licences:
                accepted = ", ".join(sorted(self.licences)) or "none"
                raise ModelError(
                    f"{entry.file} is under the licence {entry.licence}, which is not accepted "
                    f"here; it may be used: {entry.use}.",
                    f"Accepted are: {accepted}. Use another model, or have the policy changed.",
                )


STARTER_ONLY = Trust()
"""The starter pack alone."""

INSPECTION = Trust(unsigned=True)
"""For looking at packs; see :class:`Trust`."""
