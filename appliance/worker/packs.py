"""The operator's model packs on this machine: those that may be used, and why others may not."""

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

NAME = r"\A[a-z0-9][a-z0-9-]{0,63}\Z"
"""The pattern of a folder's name, by which callers name the pack in it."""


@dataclass(frozen=True, slots=True)
class Packs:
    """By folder name: the trusted packs, and the errors that rule out the others."""

    trusted: Mapping[str, ModelPack]
    refused: Mapping[str, ModelError]

    @classmethod
    def find(cls, folder: Path, trust: Trust) -> Self:
        """Open the packs in ``folder``, each in a folder of its own; none if it does not exist.

        No model is read from a pack that is not signed by a trusted key.
        """
        trusted: dict[str, ModelPack] = {}
        refused: dict[str, ModelError] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if not re.match(NAME, path.name) or not path.is_dir():
                continue
            try:
                trusted[path.name] = ModelPack.open(path, trust)
            except ModelError as error:
                refused[path.name] = error
        return cls(trusted, refused)

    def get(self, name: str) -> ModelPack:
        """The pack of this name. Raises ``ModelError`` if it does not exist or is not trusted."""
        if (refused := self.refused.get(name)) is not None:
            raise ModelError(refused.message, refused.hint)
        if name not in self.trusted:
            raise ModelError(
                "There is no pack of this name on this machine.", "Call Packs for a list."
            )
        return self.trusted[name]


def offered(name: str, pack: ModelPack) -> worker_api.Pack:
    """A trusted pack as the answer of Packs lists it."""
    roles = [entry.role for entry in pack.entries]
    if not pack.has("generator"):
        return worker_api.Pack(name, roles)
    family = pack.entry("generator").family
    return worker_api.Pack(name, roles, family, CONTRACTS[family].image.side)
