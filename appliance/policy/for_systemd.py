"""What units need of a policy: a program prints it, and systemd keeps the output as a file.

Units cannot read a policy, and a keeper must not. A program without privileges does, when the
machine starts (appliance-storage.service, appliance-gpu.service). Parsing a policy is a risk, so
root must not obey what such a program prints: it may choose between what is installed already, by
words of a closed list, and no more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from appliance.errors import ApplianceError
from appliance.policy.load import load
from appliance.policy.policy import Policy


def print_for_systemd(render: Callable[[Policy], str]) -> int:
    """Print ``render`` of the policy whose path is the only argument; returns the exit code."""
    try:
        text = render(load(Path(sys.argv[1])))
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    sys.stdout.write(text)
    return 0
