"""The operator's packs on this machine: which may be used here, and why others may not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from appliance.errors import ModelError
from appliance.inference.families import CONTRACTS
from appliance.inference.pack import ModelPack
from appliance.inference.trust import Trust
from appliance.protocols import worker_api


@dataclass(frozen=True, slots=True)
class Packs:
    """By the name of their folder: those that are trusted, and what is wrong with the others."""

    trusted: Mapping[str, ModelPack]
    refused: Mapping[str, ModelError]

    @classmethod
    def find(cls, folder: Path, trust: Trust) -> Self:
        """Those in ``folder``, each a folder of its own; none where it is not there.

        Of a pack that nobody trusted has signed not one model is read.
        """
        trusted: dict[str, ModelPack] = {}
        refused: dict[str, ModelError] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if not re.match(worker_api.PACK_NAME, path.name) or not path.is_dir():
                continue
            try:
                trusted[path.name] = ModelPack.open(path, trust)
            except ModelError as error:
                refused[path.name] = error
        return cls(trusted, refused)

    def get(self, name: str) -> ModelPack:
        """The pack of this name; raises ``ModelError``, for one that is refused with the reason."""
        if (refused := self.refused.get(name)) is not None:
            raise ModelError(refused.message, refused.hint)
        if name not in self.trusted:
            raise ModelError(
                "There is no pack of this name on this machine.", "Ask which there are: Packs."
            )
        return self.trusted[name]


def offered(name: str, pack: ModelPack) -> worker_api.Pack:
    """A trusted pack as the answer of Packs lists it."""
    roles = [entry.role for entry in pack.entries]
    if not pack.has("generator"):
        return worker_api.Pack(name, roles)
    family = pack.entry("generator").family
    return worker_api.Pack(name, roles, family, CONTRACTS[family].image.side)
