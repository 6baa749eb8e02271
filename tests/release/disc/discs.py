"""Folders as they become discs, of copies that were really released."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from appliance.audit import standalone
from appliance.release.disc.manifest import DiscLedger
from appliance.release.disc.tree import Copy, DiscTexts, disc_label, write_tree
from appliance.release.facts import ReleaseFacts
from appliance.release.keys import ReleaseKeys
from appliance.release.record import ReleaseRecord
from appliance.release.still import released_still
from tests.release.signed import WATERMARK_KEY, ecdsa_site, identity, photo, signing_key

MADE: Final = 1_764_500_000_123  # ms since 1970


def site_keys() -> ReleaseKeys:
    return ReleaseKeys(signing_key(), WATERMARK_KEY, identity("Hospital").anchor)


def ecdsa_keys() -> ReleaseKeys:
    """Such as a smart card has."""
    made, key = ecdsa_site()
    return ReleaseKeys(key, WATERMARK_KEY, made.anchor)


@cache
def _content(number: int) -> bytes:
    facts = ReleaseFacts(number, "simulation", "")
    return released_still(photo(), "jpeg", facts, signing_key(), WATERMARK_KEY)


def copy(number: int = 12) -> Copy:
    """Number ``number``, released and signed."""
    data = _content(number)
    record = ReleaseRecord(
        number=number,
        engine="simulation",
        media="photo",
        kind="jpeg",
        result=hashlib.sha256(b"the result").hexdigest(),
        copy=hashlib.sha256(data).hexdigest(),
        size=len(data),
        signed=MADE - 1000,
    )
    return record, io.BytesIO(data)


def write(
    folder: Path,
    copies: list[Copy],
    extra: Mapping[str, bytes] | None = None,
    ledger: DiscLedger | None = None,
    keys: ReleaseKeys | None = None,
) -> Path:
    folder.mkdir()
    label = disc_label([record for record, _ in copies] or [copy()[0]])
    texts = DiscTexts(label, MADE, Path(standalone.__file__).read_bytes(), ledger=ledger)
    write_tree(folder, copies, extra or {}, keys or site_keys(), texts)
    return folder


def anchor(folder: Path, organisation: str = "Hospital") -> Path:
    """What a recipient got by another way."""
    path = folder / f"{organisation}.pem"
    path.write_bytes(identity(organisation).anchor)
    return path
