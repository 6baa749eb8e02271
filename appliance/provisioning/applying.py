"""A bundle is checked and put in force, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from appliance.provisioning.bundle import Bundle
from appliance.provisioning.document import Document
from appliance.provisioning.numbers import LONGEST_STEP, Numbers
from appliance.provisioning.people import user_ids
from appliance.provisioning.place import Place, digests
from appliance.provisioning.problem import ProvisionError
from appliance.provisioning.record import Record
from appliance.provisioning.refusal import RefusedError
from appliance.provisioning.site_files import site_files

Seal = Callable[[str, bytes], bytes]
"""From the name and content of a key to what only this machine can decrypt."""


@dataclass(frozen=True, slots=True)
class Provisioning:
    """``numbers``: those of the TPM, or ``None`` where the caller does without one."""

    place: Place
    numbers: Numbers | None
    seal: Seal

    def recover(self) -> Record | None:
        """Finish what a crash interrupted, at the start of the machine.

        Returns the record of what is in force; ``None`` if nothing is. Raises ``RefusedError`` if
        the disk is older than the TPM knows, ``TpmError`` and ``ProvisionError``.
        """
        staged, present = self.place.staged(), self.place.present()
        if staged is not None and self._may_finish(staged, present):
            self._raise_to(staged.number)
            self.place.switch()
            present = staged
        if present is not None:
            self._check_age(present)
            self.place.hand_out_release_keys()
        self.place.drop()
        return present

    def apply(self, data: bytes) -> Record | None:
        """Put the bundle in ``data`` in force; ``None`` if it is already.

        At the start of the machine ``recover`` comes first. Raises ``RefusedError`` if the bundle
        is not accepted, ``TpmError`` and ``ProvisionError``; then what was in force still is.
        """
        present = self.place.present()
        if present is not None:
            self._check_age(present)
        bundle = Bundle.parse(data)
        if present is not None and bundle.digest.hex() == present.digest:
            return None
        document, trust = self._accepted(bundle, present)
        if present is not None and document.factory_reset:
            raise ProvisionError(
                "The bundle has the machine erased first.",
                "Give it to the machine on a disc, and restart it.",
            )
        if not self.place.is_settled:
            raise ProvisionError(
                "A bundle was applied since the machine started.", "Restart it first."
            )
        ids = user_ids((one.name for one in document.people), present.user_ids if present else {})
        files = site_files(document, ids, self._sealed(document))
        record = Record(
            appliance=document.appliance,
            number=document.number,
            digest=bundle.digest.hex(),
            trust=trust,
            signers=document.signers,
            user_ids=ids,
            files=digests(files),
        )
        self.place.stage(record, files)
        self._raise_to(record.number)
        self.place.switch()
        self.place.hand_out_release_keys()
        return record

    def asks_for_reset(self, data: bytes) -> bool:
        """Whether the bundle in ``data`` has all erased that this machine holds.

        It is believed on a disk that is too old as well, which only this helps. Raises
        ``RefusedError`` if the bundle is not accepted, ``TpmError`` and ``ProvisionError``.
        """
        present = self.place.present()
        bundle = Bundle.parse(data)
        if present is None or bundle.digest.hex() == present.digest:
            return False
        document, _ = self._accepted(bundle, present)
        return document.factory_reset

    def _accepted(
        self, bundle: Bundle, present: Record | None
    ) -> tuple[Document, Literal["signers", "first-use"]]:
        """The sound document of ``bundle``, and who vouches for it. Raises ``RefusedError``."""
        document, trust = _trusted(bundle, present)
        self._check_number(document, present)
        document.check()
        return document, trust

    def _may_finish(self, staged: Record, present: Record | None) -> bool:
        """Whether ``staged`` is what a crash interrupted, and not a part of an old disk."""
        highest = self._highest()
        if self.numbers is None or (highest is None and present is None):
            return True
        return (
            highest is not None and (present.number if present else 0) <= highest <= staged.number
        )

    def _check_age(self, present: Record) -> None:
        if self.numbers is not None and self._highest() != present.number:
            raise RefusedError(
                "The settings on the disk are not the last that this machine accepted.",
                "Reset the machine, and provision it with a bundle of a higher number.",
                "rolled-back",
            )

    def _check_number(self, document: Document, present: Record | None) -> None:
        known = [number for number in (self._highest(), present and present.number) if number]
        if any(document.number <= number for number in known):
            raise RefusedError(
                "A bundle with this number or a higher one was accepted before.",
                "Make the bundle with a higher number.",
                "number",
            )
        if any(document.number > number + LONGEST_STEP for number in known):
            raise RefusedError(
                f"The number of the bundle is more than {LONGEST_STEP} above the last.",
                "Make the bundle with the next number.",
                "step",
            )

    def _highest(self) -> int | None:
        return None if self.numbers is None else self.numbers.highest()

    def _raise_to(self, number: int) -> None:
        if self.numbers is not None:
            self.numbers.raise_to(number)

    def _sealed(self, document: Document) -> Mapping[str, bytes]:
        if document.release is None:
            return {}
        return {name: self.seal(name, data) for name, data in document.release.files().items()}


def _trusted(
    bundle: Bundle, present: Record | None
) -> tuple[Document, Literal["signers", "first-use"]]:
    """The document of ``bundle``, which is parsed only once two of the present signers signed it.

    Where there are none it names its own signers, so it is parsed first. Raises ``RefusedError``.
    """
    if present is None:
        document = Document.decoded(bundle.line)
        bundle.check_signed(document.signer_keys(), "of the people that it names")
        return document, "first-use"
    bundle.check_signed(present.keys(), "of the people that the present bundle names")
    document = Document.decoded(bundle.line)
    if document.appliance != present.appliance:
        raise RefusedError(
            "The bundle is for another appliance.", "Apply it to that one.", "appliance"
        )
    return document, "signers"


def digest_of_file(data: bytes) -> str:
    """How the ledger names a file that was refused."""
    return hashlib.sha256(data).hexdigest()
