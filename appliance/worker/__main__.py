"""``appliance-worker``: load the models, then serve on the socket that systemd passes."""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path

import cv2

from appliance.diagnostics.process_log import configure
from appliance.errors import ApplianceError
from appliance.inference.pack import ModelPack
from appliance.inference.trust import Trust
from appliance.inference.tuning import FILE, Tuning
from appliance.policy.load import load
from appliance.wire.activation import listening_socket
from appliance.worker.engines import Engines
from appliance.worker.packs import Packs
from appliance.worker.sanitiser import MediaSanitiser, Rewrite, rewrite_media
from appliance.worker.sealing import WorkerSealing, as_event
from appliance.worker.service import WorkerService
from appliance.worker.workspace import Workspace


def main(rewrite: Rewrite = rewrite_media) -> int:
    """Serve until killed; returns the exit code if it cannot start.

    ``rewrite``: how an imported file is decoded and encoded again, see :class:`MediaSanitiser`.
    """
    parser = argparse.ArgumentParser(prog="appliance-worker", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of the model pack")
    parser.add_argument("--packs", type=Path, required=True, help="folder of the operator's packs")
    parser.add_argument("--workspace", type=Path, required=True, help="folder of the session")
    parser.add_argument("--policy", type=Path, required=True, help="file of the site's policy")
    parser.add_argument(
        "--socket", type=int, help="descriptor of the listening socket; default: from systemd"
    )
    options = parser.parse_args()
    stderr = sys.stderr
    try:
        listener = _listener(options.socket)
        # The sanitiser forks, which must happen before there are threads.
        cv2.setNumThreads(1)
        policy = load(options.policy)
        stderr = configure("worker", policy.system.log_level)
        sanitiser = MediaSanitiser(WorkerSealing(policy), rewrite)
        sealing = WorkerSealing(policy)
        readable = [options.models, *([options.packs] if options.packs.is_dir() else [])]
        sealing.confine(readable=readable, writable=[options.workspace])
        trust = Trust.parse(policy.models.keys, policy.models.licences)
        engines = Engines(
            ModelPack.open(options.models, trust),
            Packs.find(options.packs, trust),
            policy.engine.providers,
            Tuning.read(options.packs / FILE),
        )
        provider = engines.mesh.engine.provider
        worker = WorkerService(
            workspace=Workspace(options.workspace),
            policy=policy,
            engines=engines,
            sanitiser=sanitiser,
            seal=lambda: as_event(sealing.seal(provider, serving=True)),
        )
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    worker.service().listen(listener)
    return 0


def _listener(descriptor: int | None) -> socket.socket:
    if descriptor is None:
        return listening_socket(socket.SOCK_STREAM, "appliance-worker")
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptor)


if __name__ == "__main__":
    sys.exit(main())
