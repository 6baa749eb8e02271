"""Print the verity tree on a disk that systemd-repart wrote.

python -m tools.image.verity_tree REPORT.json DISK
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Write the tree of the first slot to stdout, padded as it is on the disk."""
    parts = json.loads(Path(sys.argv[1]).read_text())
    tree = next(part for part in parts if part["type"].startswith("root-x86-64-verity"))
    with Path(sys.argv[2]).open("rb") as disk:
        disk.seek(tree["offset"])
        sys.stdout.buffer.write(disk.read(tree["raw_size"]))


if __name__ == "__main__":
    main()
