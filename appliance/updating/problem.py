"""Why an update is refused, as one of the ledger's words and for a person to read."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from appliance.errors import ApplianceError

Reason: TypeAlias = Literal[
    "unreadable",
    "signature",
    "foreign",
    "older",
    "too-large",
    "altered",
    "unsteady",
    "slot",
    "esp",
    "disk",
    "tpm",
]
"""See ``events.UpdateRefused``, which has the same words."""

_WORDS: dict[Reason, tuple[str, str]] = {
    "unreadable": (
        "The update is cut short, or is no update.",
        "Obtain the file again, and check it with `appliance update check`.",
    ),
    "signature": (
        "The update is not signed by a key that this image trusts.",
        "Obtain it from the publisher of the image.",
    ),
    "foreign": ("The update is for another image.", "Obtain the one for this appliance."),
    "older": (
        "The update is not newer than what this machine has run.",
        "Obtain one with a higher number and a higher version.",
    ),
    "too-large": (
        "The update does not fit the place for it on the disk.",
        "Install the image anew, with larger slots.",
    ),
    "altered": (
        "A part of the update is not what was signed.",
        "Obtain the file again, and check it with `appliance update check`.",
    ),
    "unsteady": (
        "The update was read twice, and was not the same.",
        "Clean the disc, or have another one burned.",
    ),
    "slot": (
        "The disk does not hold what was written to it.",
        "Replace the disk: the running image is not touched.",
    ),
    "esp": (
        "The boot partition cannot be used for an update.",
        "Install the image anew if this happens again.",
    ),
    "disk": (
        "The disk with the two slots of the image cannot be used for an update.",
        "Updates need the running image and its disk as they were installed.",
    ),
    "tpm": (
        "The TPM does not say which image was the newest here.",
        "Check that it works (tpm2_getcap properties-fixed) and who owns it.",
    ),
}


class RefusedUpdateError(ApplianceError):
    """An update that is not installed, for a ``reason`` that the ledger has a word for."""

    exit_code: ClassVar[int] = 18  # errors.py is root's code: a keeper loads it

    def __init__(self, reason: Reason) -> None:
        super().__init__(*_WORDS[reason])
        self.reason = reason
