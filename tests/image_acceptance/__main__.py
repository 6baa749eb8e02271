"""Judge an image: python -m tests.image_acceptance OUT CACHE (as root), the folders of its build.

Prints a line for each check: what, how, result. The same lines are left in OUT/acceptance.txt. The
exit code is 1 if one does not hold.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import chain
from pathlib import Path

from tests.image_acceptance import disk, kernel, root
from tests.image_acceptance.built import Built
from tests.image_acceptance.checks import Unfit


def main() -> int:
    """Run all checks."""
    out, cache = (Path(argument).resolve() for argument in sys.argv[1:])
    lines, unfit = [], 0
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        built = Built(out, cache, Path(scratch))
        whole = chain(
            disk.checks(built), kernel.checks(built), root.checks(built), root.bill_checks(built)
        )
        for number, check in enumerate(whole, 1):
            try:
                result = f"holds: {check.find()}"
            except Unfit as error:
                unfit += 1
                result = f"DOES NOT HOLD: {error}"
            lines.append(f"{number:3} | {check.what} | {check.how} | {result}")
            print(lines[-1], flush=True)
    (out / "acceptance.txt").write_text("\n".join(lines) + "\n")
    print(f"{len(lines) - unfit} of {len(lines)} hold")
    return 1 if unfit else 0


if __name__ == "__main__":
    sys.exit(main())
