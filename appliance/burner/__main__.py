"""``appliance-burner``: serve on the socket that systemd hands over, with the drive alone."""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

from appliance.burner.medium import Drive
from appliance.burner.service import Burner
from appliance.diagnostics.process_log import configure
from appliance.errors import ApplianceError
from appliance.seal.environment import scrub_environment
from appliance.wire.activation import listening_socket, serve_watched


def main() -> int:
    """Serve until systemd ends it. Returns the exit code if it cannot start."""
    parser = argparse.ArgumentParser(prog="appliance-burner", description=__doc__)
    parser.add_argument("--drive", type=Path, required=True, help="device of the drive")
    options = parser.parse_args()
    scrub_environment()
    stderr = sys.stderr
    try:
        listener = listening_socket(socket.SOCK_STREAM, "appliance-burner")
        stderr = configure("burner")
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    # Who may call it, the permissions of the socket say.
    service = Burner(lambda: Drive.at(options.drive)).service()
    serve_watched(lambda: service.listen(listener))
    return 1


if __name__ == "__main__":
    sys.exit(main())
