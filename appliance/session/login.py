"""Who is there: a hardware token and its PIN, asked through PAM. There is no password.

PAM modules are the largest foreign code here. They run without root's power, in a child that ends
with the question (``python -m appliance.session.login``): what one leaks or breaks goes with it,
and one that hangs is killed. Whatever is not a plain success denies.
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

# The service of PAM that asks for this kind of token: hardening/pam.d.
SERVICES: dict[Method, str] = {"fido2": "appliance", "piv": "appliance-piv"}

_NAME = re.compile(r"\A[a-z][a-z0-9._-]{0,31}\Z")
_PATIENCE = 40.0  # seconds; a token asks for a touch for 30
_MAX_PIN = 64  # bytes: CTAP2 allows 63
_TOKENS = Path("/etc/appliance/tokens")
_HIDRAW = Path("/sys/class/hidraw")
_FIDO_USAGE_PAGE = bytes.fromhex("06d0f1")  # usage page 0xF1D0, HID item of 2 bytes

_DENIED, _MAXTRIES, _BROKEN = 1, 2, 3
_PAM_AUTH_ERR, _PAM_MAXTRIES = 7, 11  # _pam_types.h
_PAM_DENIALS = (_PAM_AUTH_ERR, 6, 9, 10)  # also permission, unavailable, unknown user


def is_name(user: str) -> bool:
    """Whether this can be the name of a user; nothing else reaches PAM."""
    return _NAME.match(user) is not None


def tokens() -> frozenset[str]:
    """The FIDO tokens that are plugged in, by the kernel's names of their devices."""
    if not _HIDRAW.is_dir():
        return frozenset()
    return frozenset(entry.name for entry in _HIDRAW.iterdir() if _is_fido(entry))


def has_one_token(user: str, registered: Path = _TOKENS) -> bool:
    """Whether exactly one token is registered for the user, so that the user means that token.

    The file is pam_u2f's: one line a user, ``NAME:CREDENTIAL[:CREDENTIAL…]``.
    """
    try:
        lines = registered.read_text().splitlines()
    except OSError:
        return False
    return [line.count(":") for line in lines if line.partition(":")[0] == user] == [1]


def authenticate(
    user: str, pin: str, method: Method, asking: Callable[[], None] = lambda: None
) -> Denial | None:
    """``None`` if the user's token, PIN and touch are right, else why not.

    ``asking`` is called where it is not plain at once, before PAM is asked, which takes a while.
    """
    if not is_name(user) or not 0 < len(pin.encode()) <= _MAX_PIN or "\0" in pin:
        return "wrong-token"
    if method == "fido2" and not tokens():
        return "no-token"
    if method == "fido2" and not has_one_token(user):
        return "wrong-token"
    asking()
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
    """After some failures each further one doubles the wait before the next try.

    It counts for all users together too, five times as patiently, so that nobody tries one PIN on
    many names. ``attempts``: failures before the first wait, of ``first`` seconds. ``clock`` gives
    seconds that nobody can set back.
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
        """Seconds until this user may try."""
        now = self._clock()
        return max(0.0, *(self._until.get(name, 0.0) - now for name in (user, "")))

    def failed(self, user: str) -> None:
        """This user did not get in."""
        known = user in self._failures or len(self._failures) < self._MOST_NAMES
        # Somebody makes up names: from here on they all are one.
        for name, free in ((user if known else "", self._attempts), ("", 5 * self._attempts)):
            count = self._failures[name] = self._failures.get(name, 0) + 1
            if count >= free:
                wait = self._first * 2.0 ** min(count - free, 30)
                self._until[name] = self._clock() + min(self._LONGEST, wait)

    def succeeded(self, user: str) -> None:
        """This user got in: forget the failures of that name; those of all stay counted."""
        self._failures.pop(user, None)
        self._until.pop(user, None)


def _is_fido(entry: Path) -> bool:
    try:
        return (entry / "device/report_descriptor").read_bytes().startswith(_FIDO_USAGE_PAGE)
    except OSError:
        return False  # pulled meanwhile


def _ask_pam(service: str, user: str) -> int:
    """In the child: the PIN comes on stdin, the answer is the exit code."""
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
