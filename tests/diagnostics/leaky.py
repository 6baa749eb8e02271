"""A process that leaks secrets in every way that a program can; run by the tests.

    python -m tests.diagnostics.leaky [--open] < CANARIES

``--open`` does not configure the diagnostics, to show that all secrets are then in the output.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import sys
import threading
import warnings

import numpy as np

from appliance.diagnostics import process_log


class Holder:
    """Leaks its secret when it is collected."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return self.secret

    def __del__(self) -> None:
        raise RuntimeError(self.secret)


class Text(str):
    """Claims to be a text that may be logged."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash("warning")

    def __eq__(self, other: object) -> bool:
        return True


class Number(int):
    """Prints as what it was made of, however small it claims to be."""

    def __abs__(self) -> int:
        return 0

    def __str__(self) -> str:
        return int.__repr__(self)


def leak(secret: str) -> None:
    """Put ``secret`` everywhere that a message could take it from."""
    log = process_log.log()
    log.error(secret)
    log.error(f"cannot open {secret}", path=secret)  # noqa: G004 - that is how it leaks
    log.error("ledger refused", **{secret.replace(" ", "_"): 1})
    log.error("ledger refused", kind=secret, code=[secret], times={secret: secret})
    log.error("ledger refused", kind=secret.encode(), code=Holder(secret))
    log.error("ledger refused", kind=np.frombuffer(secret.encode(), np.uint8), code=type(secret))
    if secret.isdigit():
        log.error("ledger refused", code=int(secret))
        log.error("ledger refused", code=float(secret))
        log.error("ledger refused", code=Number(secret))
    log.error("ledger refused", kind=Text(secret))
    _exceptions(log, secret)
    logging.getLogger(secret).error(secret, extra={"who": secret})
    logging.getLogger("numpy").error("%s", secret, exc_info=RuntimeError(secret))
    warnings.warn(secret, stacklevel=1)
    sys.stderr.write(f"{secret}\n")
    ctypes.CDLL(None).dprintf(2, b"%s\n", secret.encode())
    os.write(2, secret.encode())
    print(secret)
    sys.stdout.flush()
    ctypes.CDLL(None).puts(secret.encode())  # in a buffer of C, until the process ends
    os.write(1, secret.encode())
    Holder(secret)
    thread = threading.Thread(target=_fail, args=(secret,), name=secret)
    thread.start()
    thread.join()


def _exceptions(log: object, secret: str) -> None:
    report = getattr(log, "exception")  # noqa: B009 - structlog's loggers are made at run time
    try:
        _fail(secret)
    except RuntimeError:
        report("ledger refused")
        report(secret)
    try:
        raise type(secret, (Exception,), {})(secret)  # noqa: TRY301
    except Exception:  # noqa: BLE001
        report("ledger refused")
    try:
        try:
            _fail(secret)
        except RuntimeError as error:
            error.add_note(secret)
            raise OSError(2, secret, secret) from error
    except OSError:
        report("ledger refused")


def _fail(secret: str) -> None:
    local = secret
    raise RuntimeError(local, secret.encode(), [secret])


def main() -> None:
    """Leak every secret; the last one ends the process."""
    secrets = json.load(sys.stdin)
    if "--open" not in sys.argv:
        process_log.configure("broker" if "broker" in sys.argv else "worker")
    threading.current_thread().name = secrets[0]
    for secret in secrets:
        leak(secret)
    process_log.log().error("ledger refused", kind="warning", times=3)
    _fail(secrets[-1])


if __name__ == "__main__":
    main()
