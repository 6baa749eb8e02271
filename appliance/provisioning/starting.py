"""What happens to a bundle when the machine starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from appliance.audit.entries.events import ProvisioningRefused
from appliance.errors import ApplianceError
from appliance.provisioning.applying import Provisioning, digest_of_file
from appliance.provisioning.problem import ProvisionError
from appliance.provisioning.refusal import RefusedError
from appliance.provisioning.to_log import ToLog

Source = Callable[[], bytes | None]
"""A bundle, or ``None``. Raises ``ApplianceError``."""


class Outcome(Enum):
    """What a start may go on with."""

    USABLE = "usable"
    """What is in force now, or nothing yet."""
    UNUSABLE = "unusable"
    """Nothing: what is in force is old, or that is not certain."""
    RESET = "reset"
    """Nothing: all that the machine holds is to be erased, and then it starts as new."""


Say = Callable[[ApplianceError], None]


@dataclass(frozen=True, slots=True)
class Start:
    """``sources``: asked in their order, until one has a bundle. ``say``: for the journal."""

    provisioning: Provisioning
    to_log: ToLog
    say: Say

    def run(self, sources: Sequence[Source]) -> Outcome:
        """Take the first bundle that there is.

        A bundle that is refused changes nothing, so the machine goes on with what it has. On a disk
        that is too old, one that asks for a reset is the only way on.
        """
        usable = Outcome.USABLE
        try:
            self.provisioning.recover()
        except ApplianceError as error:
            self._refused(error, None)
            usable = Outcome.UNUSABLE
        data: bytes | None = None
        try:
            for source in sources:
                data = source()
                if data is not None:
                    return self._take(data, usable)
        except (RefusedError, ProvisionError) as error:
            self._refused(error, data)
        except ApplianceError as error:
            self.say(error)
            if data is not None:  # the TPM failed in the middle: the next start finishes
                return Outcome.UNUSABLE
        return usable

    def _take(self, data: bytes, usable: Outcome) -> Outcome:
        if self.provisioning.asks_for_reset(data):
            return Outcome.RESET
        if usable is Outcome.USABLE:
            self.provisioning.apply(data)
        return usable

    def _refused(self, error: ApplianceError, data: bytes | None) -> None:
        self.say(error)
        if isinstance(error, RefusedError):
            digest = None if data is None else digest_of_file(data)
            try:
                self.to_log.refused(ProvisioningRefused(error.reason, digest))
            except ProvisionError as full:
                self.say(full)
