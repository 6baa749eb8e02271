"""Measured settings: how many threads a network gets, and how many samples in a batch.

They are measured once, at provisioning (``appliance models import``, ``optimize`` and ``tune``), on
dummy input, and stored in one file of the user or the machine, which a run reads before it is
sealed and never writes::

    {"machine": "0c5f…", "packs": {"9a41…": {"cpu": {"generator": {"threads": 2, "batch": 1,
     "ms": 847.2, "form": "int8", "alone": "published"}}}}}

``machine`` is the SHA-256 of the text of ``machine.machine``; a pack is identified by the SHA-256
of its manifest. If the file is missing, unreadable or of another machine, every network has the
defaults, and a variant is tried on a GPU whenever it is loaded: only speed depends on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from appliance.errors import ModelError
from appliance.inference.forms import Form
from appliance.inference.importing import replace_file
from appliance.inference.machine import machine
from appliance.inference.manifest import Digest, Slug
from appliance.inference.pack import read_file

FILE = "tuning.json"
LIMIT = 1 << 20  # bytes
MAX_THREADS, MAX_SAMPLES = 1024, 64


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The best setting of a network. ``ms``: milliseconds for a sample with it.

    ``form``: the fastest of those that were found accurate on this provider, for batches of
    ``batch``; ``alone``: that for one sample. ``None``: it was measured by a version that did not
    compare forms.
    """

    threads: Annotated[int, msgspec.Meta(ge=1, le=MAX_THREADS)]
    batch: Annotated[int, msgspec.Meta(ge=1, le=MAX_SAMPLES)]
    ms: Annotated[float, msgspec.Meta(ge=0)]
    form: Form | None = None
    alone: Form | None = None

    def form_for(self, *, alone: bool) -> Form | None:
        """The form to run in batches, or where samples come ``alone``."""
        return self.alone if alone else self.form


Settings = Mapping[str, Setting]
"""By role."""


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. ``packs``: by the digest of the manifest, then by provider, then by role."""

    machine: Digest
    packs: dict[Digest, dict[Slug, dict[Slug, Setting]]] = {}


@dataclass(frozen=True, slots=True)
class Tuning:
    """The settings that were measured on this machine."""

    _kept: _Kept = field(default_factory=lambda: _Kept(_here()))

    @classmethod
    def read(cls, path: Path) -> Tuning:
        """From the file ``path``; empty if it is missing, unreadable or of another machine."""
        with suppress(ModelError, msgspec.DecodeError, RecursionError):
            kept = msgspec.json.decode(read_file(path, FILE, LIMIT), type=_Kept)
            if kept.machine == _here():
                return cls(kept)
        return cls()

    def setting(self, pack: str, provider: str, role: str) -> Setting | None:
        """The setting for ``role`` on ``provider`` of the pack with the digest ``pack``, if any."""
        return self._kept.packs.get(pack, {}).get(provider, {}).get(role)

    def with_settings(self, pack: str, provider: str, settings: Settings) -> Tuning:
        """A copy in which ``settings`` replace those of this pack on ``provider``."""
        of_pack = {**self._kept.packs.get(pack, {}), provider: dict(settings)}
        return Tuning(_Kept(self._kept.machine, {**self._kept.packs, pack: of_pack}))

    def write(self, path: Path) -> None:
        """Write the file ``path`` atomically. Raises ``OutputError`` if that fails."""
        replace_file(path, msgspec.json.format(msgspec.json.encode(self._kept)) + b"\n")


def _here() -> str:
    return hashlib.sha256(machine().encode()).hexdigest()
