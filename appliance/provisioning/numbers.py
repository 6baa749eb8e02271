"""The numbers of bundles in the TPM: the highest that was ever accepted on this machine.

A counter of the TPM cannot be set, and a new one starts where earlier ones have been. So the first
bundle also writes the difference between counter and number, once and for good; from then on
``counter - difference`` is the highest number that was accepted. Neither of the two is on the
disk: an old or empty disk does not change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.errors import TpmError
from appliance.tpm.counter import TpmCounter
from appliance.tpm.fixed_value import SIZE, FixedValue

COUNTER: Final = "0x01800101"
DIFFERENCE: Final = "0x01800103"

LONGEST_STEP: Final = 100
"""By how much a number may exceed the last: each step is a write to the TPM, which wears."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The two indexes of the TPM."""

    counter: TpmCounter
    difference: FixedValue

    @classmethod
    def of_machine(cls) -> Numbers:
        """Those of this machine's TPM."""
        return cls(TpmCounter(COUNTER), FixedValue(DIFFERENCE))

    def highest(self) -> int | None:
        """The highest number that was accepted; ``None`` if none was.

        Raises ``TpmError`` if the TPM does not answer, or has one of the two and not the other.
        """
        difference = self.difference.read()
        if difference is None:
            return None
        value = self.counter.read()
        if value is None:
            raise TpmError(
                "The TPM has lost the counter of bundles.", "Look who uses the TPM besides."
            )
        return value - int.from_bytes(difference, signed=True)

    def raise_to(self, number: int) -> None:
        """Let ``number`` be the highest. Does nothing if it is. Raises ``TpmError``."""
        highest = self.highest()
        if highest is None:
            self.counter.increment()
            value = self.counter.read()
            if value is None:
                raise TpmError("The TPM has no counter of bundles.", "Check that it works.")
            self.difference.write((value - number).to_bytes(SIZE, signed=True))
            return
        for _ in range(number - highest):
            self.counter.increment()
