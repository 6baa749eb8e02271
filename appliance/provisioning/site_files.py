"""The files that a document becomes in the site's folder, with their modes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.provisioning import people
from appliance.provisioning.document import Document

SEALED: Final = "release-keys"
"""Folder of the sealed keys for releases, for root alone."""


@dataclass(frozen=True, slots=True)
class SiteFile:
    """``broker``: whether it belongs to the broker's group, and not to root's."""

    data: bytes = field(repr=False)
    mode: int
    broker: bool = False


def site_files(
    document: Document, ids: Mapping[str, int], sealed: Mapping[str, bytes]
) -> dict[str, SiteFile]:
    """All files by their paths in the folder, as hardening/README.md describes them.

    ``ids``: of the people; ``sealed``: keys for releases, by their names.
    """
    tokens = "".join(f"{one.name}:{one.token}\n" for one in document.people if one.token)
    roles = "".join(f"{one.name}:{','.join(one.roles)}\n" for one in document.people if one.roles)
    files = {
        "policy.yaml": SiteFile(document.policy.encode(), 0o644),
        "tokens": SiteFile(tokens.encode(), 0o640, broker=True),
        "roles": SiteFile(roles.encode(), 0o640, broker=True),
    }
    if document.workspace_device is not None:
        files["workspace-device"] = SiteFile(f"{document.workspace_device}\n".encode(), 0o644)
    for name, data in people.records(ids).items():
        files[f"{people.FOLDER}/{name}"] = SiteFile(data, 0o644)
    for name, data in sealed.items():
        files[f"{SEALED}/{name}"] = SiteFile(data, 0o600)
    return files
