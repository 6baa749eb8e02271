"""How entries leave on a disc: logged first, then staged, then handed to the burner as a folder.

On the disc lies the bundle of :mod:`appliance.audit.export.bundle` in a folder of its own, and the
program that checks it next to that. The burner is believed in what it says of the medium: every
entry is proved, so that a burner that writes something else is found out when the disc is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from appliance.audit.entries.reader import LogLine, read_lines
from appliance.audit.export.attested import README as ATTESTED
from appliance.audit.export.attested import attested_files
from appliance.audit.export.bundle import PROOF, SUMS, bundle_files, prove_entry
from appliance.audit.tlog.reader import CHECKPOINT, LedgerReader
from appliance.audit.verification.verify import OutsideCheckpoint, verify_snapshot
from appliance.auditor.desk import Desk
from appliance.auditor.digest import Digest
from appliance.auditor.pages import lines_about
from appliance.auditor.stage import LEDGER, Stage
from appliance.errors import LedgerError, OutputError, WireError
from appliance.protocols import auditor_api as api
from appliance.protocols import burner_api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError

MOST_ENTRIES: Final = 50_000
"""Entries on a disc; their bundle takes some 250 MB of memory while it is made."""

VERIFIER: Final = "appliance-verify.py"

_README: Final = """\
Entries of the audit log, exported on {date}.

People, patients and imported files are pseudonyms, other files hashes. There is no name here.

ledger/                 the bundle; ledger/report.html is to be read, the rest to be checked
appliance-verify.py     checks it, with Python 3.11 and the package cryptography:
                          python3 appliance-verify.py ledger --key KEY
                        KEY: the public key of the log that the site gave you. The one in
                        ledger/log.vkey proves nothing: who changes this disc can change it too.
"""
_MAKING, _BURNING = 0.2, 0.8  # of the time


@dataclass(frozen=True, slots=True)
class Exporter:
    """``verifier``: the program that checks a bundle. ``clock``: seconds since 1970.

    ``attested``: the folder of what the record of a boot left.
    """

    stage: Stage
    desk: Desk
    verifier: bytes
    clock: Callable[[], float]
    attested: Path

    def export(
        self,
        wanted: api.Export,
        reader: LedgerReader,
        digest: Digest,
        outside: OutsideCheckpoint | None,
        progress: Callable[[float], None],
    ) -> api.Exporting:
        """Burn what is ``wanted`` of the ledger, whose snapshot ``reader`` is.

        ``progress`` is called with what is done, 0 to 1. Raises ``CallError`` if there is no disc,
        or a spoiled one, and ``LedgerError`` if the ledger is damaged.
        """
        lines = _selected(wanted, reader, digest)
        burner = self.desk.burner()
        if burner is None:
            raise refused("no-burner")
        with closing(Client(Connection(burner))) as at:
            now = int(self.clock())
            files, number = self._bundle(reader, lines, outside, progress)
            date = datetime.fromtimestamp(now, UTC)
            files[VERIFIER] = self.verifier
            attested = attested_files(self.attested)
            readme = _README.format(date=f"{date:%Y-%m-%d}") + (ATTESTED if attested else "")
            files |= {**attested, "README.txt": readme.encode()}
            burn = burner_api.Burn(f"AUDIT_{date:%Y%m%d}_{number}", now)
            try:
                with self.stage.filled(files) as folder:
                    burned = _followed(at, burn, folder, sum(map(len, files.values())), progress)
            except OutputError as full:
                raise refused("folder") from full
        return api.Exporting(1.0, len(lines), number, burned.sha256, burned.size)

    def _bundle(
        self,
        reader: LedgerReader,
        lines: Sequence[LogLine],
        outside: OutsideCheckpoint | None,
        progress: Callable[[float], None],
    ) -> tuple[dict[str, bytes], int]:
        """The files of the bundle by their paths on the disc, and the entry that records it."""
        verifier = reader.verifier()
        report = verify_snapshot(
            reader, verifier, outside, lambda done: progress(done * _MAKING / 2)
        )
        files = bundle_files(reader, reader.read(CHECKPOINT), lines, report)
        progress(_MAKING)
        sums = sha256(files[SUMS]).hexdigest()
        first, last = lines[0].entry.seq, lines[-1].entry.seq
        try:
            number = self.desk.log_export(first, last, len(lines), sums)
        except LedgerError as error:
            raise refused("ledger") from error
        after = LedgerReader(reader.folder).snapshot()
        line = next(read_lines(after, after.checkpoint(verifier), number))
        files[PROOF] = prove_entry(after, after.read(CHECKPOINT), line).encode()
        return {f"{LEDGER}/{name}": data for name, data in files.items()}, number


def refused(
    reason: api.ExportReason, needed: int | None = None, free: int | None = None
) -> CallError:
    """The error of the interface; sizes in bytes."""
    return CallError(api.error_name("NotExported"), api.NotExported(reason, needed, free))


def _selected(wanted: api.Export, reader: LedgerReader, digest: Digest) -> list[LogLine]:
    """The entries to export, at least one. Raises ``CallError`` or ``LedgerError``."""
    if wanted.session is None:
        every: Iterator[LogLine] = read_lines(reader, reader.checkpoint(reader.verifier()))
    else:
        every = iter(lines_about(digest, reader, wanted.session))
    since, until = wanted.since or 0, wanted.until
    between = (
        line
        for line in every
        if since <= line.entry.at and (until is None or line.entry.at < until)
    )
    lines = list(islice(between, MOST_ENTRIES + 1))
    if not lines:
        raise refused("nothing")
    if len(lines) > MOST_ENTRIES:
        raise refused("too-many")
    return lines


def _followed(
    burner: Client,
    wanted: burner_api.Burn,
    folder: int,
    smallest: int,
    progress: Callable[[float], None],
) -> burner_api.Burning:
    """Have ``burner`` write ``folder``, of which the disc has more than ``smallest`` bytes."""
    last = None
    try:
        for last, _ in burner.follow(
            f"{burner_api.NAME}.Burn", wanted, gives=burner_api.Burning, descriptors=[folder]
        ):
            progress(_MAKING + _BURNING * last.done)
    except CallError as error:
        raise _not_burned(error) from error
    except WireError as gone:  # how far it came cannot be known
        raise refused("spoiled") from gone
    if last is None or last.sha256 is None or last.size is None or last.size < smallest:
        raise refused("spoiled")
    return last


def _not_burned(error: CallError) -> CallError:
    reason: api.ExportReason = burner_api.REASONS.get(error.error.rpartition(".")[2], "spoiled")
    if reason == "too-small":
        raw = getattr(error.parameters, "json", b"")
        try:
            sizes = msgspec.json.decode(raw, type=burner_api.TooSmall)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return refused(reason)
        return refused(reason, sizes.needed, sizes.free)
    return refused(reason)
