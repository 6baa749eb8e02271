"""What lies on the disc of a session: its copies, as DICOM too, and what the ledger has of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from appliance.audit.entries import canonical, events
from appliance.audit.export.for_disc import audit_files
from appliance.audit.service.client import AuditClient
from appliance.audit.tlog.proofs import TlogProof
from appliance.audit.tlog.reader import VKEY
from appliance.audit.tlog.signed_note import Verifier
from appliance.errors import LedgerError, ReleaseError
from appliance.files.output import as_output_error
from appliance.pipeline.media.photo.decode import MAX_PHOTO_BYTES
from appliance.release.dicom.files import DicomOptions, can_be_dicom, dicom_files
from appliance.release.disc.manifest import DiscLedger, proof_names
from appliance.release.disc.tree import Copy, DiscTexts, write_tree
from appliance.release.keys import ReleaseKeys
from appliance.release.record import ReleaseRecord
from appliance.releaser.outbox import Outbox


@dataclass(frozen=True, slots=True)
class SessionProofs:
    """The proof of each entry of a session, and the ledger's public key, as a vkey."""

    proofs: Sequence[TlogProof]
    vkey: str

    @classmethod
    def from_ledger(cls, ledger: AuditClient) -> SessionProofs:
        """What the daemon proves to this releaser. Raises ``LedgerError`` or ``ReleaseError``."""
        try:
            indexes = ledger.entries()
            proved = [ledger.prove_entry(index) for index in indexes]
        except LedgerError as error:
            raise LedgerError(
                "The ledger does not prove what was released in this session.",
                "If its daemon was started again since, release the results once more in another "
                "session; else see its journal.",
            ) from error
        keys = {one.vkey for one in proved}
        if len(keys) != 1:
            raise _not_in_ledger()
        return cls([TlogProof.parse(one.proof.encode()) for one in proved], keys.pop())

    @property
    def ledger(self) -> DiscLedger:
        """The name of the ledger, and its key."""
        return DiscLedger(Verifier.parse(self.vkey).name, self.vkey)

    def of_releases(self, records: Sequence[ReleaseRecord]) -> Mapping[str, bytes]:
        """For each of ``records`` the proof of its approval, and of its copy; and the key.

        Raises ``ReleaseError`` if the ledger has one of them otherwise.
        """
        approved: dict[int, tuple[events.ReleaseApproved, TlogProof]] = {}
        signed: dict[tuple[int, str], TlogProof] = {}
        for proof in self.proofs:
            event = canonical.decode(proof.entry).event
            if isinstance(event, events.ReleaseApproved):
                approved[proof.index] = event, proof
            elif isinstance(event, events.ReleaseSigned):
                signed[event.number, event.copy] = proof
        files = {f"ledger/{VKEY}": f"{self.vkey}\n".encode()}
        for record in records:
            begun, copy = approved.get(record.number), signed.get((record.number, record.copy))
            if begun is None or copy is None or begun[0].result != record.result:
                raise _not_in_ledger()
            of_number, of_copy = proof_names(record.number)
            files[of_number] = begun[1].encode()
            files[of_copy] = copy.encode()
        return files


@dataclass(frozen=True, slots=True)
class DiscWriter:
    """``verifier``: the program that checks a disc. ``now``: milliseconds since 1970."""

    outbox: Outbox
    keys: ReleaseKeys
    verifier: bytes
    now: Callable[[], int]

    def write(
        self,
        folder: Path,
        session: str,
        records: Sequence[ReleaseRecord],
        label: str,
        proofs: SessionProofs,
    ) -> int:
        """Fill ``folder`` with what a disc holds; when, in milliseconds since 1970.

        Raises ``ReleaseError``, ``LedgerError`` or ``OutputError``.
        """
        made = self.now()
        extra = {
            **proofs.of_releases(records),
            **audit_files(proofs.proofs, proofs.vkey),
            **self._dicom(session, records),
        }
        texts = DiscTexts(label, made, self.verifier, ledger=proofs.ledger)
        with ExitStack() as stack:
            copies: list[Copy] = [
                (record, stack.enter_context(self._opened(session, record))) for record in records
            ]
            write_tree(folder, copies, extra, self.keys, texts)
        return made

    def _dicom(self, session: str, records: Sequence[ReleaseRecord]) -> Mapping[str, bytes]:
        """JPEGs once more, as archives take them. All of one session are one study."""
        stills = [
            (record, self._read(session, record)) for record in records if can_be_dicom(record)
        ]
        return dicom_files(stills, DicomOptions(session=session)) if stills else {}

    def _read(self, session: str, record: ReleaseRecord) -> bytes:
        with self._opened(session, record) as file:
            return file.read(MAX_PHOTO_BYTES)

    def _opened(self, session: str, record: ReleaseRecord) -> BinaryIO:
        try:
            return cast(BinaryIO, self.outbox.path_of(session, record.number).open("rb"))
        except OSError as error:
            raise as_output_error(error) from error


def _not_in_ledger() -> ReleaseError:
    return ReleaseError(
        "The ledger of this session does not have what is to be burned.",
        "Release the results once more; see the journal of the audit daemon.",
    )
