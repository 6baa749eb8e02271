"""Makes the attempts in this process, under the given layers, and prints each answer.

python -m tests.escape.run WORKSPACE LAYER,LAYER… [ATTEMPT…]
"""

from __future__ import annotations

import errno
import json
import sys
import threading
from collections import Counter
from pathlib import Path

from appliance.kiosk.sealing import confine_screen, seal_screen
from appliance.seal import landlock, libc, seccomp
from appliance.seal.guard import Guard, TripwireError, TripwireImportError
from appliance.seal.seal import confine, seal
from tests.escape.attempts import ATTEMPTS, NEXT_TO_AN_OUTPUT, Attempt


def answer(attempt: Attempt, workspace: Path) -> str:
    """The name of the error, ``guard``, or ``done``."""
    try:
        attempt.call(workspace)
    except (TripwireError, TripwireImportError):
        return "guard"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error.errno))
    except Exception as error:  # noqa: BLE001 - it got past the layers and failed for another reason
        return type(error).__name__
    return "done"


def _apply(layers: set[str], workspace: Path) -> Guard | None:
    """Apply single layers, or all of them as the seal does."""
    if layers == {"command"}:
        # Like a command: no workspace, a folder for its output, no files opened after the seal.
        confinement = confine(readable=[Path(sys.prefix)], rename_only=[workspace])
        return seal(confinement, minimum=("seccomp", "landlock"), allow_open=False).guard
    if layers == {"seal"}:
        confinement = confine(readable=[Path(sys.prefix)], writable=[workspace])
        return seal(confinement, minimum=("seccomp", "landlock")).guard
    if layers == {"window"}:
        seal_screen(confine_screen())
        return None
    if layers == {"outputs"}:
        confine(readable=[], rename_only=[workspace])
        return None
    if "landlock" in layers:
        libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
        landlock.restrict([Path(sys.prefix)], [workspace], landlock.abi())
    if "seccomp" in layers:
        seccomp.restrict()
    if "guard" in layers:
        guard = Guard()
        guard.arm()
        return guard
    return None


def main() -> None:
    """See the module."""
    workspace, layers, names = Path(sys.argv[1]), set(sys.argv[2].split(",")), sys.argv[3:]
    older: dict[str, str] = {}
    go, done = threading.Event(), threading.Event()

    def older_thread() -> None:
        go.wait()
        older["socket: TCP"] = answer(ATTEMPTS["socket: TCP"], workspace)
        done.set()

    if layers == {"seccomp"}:
        threading.Thread(target=older_thread, daemon=True).start()
    guard = _apply(layers, workspace)
    answers, touches = {}, {}
    known = {**ATTEMPTS, **NEXT_TO_AN_OUTPUT}
    for name in names:
        before = guard.touches.copy() if guard else Counter()
        answers[name] = answer(known[name], workspace)
        touches[name] = list(guard.touches - before) if guard else []
    if layers == {"seccomp"}:
        go.set()
        done.wait(10)
    print(json.dumps({"answers": answers, "touches": touches, "older": older}))


if __name__ == "__main__":
    main()
