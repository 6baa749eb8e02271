"""``python -m appliance.audit.provision DIR``: new keys of a ledger, as plain files in ``DIR``.

For appliance-audit-keys.service, which has them in memory only until systemd-creds(1) has sealed
them to this machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.audit.home import default_origin
from appliance.audit.keys import Keys
from appliance.errors import ApplianceError


def main() -> int:
    """Make them; the exit code."""
    try:
        Keys.create(Path(sys.argv[1]), default_origin())
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
