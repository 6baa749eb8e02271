"""``appliance-disc``: serve on the socket that systemd hands over, with the drive for reading."""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

from appliance.diagnostics.process_log import configure
from appliance.disc_reader.medium import Medium
from appliance.disc_reader.service import DiscReader
from appliance.errors import ApplianceError
from appliance.seal.environment import scrub_environment
from appliance.wire.activation import listening_socket, serve_watched


def main() -> int:
    """Serve until systemd ends it. Returns the exit code if it cannot start."""
    parser = argparse.ArgumentParser(prog="appliance-disc", description=__doc__)
    parser.add_argument("--drive", type=Path, required=True, help="device of the drive")
    options = parser.parse_args()
    scrub_environment()
    stderr = sys.stderr
    try:
        listener = listening_socket(socket.SOCK_STREAM, "appliance-disc")
        stderr = configure("disc")
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    reader = DiscReader(lambda: Medium.open(options.drive))
    service = reader.service()

    def pass_time() -> None:
        reader.forget_if_idle()
        # Freed memory is not erased: names of a disc go with the process that read it. systemd
        # starts another one.
        if reader.may_know_names and not service.has_callers:
            sys.exit(0)

    serve_watched(lambda: service.listen(listener), pass_time)
    return 1


if __name__ == "__main__":
    sys.exit(main())
