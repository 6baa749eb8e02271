"""What a result has in another form than its target, so that a report can name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conversion:
    """One property of the picture that was converted.

    ``what``: the property: codec-independent words such as ``chroma``, ``depth`` or ``size``.
    ``before``: as the target has it. ``after``: as it was written.
    """

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        """As words: ``chroma 4:4:4 to 4:2:0``."""
        return f"{self.what} {self.before} to {self.after}"


def depth_conversion(before: int, after: int) -> Conversion:
    """Fewer bits for each sample."""
    return Conversion("depth", f"{before} bits", f"{after} bits")
