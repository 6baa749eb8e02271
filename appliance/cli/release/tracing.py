"""From a copy that left to its record, and to the proof that the ledger holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from appliance.audit import standalone
from appliance.audit.entries import canonical
from appliance.audit.entries.events import Event, ReleaseApproved, ReleaseBegun, ReleaseSigned
from appliance.audit.entries.reader import LogLine, read_lines
from appliance.audit.export.bundle import prove_entry
from appliance.audit.tlog.reader import CHECKPOINT, LedgerReader
from appliance.audit.tlog.signed_note import Verifier
from appliance.errors import ReleaseError
from appliance.files.read import read_regular
from appliance.files.reasons import reason_of
from appliance.release.disc.manifest import MANIFEST, Manifest, proof_names
from appliance.release.disc.signature import SIGNATURE, open_signed
from appliance.release.record import ReleaseRecord

How: TypeAlias = Literal["approved", "begun"]

_LARGEST = 1 << 24  # bytes of a list or a proof
_NOT_SO = "The proof on the disc does not hold."


class Proof(msgspec.Struct, frozen=True):
    """What a ledger is proved to hold of a release.

    ``how``: approved by a second person, or begun without one. ``result``: SHA-256 of what was
    released. ``copy``: of what left, and ``engine``, by ``release-signed``; both ``None`` if the
    ledger has no such entry for this copy. ``log``: the ledger's public key.
    """

    how: How
    result: str
    copy: str | None
    engine: str | None
    log: str


def record_on_disc(
    disc: Path, anchors: str, copy: str, number: int | None
) -> tuple[Manifest, ReleaseRecord | None]:
    """The list of ``disc``, and the record of the file with the SHA-256 ``copy`` or that number.

    Raises ``ReleaseError`` if the list cannot be read, or no anchor vouches for it.
    """
    listed = open_signed(_read(disc / MANIFEST), _read(disc / SIGNATURE), anchors)
    records = [one.record for one in listed.releases]
    same = [one for one in records if one.copy == copy]
    return listed, next(iter(same or [one for one in records if one.number == number]), None)


def proof_on_disc(disc: Path, vkey: str, number: int, copy: str) -> Proof | None:
    """What the proofs on ``disc`` say of a release, against the log ``vkey``; ``None`` without.

    Raises ``ReleaseError`` if a proof does not hold.
    """
    names = proof_names(number)
    if not all((disc / name).is_file() for name in names):
        return None
    proved = []
    for name in names:
        try:
            found = standalone.open_proof(_read(disc / name), standalone.parse_key(vkey))
        except (standalone.Unsound, ValueError) as error:
            raise ReleaseError(_NOT_SO, "Ask the site; do not rely on this disc.") from error
        proved.append((found.index, canonical.decode(found.entry).event))
    (index, beginning), (_, signed) = proved
    if index != number:
        raise ReleaseError(_NOT_SO, "Ask the site; do not rely on this disc.")
    return _proof(beginning, signed, number, copy, vkey)


def proof_in_ledger(ledger: Path, vkey: str | None, number: int, copy: str) -> Proof | None:
    """What the ``ledger`` of the site holds of a release; ``None`` if it has none of that number.

    Both entries are proved to be below the log's signed head, by ``vkey`` or the key in the ledger.
    Raises ``LedgerError`` if it is damaged.
    """
    store = LedgerReader(ledger).snapshot()
    verifier = store.verifier() if vkey is None else Verifier.parse(vkey)
    head = store.checkpoint(verifier)
    if number >= head.size:
        return None
    lines = read_lines(store, head, number)
    first = next(lines, None)
    if first is None or first.entry.seq != number:
        return None
    signed = next((line for line in lines if _is_signed(line, number, copy)), None)
    note = store.read(CHECKPOINT)
    for line in (first, signed):
        if line is not None:
            prove_entry(store, note, line)
    event = None if signed is None else signed.entry.event
    return _proof(first.entry.event, event, number, copy, verifier.vkey)


def _is_signed(line: LogLine, number: int, copy: str) -> bool:
    event = line.entry.event
    return isinstance(event, ReleaseSigned) and (event.number, event.copy) == (number, copy)


def _proof(
    beginning: Event, signed: Event | None, number: int, copy: str, log: str
) -> Proof | None:
    if not isinstance(beginning, ReleaseApproved | ReleaseBegun):
        return None
    how: How = "approved" if isinstance(beginning, ReleaseApproved) else "begun"
    if isinstance(signed, ReleaseSigned) and (signed.number, signed.copy) == (number, copy):
        return Proof(how, beginning.result, signed.copy, signed.engine, log)
    return Proof(how, beginning.result, None, None, log)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, _LARGEST)
    except OSError as error:
        reason = reason_of(error)
        raise ReleaseError(
            f"The list or a proof on the disc cannot be read: {reason.why}.",
            "Name the root of a disc, or of an exported folder.",
        ) from error
