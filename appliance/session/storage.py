"""``python -m appliance.session.storage POLICY``: the workspace settings of a policy, for keepers.

Keepers run as root and must not parse a policy. This program runs without privileges and does:
systemd keeps its output as an environment file (systemd.exec(5)) for each keeper.
"""

from __future__ import annotations

import sys

from appliance.policy.for_systemd import print_for_systemd
from appliance.policy.policy import Policy


def as_environment(policy: Policy) -> str:
    """Lines of NAME=VALUE. An empty DEVICE means sparse files."""
    wanted = policy.workspace
    device = wanted.device if wanted.backing == "device" else None
    discards = policy.wipe.method == "cryptographic-erase-and-discard"
    return (
        f"BACKEND={wanted.backend}\n"
        f"DEVICE={device or ''}\n"
        f"SIZE_MIB={wanted.size_mib}\n"
        f"INODES={wanted.inodes}\n"
        f"DISCARDS={'yes' if discards else 'no'}\n"
    )


if __name__ == "__main__":
    sys.exit(print_for_systemd(as_environment))
