"""The record of a boot: what the machine started with, in the ledger, and a quote over its head.

First the facts are logged, then the ledger is compared with the counter in the TPM, and what was
found is logged too. Then the TPM signs its registers together with the head of the ledger that
holds all of this, and the quote is left for the auditor's discs: see ``BootFiles``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import msgspec

from appliance.attestation.document import attest, nonce_of
from appliance.attestation.measured import (
    Image,
    PackDigest,
    packs_digest,
    policy_digest,
    running_image,
)
from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.fields import Measured
from appliance.audit.export.attested import ATTESTATION, ATTESTED_CHECKPOINT
from appliance.audit.service.client import AuditClient
from appliance.audit.tlog.reader import CHECKPOINT, LedgerReader
from appliance.audit.verification.rollback import Counts, compare_counts
from appliance.errors import OutputError, TpmError
from appliance.files.atomic import publish
from appliance.tpm.attestation_key import AttestationKey, attestation_key
from appliance.tpm.counter import TpmCounter

BOOT: Final = "boot.json"

_TRIES: Final = 4  # there are as many phases of a start
_MEASURED: Final[dict[str, Measured]] = {name: name for name in get_args(Measured)}


class BootResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the doctor reads. ``tpm``: whether one answered. ``boot``: the id of the boot."""

    boot: str
    tpm: bool
    logged: int | None = None
    counted: int | None = None
    rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the machine runs, as far as it is there."""

    image: Image
    policy: str | None
    packs: PackDigest | None

    def events(self) -> list[AnyEvent]:
        """An event for each fact, also for one that is not there."""
        packs = self.packs
        of_packs = (None, None) if packs is None else (packs.digest, packs.count)
        return [
            events.BootMeasured("image", self.image.roothash, self.image.number),
            events.BootMeasured("policy", self.policy),
            events.BootMeasured("packs", *of_packs),
        ]


def facts(policy: Path, packs: Sequence[Path]) -> Facts:
    """What this machine runs."""
    return Facts(running_image(), policy_digest(policy), packs_digest(packs))


@dataclass(frozen=True, slots=True)
class BootRecord:
    """``folder``: for what is left; ``boot``: the id of this boot."""

    client: AuditClient
    reader: LedgerReader
    counter: TpmCounter
    folder: Path
    boot: str

    def write(self, known: Facts) -> BootResult:
        """Log ``known``, the TPM's registers, and whether the ledger was rolled back.

        Without a TPM that answers, that is logged as well. Raises ``LedgerError`` if the ledger
        cannot be read or written, ``OutputError``, or ``TpmError`` if the TPM stops answering.
        """
        with ExitStack() as stack:
            try:
                key = stack.enter_context(attestation_key())
                pcrs = {str(pcr): value.hex() for pcr, value in key.pcrs().items()}
                counts = compare_counts(self.reader, self.counter)
            except TpmError:
                self.client.append_all([*known.events(), events.BootMeasured("attestation-key")])
                return self._leave(BootResult(self.boot, tpm=False), {})
            if counts.rolled_back:  # on its own: on a full disk there is room for an alarm only
                self.client.append(events.LedgerRolledBack(counts.logged, counts.counted))
            own = events.BootMeasured("attestation-key", key.fingerprint)
            return self._leave(
                _result(self.boot, counts), self._attested([*known.events(), own], key, pcrs)
            )

    def _attested(
        self, first: list[AnyEvent], key: AttestationKey, pcrs: Mapping[str, str]
    ) -> dict[str, bytes]:
        """The files of a quote over a ledger that has ``first`` and the registers that it signs."""
        image, logged = running_image(), [*first, *map(_register, pcrs.items())]
        for _ in range(_TRIES):
            self.client.append_all(logged)
            note = self.reader.read(CHECKPOINT)
            made = attest(key, nonce_of(note), image)
            # Something may have been measured since: the next phase of the start.
            logged = [_register(one) for one in made.pcrs.items() - pcrs.items()]
            if not logged:
                return {ATTESTATION: made.encode(), ATTESTED_CHECKPOINT: note}
            pcrs = made.pcrs
        raise TpmError("The TPM's registers keep changing.", "Restart the record of the boot.")

    def _leave(self, result: BootResult, files: dict[str, bytes]) -> BootResult:
        try:
            publish(self.folder, {**files, BOOT: msgspec.json.encode(result)})
        except OSError as error:
            raise OutputError(
                "What the boot record leaves cannot be written.",
                "See RuntimeDirectory= in the unit of the boot record.",
            ) from error
        return result


def _result(boot: str, counts: Counts) -> BootResult:
    return BootResult(
        boot,
        tpm=True,
        logged=counts.logged,
        counted=counts.counted,
        rolled_back=counts.rolled_back,
    )


def _register(read: tuple[str, str]) -> AnyEvent:
    pcr, value = read
    return events.BootMeasured(_MEASURED[f"pcr-{pcr}"], value)
