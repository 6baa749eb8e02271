"""What happens to a bundle when the machine starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliance.audit.entries.events import ProvisioningRefused
from appliance.errors import ApplianceError
from appliance.provisioning.applying import Provisioning, digest_of_file
from appliance.provisioning.problem import ProvisionError
from appliance.provisioning.refusal import RefusedError
from appliance.provisioning.to_log import ToLog

Source = Callable[[], bytes | None]
"""A bundle, or ``None``. Raises ``ApplianceError``."""

Say = Callable[[ApplianceError], None]


@dataclass(frozen=True, slots=True)
class Start:
    """``sources``: asked in their order, until one has a bundle. ``say``: for the journal."""

    provisioning: Provisioning
    to_log: ToLog
    say: Say

    def run(self, sources: Sequence[Source]) -> bool:
        """Whether what is in force may be used: not if it is old, or that is not certain.

        A bundle that is refused changes nothing, so the machine goes on with what it has.
        """
        try:
            self.provisioning.recover()
        except ApplianceError as error:
            self._refused(error, None)
            return False
        return self._apply(sources)

    def _apply(self, sources: Sequence[Source]) -> bool:
        data: bytes | None = None
        try:
            for source in sources:
                data = source()
                if data is not None:
                    self.provisioning.apply(data)
                    break
        except (RefusedError, ProvisionError) as error:
            self._refused(error, data)
        except ApplianceError as error:
            self.say(error)
            return data is None  # the TPM failed in the middle: the next start finishes
        return True

    def _refused(self, error: ApplianceError, data: bytes | None) -> None:
        self.say(error)
        if isinstance(error, RefusedError):
            digest = None if data is None else digest_of_file(data)
            try:
                self.to_log.refused(ProvisioningRefused(error.reason, digest))
            except ProvisionError as full:
                self.say(full)
