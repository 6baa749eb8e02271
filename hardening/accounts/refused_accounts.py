"""Print into a file whom PAM has to refuse: ``python3 -I refused_accounts.py SHADOW FILE``.

Reads shadow(5). An account is refused from the day that it expires (``usermod --expiredate``), or
if its password was locked. People here have no password at all, which is no reason to refuse them.

It stands alone: it is a small process that may read the file, so that no other needs to.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_DAY = 86_400  # seconds; shadow(5) counts days since 1970


def refused(lines: Iterable[str], today: int) -> Iterator[str]:
    """The names of the accounts that are expired on the day ``today``, or locked.

    A line that does not have the nine fields of shadow(5), or an expiry that is no number, refuses.
    """
    for line in lines:
        name, *rest = line.rstrip("\n").split(":")
        if len(rest) != 8:
            yield name
            continue
        password, expires = rest[0], rest[6]
        locked = password.startswith("!") and password.strip("!*") != ""
        if locked or (expires and not (expires.isdecimal() and today < int(expires))):
            yield name


def main() -> int:
    """Replace the file at once, so that PAM never reads half of it. Returns the exit code."""
    shadow, into = map(Path, sys.argv[1:])
    names = refused(shadow.read_text().splitlines(), int(time.time()) // _DAY)
    fresh = into.with_suffix(".new")
    fresh.write_text("".join(f"{name}\n" for name in names))
    fresh.chmod(0o644)
    fresh.replace(into)
    return 0


if __name__ == "__main__":
    sys.exit(main())
