"""Why a disc was not burned."""

from __future__ import annotations

from typing import Literal, TypeAlias

from appliance.errors import OutputError

Stage: TypeAlias = Literal["write", "close", "read", "compare"]
Reason: TypeAlias = Literal["folder", "program", "no-drive", "not-blank", "rewritable", "too-small"]

_SPOILED = "The disc is spoiled: destroy it, as there may be pictures on it, and take a blank one."
_LOST = "What was written is deleted. Free space or choose another place, then try again."


class DiscError(OutputError):
    """Nothing was written, for the ``reason`` given. ``needed``, ``free``: bytes, if too small."""

    def __init__(
        self, reason: Reason, message: str, hint: str, *, needed: int = 0, free: int = 0
    ) -> None:
        super().__init__(message, hint)
        self.reason = reason
        self.needed, self.free = needed, free


class SpoiledError(OutputError):
    """It went wrong at ``stage``, after writing had begun; an image is deleted then."""

    def __init__(self, stage: Stage, *, disc: bool) -> None:
        what = "disc" if disc else "image"
        message = {
            "write": f"The {what} could not be written.",
            "close": f"The {what} could not be closed.",
            "read": f"The {what} could not be read back.",
            "compare": f"What was read back from the {what} is not what was to be written.",
        }[stage]
        super().__init__(message, _SPOILED if disc else _LOST)
        self.stage = stage


def not_blank() -> DiscError:
    """There is something on the disc, or it is closed."""
    return DiscError(
        "not-blank",
        "The disc in the drive is not blank.",
        "Put in a blank disc; nothing is ever added to one that was written.",
    )


def rewritable() -> DiscError:
    """What is written on this kind of disc could be changed later."""
    return DiscError(
        "rewritable",
        "What is written on this kind of disc could be changed later.",
        "Put in a blank disc that can be written once: CD-R, DVD-R, DVD+R or BD-R.",
    )


def no_drive() -> DiscError:
    """There is no drive, or no disc in it."""
    return DiscError(
        "no-drive",
        "There is no drive that can write, or no disc in it.",
        "Check the drive, and put in a blank disc.",
    )


def too_small(needed: int, free: int) -> DiscError:
    """The files need ``needed`` bytes; the medium has ``free``."""
    message = f"The disc is too small: {needed >> 20} MiB are needed, {free >> 20} MiB are free."
    hint = "Put in a larger one, or release fewer results on one disc."
    return DiscError("too-small", message, hint, needed=needed, free=free)


def bad_folder(why: str) -> DiscError:
    """The folder to be burned holds something that may not be on a disc."""
    return DiscError(
        "folder",
        f"The files cannot be put on a disc: {why}.",
        "Make the folder for the disc again.",
    )


def no_program() -> DiscError:
    """The program is missing."""
    return DiscError(
        "program", "The program xorriso is missing or does not run.", "Install xorriso."
    )
