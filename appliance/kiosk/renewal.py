"""A process for each session's window: what one had in its memory goes with it.

Python and Qt free memory without erasing it, so a reference that was typed, or the name of a
photo, would stay in a window that goes on. The process that starts windows shows nothing and hears
nothing: all that it learns is in which language the next one begins, by an exit code.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Final

from appliance.kiosk.words.catalogue import LANGUAGES, Language
from appliance.seal.libc import PR_SET_PDEATHSIG, prctl

_OVER: Final = 100  # the first of the codes of ``over``, one for each language; no other is as high
_KILLED: Final = 128  # and the number of the signal, as shells report it


def over(language: Language) -> int:
    """With which code a window ends after its session, which was in ``language`` at the end."""
    return _OVER + LANGUAGES.index(language)


def window_after_window(show: Callable[[Language], int], language: Language) -> int:
    """Run ``show`` in a process of its own, again after each session; the last exit code.

    ``show`` returns :func:`over`, or another code, which ends this. This process must have one
    thread. It ends with its window, and its window with it.
    """
    codes = {over(one): one for one in LANGUAGES}
    while True:
        window = os.fork()
        if not window:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            code = show(language)
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(window, 0)
        code = os.waitstatus_to_exitcode(status)
        if code not in codes:
            return code if code >= 0 else _KILLED - code
        language = codes[code]
