"""Print what a machine measures that runs an image: measurements.json of its SBOM folder.

python -m tools.image.measurements LOG UKI CMDLINE ROOTHASH VERSION NUMBER

LOG is what ``ukify build --measure`` said: the value of PCR 11 in each phase of a start.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

_PHASE = re.compile(r"^# PCR\[11\] Phase <([a-z:-]+)>\n11:sha256=([0-9a-f]{64})$", re.MULTILINE)


def main() -> None:
    """Write the measurements as JSON, their keys sorted."""
    log, uki, cmdline, roothash, version, number = sys.argv[1:]
    phases = dict(_PHASE.findall(Path(log).read_text()))
    if len(phases) != 4:
        sys.exit("measurements: ukify did not state PCR 11 in the four phases of a start")
    measured = {
        "version": version,
        "number": int(number),
        "roothash": roothash,
        "uki": hashlib.sha256(Path(uki).read_bytes()).hexdigest(),
        "cmdline": Path(cmdline).read_text(),
        "pcr11": phases,
    }
    print(json.dumps(measured, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
