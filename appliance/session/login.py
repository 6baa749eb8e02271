"""Authentication by a hardware token and its PIN, through PAM. There are no passwords.

PAM modules are the largest foreign code here. They run without privileges, in a child process for
each question (``python -m appliance.session.login``): what a module leaks or breaks ends with it,
and one that hangs is killed. Anything but a plain success denies.
"""

from __future__ import annotations

import getpass
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal, TypeAlias

from appliance.errors import SessionError

Method: TypeAlias = Literal["fido2", "piv"]
Denial: TypeAlias = Literal[
    "no-token", "several-tokens", "wrong-token", "no-touch", "locked-out", "error"
]

# The PAM service for each kind of token; see hardening/pam.d.
SERVICES: dict[Method, str] = {"fido2": "appliance", "piv": "appliance-piv"}

_NAME = re.compile(r"\A[a-z][a-z0-9._-]{0,31}\Z")
_PATIENCE = 40.0  # seconds; a token waits 30 for a touch
_TYPING = 120.0  # seconds, for a person at a terminal
_MAX_PIN = 64  # bytes: CTAP2 allows 63
TOKENS = Path("/etc/appliance/tokens")
_HIDRAW = Path("/sys/class/hidraw")
_FIDO_USAGE_PAGE = bytes.fromhex("06d0f1")  # usage page 0xF1D0, HID item of 2 bytes

_AT_TERMINAL = "at-terminal"  # a word to the child

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


def has_one_token(user: str, registered: Path = TOKENS) -> bool:
    """Whether exactly one token is registered for the user, so that the name implies the token.

    ``registered`` is pam_u2f's file: one line for each user, ``NAME:CREDENTIAL[:CREDENTIAL…]``.
    """
    try:
        lines = registered.read_text().splitlines()
    except OSError:
        return False
    return [line.count(":") for line in lines if line.partition(":")[0] == user] == [1]


def tokens_of(user: str, registered: Path = TOKENS) -> int:
    """How many tokens are registered for ``user``, as far as that can be seen."""
    try:
        lines = registered.read_text().splitlines()
    except (OSError, ValueError):
        return 0
    return sum(line.count(":") for line in lines if line.partition(":")[0] == user)


def is_registered(user: str, registered: Path = TOKENS) -> bool:
    """Whether ``user`` may have a token, as the file says; also if that cannot be seen."""
    try:
        lines = registered.read_text().splitlines()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return any(line.partition(":")[0] == user for line in lines)


def names(registered: Path = TOKENS) -> frozenset[str]:
    """Who has a line in the file of tokens; nobody where it cannot be read."""
    try:
        lines = registered.read_text().splitlines()
    except (OSError, ValueError):
        return frozenset()
    return frozenset(name for name in (line.partition(":")[0] for line in lines) if is_name(name))


def share_a_token(one: str, other: str, registered: Path = TOKENS) -> bool:
    """Whether two names have the same credential, or that cannot be seen.

    A credential is ``HANDLE,KEY,…``; either alone says that it is the same token's. A token that
    was registered twice has two of them: such names cannot be told apart here, but only one of them
    can be in a session while the other logs in, as the token that holds a session is left out.
    """
    try:
        lines = registered.read_text().splitlines()
    except (OSError, ValueError):
        return True
    parts = {
        name: {part for line in lines if line.partition(":")[0] == name for part in _parts(line)}
        for name in (one, other)
    }
    return not parts[one] or not parts[other] or bool(parts[one] & parts[other])


def _parts(line: str) -> set[str]:
    """The handles and keys of a line of pam_u2f's file."""
    credentials = line.split(":")[1:]
    return {part for one in credentials for part in one.split(",")[:2] if len(part) > 1}


def authenticate(
    user: str, pin: str, method: Method, prepare: Callable[[], None] = lambda: None
) -> Denial | None:
    """``None`` if the user's token, PIN and touch are right, otherwise the reason for the denial.

    ``prepare`` is called before PAM is asked, which takes a while; it is not called where the
    answer is known without PAM.
    """
    if not 0 < len(pin.encode()) <= _MAX_PIN or "\0" in pin:
        return "wrong-token"
    if (hopeless := _denied_unasked(user, method)) is not None:
        return hopeless
    prepare()
    return _denied_by_pam(user, method, pin.encode(), _PATIENCE)


def authenticate_at_terminal(
    user: str, method: Method, prepare: Callable[[], None] = lambda: None
) -> Denial | None:
    """As :func:`authenticate`; the child asks for the PIN on this process's terminal.

    So the PIN is never in a process that goes on to do something else.
    """
    if (hopeless := _denied_unasked(user, method)) is not None:
        return hopeless
    prepare()
    return _denied_by_pam(user, method, None, _PATIENCE + _TYPING)


