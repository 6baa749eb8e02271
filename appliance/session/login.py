"""Authentication by a hardware token and its PIN, through PAM. There are no passwords.

PAM modules are the largest foreign code here. They run without privileges, in a child process for
each question (``python -m appliance.session.login``): what a module leaks or breaks ends with it,
and one that hangs is killed. Anything but a plain success denies.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from appliance.errors import SessionError

Method: TypeAlias = Literal["fido2", "piv"]
Denial: TypeAlias = Literal["no-token", "wrong-token", "no-touch", "locked-out", "error"]

# The PAM service for each kind of token; see hardening/pam.d.
SERVICES: dict[Method, str] = {"fido2": "appliance", "piv": "appliance-piv"}

_NAME = re.compile(r"\A[a-z][a-z0-9._-]{0,31}\Z")
_PATIENCE = 40.0  # seconds; a token waits 30 for a touch
_MAX_PIN = 64  # bytes: CTAP2 allows 63
_TOKENS = Path("/etc/appliance/tokens")
_HIDRAW = Path("/sys/class/hidraw")
_FIDO_USAGE_PAGE = bytes.fromhex("06d0f1")  # usage page 0xF1D0, HID item of 2 bytes

# Exit codes of the child.
_DENIED, _MAXTRIES, _BROKEN = 1, 2, 3

# Results of pam_authenticate(3), as Linux-PAM numbers them (_pam_types.h).
_PAM_PERM_DENIED = 6
_PAM_AUTH_ERR = 7
_PAM_AUTHINFO_UNAVAIL = 9
_PAM_USER_UNKNOWN = 10
_PAM_MAXTRIES = 11
_PAM_DENIALS = (_PAM_PERM_DENIED, _PAM_AUTH_ERR, _PAM_AUTHINFO_UNAVAIL, _PAM_USER_UNKNOWN)


def is_name(user: str) -> bool:
    """Whether this can be the name of a user. Anything else does not reach PAM."""
    return _NAME.match(user) is not None


def tokens() -> frozenset[str]:
    """The FIDO tokens that are plugged in, by the kernel's names of their devices."""
    if not _HIDRAW.is_dir():
        return frozenset()
    return frozenset(entry.name for entry in _HIDRAW.iterdir() if _is_fido(entry))


def has_one_token(user: str, registered: Path = _TOKENS) -> bool:
    """Whether exactly one token is registered for the user, so that the name implies the token.

    ``registered`` is pam_u2f's file: one line for each user, ``NAME:CREDENTIAL[:CREDENTIAL…]``.
    """
    try:
        lines = registered.read_text().splitlines()
    except OSError:
        return False
    return [line.count(":") for line in lines if line.partition(":")[0] == user] == [1]


def authenticate(
    user: str, pin: str, method: Method, prepare: Callable[[], None] = lambda: None
) -> Denial | None:
    """``None`` if the user's token, PIN and touch are right, otherwise the reason for the denial.

    ``prepare`` is called before PAM is asked, which takes a while; it is not called where the
    answer is known without PAM.
    """
    if not is_name(user) or not 0 < len(pin.encode()) <= _MAX_PIN or "\0" in pin:
        return "wrong-token"
    if method == "fido2" and not tokens():
        return "no-token"
    if method == "fido2" and not has_one_token(user):
        return "wrong-token"
    prepare()
    command = (sys.executable, "-I", "-m", "appliance.session.login", SERVICES[method], user)
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the name is checked above
            command,
            input=pin.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "no-touch"
    except OSError:
        return "error"
    denials: dict[int, Denial] = {_DENIED: "wrong-token", _MAXTRIES: "locked-out"}
    return None if done.returncode == 0 else denials.get(done.returncode, "error")


class BackOff:
    """After ``attempts`` failures a wait of ``first`` seconds, doubled by each further failure.

    Failures of all users together count as well, with five times as many attempts, against one PIN
    that is tried on many names. ``clock`` gives seconds and must not be settable.
    """

    _LONGEST = 3600.0
    _MOST_NAMES = 256

    def __init__(
        self, attempts: int, first: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._attempts = attempts
        self._first = first
        self._clock = clock
        self._failures: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def wait(self, user: str) -> float:
        """Seconds until this user may try; 0 if now."""
        now = self._clock()
        return max(0.0, *(self._until.get(name, 0.0) - now for name in (user, "")))

    def failed(self, user: str) -> None:
        """Count a failure of this user."""
        known = user in self._failures or len(self._failures) < self._MOST_NAMES
        # With too many names to count one by one, further ones are counted as one.
        for name, free in ((user if known else "", self._attempts), ("", 5 * self._attempts)):
            count = self._failures[name] = self._failures.get(name, 0) + 1
            if count >= free:
                wait = self._first * 2.0 ** min(count - free, 30)
                self._until[name] = self._clock() + min(self._LONGEST, wait)

    def succeeded(self, user: str) -> None:
        """Forget the failures of this user; the count of all users together stays."""
        self._failures.pop(user, None)
        self._until.pop(user, None)


def _is_fido(entry: Path) -> bool:
    try:
        return (entry / "device/report_descriptor").read_bytes().startswith(_FIDO_USAGE_PAGE)
    except OSError:
        return False  # pulled in the meantime


def _ask_pam(service: str, user: str) -> int:
    """In the child: read the PIN from stdin and return the exit code."""
    pin = os.read(0, _MAX_PIN + 1).decode()
    import pam  # type: ignore[import-untyped]  # noqa: PLC0415 - only the child loads libpam

    asked = pam.pam()
    if asked.authenticate(user, pin, service=service, resetcreds=False):
        return 0
    if asked.code == _PAM_MAXTRIES:
        return _MAXTRIES
    return _DENIED if asked.code in _PAM_DENIALS else _BROKEN


if __name__ == "__main__":
    try:
        sys.exit(_ask_pam(*sys.argv[1:]))
    except (SessionError, OSError, ValueError, ImportError):
        sys.exit(_BROKEN)
