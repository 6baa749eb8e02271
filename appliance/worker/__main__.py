"""``appliance-worker``: load the models, then serve the socket that systemd hands over."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

import cv2

from appliance.audit.client import AuditClient
from appliance.errors import ApplianceError, SessionError
from appliance.inference.pack import ModelPack
from appliance.inference.session import Runtime
from appliance.pipeline.stages import Stages
from appliance.policy.load import load
from appliance.worker.desk import Desk
from appliance.worker.intake import Intake

_FIRST_PASSED = 3  # SD_LISTEN_FDS_START of sd_listen_fds(3)


def main() -> int:
    """Serve until killed; the exit code if it cannot."""
    parser = argparse.ArgumentParser(prog="appliance-worker", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of the model pack")
    parser.add_argument("--workspace", type=Path, required=True, help="folder of the session")
    parser.add_argument("--policy", type=Path, required=True, help="file of the site's policy")
    options = parser.parse_args()
    try:
        listener = _listener()
        # Before there are threads: the process that forks for files from outside.
        cv2.setNumThreads(1)
        intake = Intake(confine=lambda: None)
        pack = ModelPack.open(options.models)
        stages = Stages.load(pack, Runtime())
        policy = load(options.policy)
        desk = Desk(options.workspace, policy, stages, pack.digest, intake, _seal)
    except ApplianceError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    desk.service().listen(listener)
    return 0


def _seal(ledger: AuditClient) -> None:
    """Give up what is not needed any more."""


def _listener() -> socket.socket:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        raise SessionError("There is no socket to serve on.", "Let the broker start the worker.")
    # From the descriptor alone: asking what kind of socket it is would be a call too many.
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=_FIRST_PASSED)


if __name__ == "__main__":
    sys.exit(main())
