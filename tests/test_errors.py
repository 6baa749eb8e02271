"""Errors that cross from one process to another keep their class, message and hint."""

from __future__ import annotations

import errno

import av
import cv2
import numpy as np
import pytest

from appliance.error_causes import resource_error, restore_error
from appliance.errors import ApplianceError, InputError, LedgerFullError, ModelError, ResourceError
from appliance.signatures.minisign import SignatureError


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


class RuntimeException(Exception):  # noqa: N818 - as ONNX Runtime calls it
    """An exception of a library that has no type for a lack of memory."""


def raised_from(cause: Exception) -> ApplianceError:
    """An error of ours that explains an input, with ``cause`` behind it."""
    error = InputError("The video is damaged.", "Copy it again.")
    error.__cause__ = cause
    return error


LACKS = [
    MemoryError(),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    av.error.MemoryError(errno.ENOMEM, "Cannot allocate memory"),
    ImportError("cv2.abi3.so: failed to map segment from shared object"),
    cv2.error("OpenCV(4.14.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9"),
    RuntimeException("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"),
    RuntimeError("can't start new thread"),
    av.error.BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
]


@pytest.mark.parametrize("error", LACKS, ids=lambda error: type(error).__name__)
def test_a_lack_of_memory_is_found_behind_what_a_library_says(error: Exception) -> None:
    for shown in (error, raised_from(error)):
        lacking = resource_error(shown)
        assert isinstance(lacking, ResourceError)
        assert lacking.exit_code == 1


@pytest.mark.parametrize(
    "error",
    [
        ValueError("/home/out of the way"),
        OSError(errno.ENOSPC, "No space left on device"),
        ImportError("No module named 'gone'"),
        cv2.error("OpenCV(4.14.0) resize.cpp:4155: error: (-215:Assertion failed) !ssize.empty()"),
        av.error.InvalidDataError(1094995529, "Invalid data found when processing input"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_failures_are_not_taken_for_it(error: Exception) -> None:
    assert resource_error(error) is None
    assert resource_error(raised_from(error)) is None


def test_a_busy_socket_is_explained_where_it_is_met() -> None:
    assert resource_error(raised_from(BlockingIOError(errno.EAGAIN, "busy"))) is None


def test_our_own_words_are_not_searched() -> None:
    assert resource_error(InputError("Not enough memory cards.", "Out of memory cards.")) is None


def test_numpy_says_it_with_a_type_of_its_own() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty(1 << 60, np.uint8)
    assert resource_error(caught.value) is not None