def _denied_unasked(user: str, method: Method) -> Denial | None:
    """The denial where PAM cannot let ``user`` in."""
    if not is_name(user):
        return "wrong-token"
    if method == "fido2" and not tokens():
        return "no-token"
    return "wrong-token" if method == "fido2" and not has_one_token(user) else None


def _denied_by_pam(user: str, method: Method, pin: bytes | None, patience: float) -> Denial | None:
    """What the child answers, which asks for the PIN if there is none."""
    words = (_AT_TERMINAL,) if pin is None else ()
    command = (sys.executable, "-I", "-m", "appliance.session.login", SERVICES[method], user)
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the caller has checked the name
            (*command, *words),
            input=b"" if pin is None else pin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "no-touch"
    except OSError:
        return "error"
    denials: dict[int, Denial] = {_DENIED: "wrong-token", _MAXTRIES: "locked-out"}
    return None if done.returncode == 0 else denials.get(done.returncode, "error")


@dataclass(slots=True)
class _Failures:
    """How many failures of a name count at ``at``, and ``until`` when it has to wait."""

    count: float
    at: float
    until: float = 0.0


class BackOff:
    """After ``attempts`` failures of a name a wait of ``first`` seconds, doubled by each further.

    It is a rate, not a total: for each hour after the wait one failure less counts. Each name has
    its own, so that failing in one name makes no other wait. ``clock`` gives seconds and must not
    be settable. For several threads.

    The memory is bounded. Where more names fail than fit, the one with the fewest failures is
    forgotten.
    """

    _LONGEST = 3600.0  # seconds, of a wait, and until one failure less counts
    _MOST_DOUBLED = 12  # times, after which any ``first`` has become the longest wait
    _MOST_NAMES = 256

    def __init__(
        self, attempts: int, first: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._attempts = attempts
        self._first = first
        self._clock = clock
        self._failures: dict[str, _Failures] = {}
        self._lock = Lock()

    def wait(self, user: str) -> float:
        """Seconds until this user may try; 0 if now."""
        with self._lock:
            failures = self._failures.get(user)
            return 0.0 if failures is None else max(0.0, failures.until - self._clock())

    def failed(self, user: str) -> None:
        """Count a failed guess at the secret of this user."""
        with self._lock:
            now = self._clock()
            failures = self._failures.pop(user, None) or _Failures(0.0, now)
            most = float(self._attempts + self._MOST_DOUBLED)
            failures.count = min(most, self._counting(failures, now) + 1.0)
            failures.at = now
            doubled = round(failures.count) - self._attempts
            if doubled >= 0:
                failures.until = now + min(self._LONGEST, self._first * 2.0**doubled)
            if len(self._failures) >= self._MOST_NAMES:
                fewest = min(
                    self._failures, key=lambda name: self._counting(self._failures[name], now)
                )
                del self._failures[fewest]
            self._failures[user] = failures

    def succeeded(self, user: str) -> None:
        """Forget the failures of this user."""
        with self._lock:
            self._failures.pop(user, None)

    def _counting(self, failures: _Failures, now: float) -> float:
        passed = max(0.0, now - max(failures.at, failures.until))
        return max(0.0, failures.count - passed / self._LONGEST)


def _is_fido(entry: Path) -> bool:
    try:
        return (entry / "device/report_descriptor").read_bytes().startswith(_FIDO_USAGE_PAGE)
    except OSError:
        return False  # pulled in the meantime


def _ask_pam(service: str, user: str, where: str = "") -> int:
    """In the child: read the PIN from stdin, or ask for it, and return the exit code."""
    pin = _asked_for() if where == _AT_TERMINAL else os.read(0, _MAX_PIN + 1).decode()
    if not 0 < len(pin.encode()) <= _MAX_PIN or "\0" in pin:
        return _DENIED
    import pam  # type: ignore[import-untyped]  # noqa: PLC0415 - only the child loads libpam

    asked = pam.pam()
    if asked.authenticate(user, pin, service=service, resetcreds=False):
        return 0
    if asked.code == _PAM_MAXTRIES:
        return _MAXTRIES
    return _DENIED if asked.code in _PAM_DENIALS else _BROKEN


def _asked_for() -> str:
    """The PIN as it is typed, unseen. Raises ``OSError`` without a terminal."""
    os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))  # getpass would read from elsewhere
    return getpass.getpass("PIN of the second person: ")


if __name__ == "__main__":
    try:
        sys.exit(_ask_pam(*sys.argv[1:]))
    except (SessionError, OSError, ValueError, ImportError):
        sys.exit(_BROKEN)
