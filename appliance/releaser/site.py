"""The keys of the site, as systemd decrypted them for this service, and how long they last."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from appliance.errors import ApplianceError, ReleaseError
from appliance.release.keys import ReleaseKeys, read_release_keys


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """``keys``, or why there are none. ``until``: when the certificate expires."""

    keys: ReleaseKeys | ApplianceError
    until: dt.datetime

    @classmethod
    def read(cls, folder: Path) -> SiteKeys:
        """Those in ``folder``; what is wrong with them is said when they are asked for."""
        try:
            keys = read_release_keys(folder)
            certificate = x509.load_pem_x509_certificate(keys.signing.chain.encode())
        except ApplianceError as missing:
            return cls(missing, dt.datetime.min.replace(tzinfo=dt.UTC))
        return cls(keys, certificate.not_valid_after_utc)

    def get(self, now: dt.datetime) -> tuple[ReleaseKeys, int]:
        """The keys, and how many whole days they have left. Raises ``ReleaseError``."""
        if isinstance(self.keys, ApplianceError):
            raise self.keys
        if self.until <= now:
            raise ReleaseError(
                "The certificate for releases has expired.",
                "Make a new one with `appliance release keys`, and install it.",
            )
        return self.keys, (self.until - now).days
