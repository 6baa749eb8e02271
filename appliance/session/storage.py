"""``python -m appliance.session.storage POLICY``: what a policy says of workspaces, for keepers.

They have root's power and read no policy. This process has none and does: systemd keeps what it
prints, as an environment file (systemd.exec(5)), and gives it to each keeper.
"""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.errors import ApplianceError
from appliance.policy.load import load
from appliance.policy.policy import Policy


def as_environment(policy: Policy) -> str:
    """Lines of NAME=VALUE. An empty DEVICE stands for sparse files."""
    wanted = policy.workspace
    discards = policy.wipe.method == "cryptographic-erase-and-discard"
    return (
        f"BACKEND={wanted.backend}\n"
        f"DEVICE={wanted.device or ''}\n"
        f"SIZE_MIB={wanted.size_mib}\n"
        f"INODES={wanted.inodes}\n"
        f"DISCARDS={'yes' if discards else 'no'}\n"
    )


def main() -> int:
    """Print them; the exit code."""
    try:
        policy = load(Path(sys.argv[1]))
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    sys.stdout.write(as_environment(policy))
    return 0


if __name__ == "__main__":
    sys.exit(main())
