"""The key by which a TPM vouches for its own registers, and the quotes that it signs.

The key is a primary key of the endorsement hierarchy, made from the TPM's own seed by a fixed
template. So it is the same each time, also after its owner cleared the TPM, and nothing of it is
kept on the disk. It is *restricted*: it signs nothing but what the TPM itself made.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from appliance.errors import TpmError
from appliance.tpm.tools import run

PCRS: Final = (0, 1, 2, 3, 4, 5, 6, 7, 11, 12)
"""The registers that are quoted, of the bank of SHA-256.

0 to 7: firmware, boot loader and Secure Boot. 11: the image and the phases of its start. 12: the
kernel's command line and credentials that came from outside the image.
"""

_SELECTION: Final = "sha256:" + ",".join(map(str, PCRS))
_ATTRIBUTES: Final = "restricted|sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth"
_SIZE: Final = 32  # bytes of a register
# An extension between quote and reading makes the two disagree; there are few of them in a boot.
_TRIES: Final = 5
# NV indices of certificates of endorsement keys; TCG EK Credential Profile 2.5, section 2.2.1.
_CERTIFICATES: Final = ("0x01c0000a", "0x01c00002")  # of NIST P-256 and of RSA 2048
_CERTIFICATE_SIZE: Final = 2048  # bytes; one index holds no more on most TPMs


@dataclass(frozen=True, slots=True)
class Quote:
    """What the TPM signed. ``message``: a TPMS_ATTEST. ``signature``: ECDSA in DER."""

    message: bytes
    signature: bytes
    pcrs: Mapping[int, bytes]


class AttestationKey:
    """The key in a TPM that answers; see ``attestation_key``. ``public``: its TPMT_PUBLIC."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._context = os.fspath(folder / "key.context")
        options = ("-C", "e", "-g", "sha256", "-G", "ecc256:ecdsa-sha256:null", "-a", _ATTRIBUTES)
        _checked("tpm2_createprimary", *options, "-c", self._context)
        at = folder / "key.public"
        _checked("tpm2_readpublic", "-c", self._context, "-f", "tss", "-o", os.fspath(at))
        self.public = at.read_bytes()[2:]  # without the size of TPM2B_PUBLIC

    @property
    def fingerprint(self) -> str:
        """SHA-256 of ``public`` in hex: what the TPM calls the key's name, without its prefix."""
        return sha256(self.public).hexdigest()

    def pcrs(self) -> dict[int, bytes]:
        """The values of ``PCRS`` now. Raises ``TpmError``."""
        into = self._folder / "registers"
        _checked("tpm2_pcrread", _SELECTION, "-o", os.fspath(into))
        data = into.read_bytes()
        if len(data) != _SIZE * len(PCRS):
            raise TpmError("The TPM has no registers of SHA-256.", "Activate them in the firmware.")
        return {pcr: data[n * _SIZE : (n + 1) * _SIZE] for n, pcr in enumerate(PCRS)}

    def quote(self, nonce: bytes) -> Quote:
        """The registers ``PCRS`` and ``nonce``, signed. Raises ``TpmError``."""
        message, signature = self._folder / "message", self._folder / "signature"
        into = ("-m", os.fspath(message), "-s", os.fspath(signature), "-f", "plain")
        what = ("-l", _SELECTION, "-q", nonce.hex(), "-g", "sha256")
        for _ in range(_TRIES):
            _checked("tpm2_quote", "-c", self._context, *what, *into)
            pcrs = self.pcrs()
            quoted = message.read_bytes()
            if quoted.endswith(sha256(b"".join(pcrs.values())).digest()):
                return Quote(quoted, signature.read_bytes(), pcrs)
        raise TpmError("The TPM's registers keep changing.", "Try again when the boot is over.")


@contextmanager
def attestation_key() -> Iterator[AttestationKey]:
    """The key, as long as the block lasts. Raises ``TpmError`` if no TPM answers."""
    with tempfile.TemporaryDirectory() as folder:
        yield AttestationKey(Path(folder))


def endorsement_certificate() -> bytes | None:
    """The certificate that the TPM's maker put into it, as DER, if there is one.

    Raises ``TpmError`` if the tools cannot be run.
    """
    for index in _CERTIFICATES:
        done = run("tpm2_nvread", "-C", "o", index)
        if done.returncode == 0 and 0 < len(done.stdout) <= _CERTIFICATE_SIZE:
            return done.stdout
    return None


def _checked(tool: str, *options: str) -> None:
    if run(tool, *options).returncode != 0:
        raise TpmError(
            "The TPM does not answer, or does not sign.",
            "Check that it works (tpm2_getcap properties-fixed), and that its endorsement "
            "hierarchy has no password.",
        )
