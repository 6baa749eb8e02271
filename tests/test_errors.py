"""Errors that cross from one process to another keep their class, message and hint."""

from __future__ import annotations

import pytest

from appliance.errors import ApplianceError, LedgerFullError, ModelError, restore_error
from appliance.inference.minisign import SignatureError


@pytest.mark.parametrize("kind", [ApplianceError, ModelError, LedgerFullError, SignatureError])
def test_an_error_is_restored_wherever_its_class_is_defined(kind: type[ApplianceError]) -> None:
    restored = restore_error(kind.__name__, "what was wrong", "what to do")
    assert type(restored) is kind
    assert (restored.message, restored.hint) == ("what was wrong", "what to do")
    assert restored.exit_code == kind.exit_code


@pytest.mark.parametrize("kind", ["", "KeyError", "SystemExit", "OfALaterVersionError", "__doc__"])
def test_a_class_that_is_not_ours_is_never_called(kind: str) -> None:
    restored = restore_error(kind, "what was wrong", "what to do")
    assert type(restored) is ApplianceError
    assert restored.message == "what was wrong"
