"""Print the verity tree of a disk that systemd-repart wrote: python3 verity_of.py REPORT.json DISK."""

from __future__ import annotations

import json
import sys
from pathlib import Path

PARTS = json.loads(Path(sys.argv[1]).read_text())
TREE = next(part for part in PARTS if part["type"].startswith("root-x86-64-verity"))
with Path(sys.argv[2]).open("rb") as disk:
    disk.seek(TREE["offset"])
    sys.stdout.buffer.write(disk.read(TREE["raw_size"]))
