"""``python -m tests.training.short_screen``: a screen that ends at once, with the code in CODE."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sockets = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    known = {*sockets} == {"--broker", "--disc", "--training"}
    there = all(Path(path).is_socket() for path in sockets.values())
    sys.exit(int(os.environ["CODE"]) if known and there else 1)
