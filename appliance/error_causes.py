"""Errors from elsewhere as ours: of libraries that lack memory, and of other processes."""

from __future__ import annotations

import errno

from appliance.errors import ApplianceError, ResourceError

# What libraries say in exceptions that have no type of their own: C++'s allocator, the loader of
# libraries, OpenCV, ONNX Runtime and its providers.
_NO_MEMORY = (
    *("bad_alloc", "bad allocation", "cannot allocate memory", "failed to allocate memory"),
    *("failed to map segment", "insufficient memory", "out of memory", "not enough memory"),
    *("failed to allocate", "cannot apply additional memory protection"),
)
_NO_THREAD = ("can't start new thread", "resource temporarily unavailable", "thread constructor")
_ON_GPU = ("cuda", "cudnn", "cublas", "tensorrt")


def resource_error(error: BaseException) -> ResourceError | None:
    """What to say if ``error``, or an exception that it was raised from, is a lack of memory.

    A library that runs out of memory often fails as if its input were damaged, so the error that
    explains an input may have a lack of memory as its cause. ``None`` if there is no such cause.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if isinstance(link, ResourceError):
            return link
        if found := _resource_error(link, is_cause=link is not error):
            return found
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return None


def _resource_error(error: BaseException, *, is_cause: bool) -> ResourceError | None:
    if isinstance(error, ApplianceError):
        return None  # its words are ours, and speak of something else
    # Only compared, never printed: it may hold a path.
    text = str(error).lower()
    number = error.errno if isinstance(error, OSError) else None
    # A socket whose peer is busy answers EAGAIN too, which is explained where it is met.
    is_ffmpeg = type(error).__module__.startswith("av.")
    is_busy = is_cause and isinstance(error, OSError) and not is_ffmpeg
    if not is_busy and (number == errno.EAGAIN or any(words in text for words in _NO_THREAD)):
        return ResourceError(
            "No further thread or process can be started.",
            "Raise the limits on processes and memory of this user or container, or close other "
            "programs.",
        )
    if not (
        isinstance(error, MemoryError)
        or number == errno.ENOMEM
        or any(words in text for words in _NO_MEMORY)
    ):
        return None
    if any(words in text for words in _ON_GPU):
        return ResourceError(
            "The GPU has not enough free memory.",
            "Close other programs that use it, let fewer processes share it, or use another.",
        )
    return ResourceError(
        "There is not enough memory.",
        "Close other programs, raise the limit of this process or container, or use a smaller "
        "photo or video.",
    )


def restore_error(kind: str, message: str, hint: str) -> ApplianceError:
    """The error of class ``kind`` that another process raised and sent as three strings.

    A class that this process has not imported, or that does not exist, becomes its root: what a
    person reads is in ``message`` and ``hint``.
    """
    classes = [ApplianceError]
    for known in classes:  # grows while it is walked, until the whole family is in it
        classes += known.__subclasses__()
    return next((one for one in classes if one.__name__ == kind), ApplianceError)(message, hint)
