"""The errors that a person sees: what was wrong, with what, and what to do next."""

from __future__ import annotations

from typing import ClassVar


class ApplianceError(Exception):
    """Root of every expected failure.

    Neither ``message`` nor ``hint`` may hold a path, a person's name, pixels or an embedding:
    both are printed and may be logged.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(ApplianceError):
    """A photo or video that cannot be read, or whose format is not supported."""

    exit_code = 3


class NoFaceError(ApplianceError):
    """No face, not the chosen one, or several of which none was chosen, where one is needed."""

    exit_code = 4


class ModelError(ApplianceError):
    """A model pack or model file that is missing, altered, hostile or of the wrong family."""

    exit_code = 5


class ProviderError(ApplianceError):
    """None of the requested execution providers can run here."""

    exit_code = 6


class OutputError(ApplianceError):
    """The result cannot be written: no space, no permission, unsuitable container."""

    exit_code = 7


class PolicyError(ApplianceError):
    """A policy that cannot be read, is malformed, or weakens a fixed rule."""

    exit_code = 8


class LedgerError(ApplianceError):
    """The ledger is damaged, unreachable or full: what cannot be logged must not be done."""

    exit_code = 10


class LedgerFullError(LedgerError):
    """The disk of the ledger is full."""


class SealError(ApplianceError):
    """The process cannot be sealed here as the policy asks, or its seal does not hold."""

    exit_code = 9


class SessionError(ApplianceError):
    """A session that cannot be opened, used or closed."""

    exit_code = 11


class NotSamePersonError(ApplianceError):
    """Source and target show different people, which the policy does not allow."""

    exit_code = 13


class HandleError(ApplianceError):
    """What a simulation may not do: beyond its bounds, or where it is not honest."""

    exit_code = 14


class ReleaseError(ApplianceError):
    """A result that cannot be released, or one whose provenance is not trusted."""

    exit_code = 15


class WireError(ApplianceError):
    """A service of this machine that cannot be reached, or whose connection broke off."""

    exit_code = 12


class TpmError(ApplianceError):
    """A TPM that is missing, does not answer, or refuses what is asked of it."""

    exit_code = 16


class ResourceError(ApplianceError):
    """This process got too little memory, or may not start the threads that it needs."""
