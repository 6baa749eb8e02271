"""A site that releases photos: keys, a ledger, and copies that are in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.audit.entries.events import (
    ReleaseApproved,
    ReleaseSigned,
)
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.release.facts import ReleaseFacts
from appliance.release.keys import ReleaseKeys, read_release_keys
from appliance.release.still import marked_still, signed_still
from tests.cli.conftest import CANARY, Call, Outcome
from tests.release.signed import photo

RESULT = hashlib.sha256(b"the result").hexdigest()


@dataclass
class Site:
    """Keys, a ledger, and what it takes to release photos with them."""

    folder: Path
    call: Call

    @property
    def keys_folder(self) -> Path:
        return self.folder / "keys"

    @property
    def keys(self) -> ReleaseKeys:
        return read_release_keys(self.keys_folder)

    def approve(self) -> int:
        with EmbeddedAudit() as audit:
            event = ReleaseApproved("0" * 16, 0, RESULT, "0" * 32)
            return audit.client.append(event).index

    def sign(self, number: int, data: bytes) -> None:
        with EmbeddedAudit() as audit:
            copy = hashlib.sha256(data).hexdigest()
            audit.client.append(ReleaseSigned(number, copy, "photo", "simulation"))

    def copy(self, number: int, *, keys: ReleaseKeys | None = None, mark: int = 0) -> bytes:
        """The file that leaves; ``mark``: another number in its pixels."""
        site = keys or self.keys
        marked = marked_still(photo(), "jpeg", mark or number, site.watermark)
        return signed_still(marked, "jpeg", ReleaseFacts(number, "simulation", ""), site.signing)

    def released(self, name: str = f"{CANARY}.jpg") -> Path:
        number = self.approve()
        data = self.copy(number)
        self.sign(number, data)
        return self.put(name, data)

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def burn(self, *files: Path, image: str = "disc.iso", more: Sequence[object] = ()) -> Outcome:
        target = ("--image", self.folder / image, "--keys", self.keys_folder)
        return self.call("release", "burn", *files, *target, *more)

    def events(self, kind: str) -> list[dict[str, object]]:
        shown = self.call("audit", "show", "--json").out
        events = [json.loads(line)["event"] for line in shown.splitlines()]
        return [event for event in events if event["kind"] == kind]


@pytest.fixture
def site(call: Call, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """With a ledger of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert call("release", "keys", folder / "keys", "--organisation", "A site").code == 0
    return Site(folder, call)
