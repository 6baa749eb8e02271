"""``appliance-worker``: load the models, then obey the broker on one connection."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

import cv2

from appliance.diagnostics.process_log import configure
from appliance.errors import ApplianceError
from appliance.inference.pack import ModelPack
from appliance.inference.trust import Trust
from appliance.inference.tuning import FILE, Tuning
from appliance.pipeline.simulation.lettering import load_words
from appliance.policy.load import load
from appliance.release.view import load_view
from appliance.wire.activation import listening_socket
from appliance.worker.control import WorkerControl, WorkerParts
from appliance.worker.engines import Engines
from appliance.worker.packs import Packs
from appliance.worker.rewriting import Rewrite, rewrite_media
from appliance.worker.sanitiser import MAX_SECONDS, MediaSanitiser
from appliance.worker.sealing import WorkerSealing
from appliance.worker.training_words import load_training
from appliance.worker.workspace import Workspace


def main(rewrite: Rewrite = rewrite_media, max_seconds: int = MAX_SECONDS) -> int:
    """Serve until the broker hangs up, which ends the process; returns only if it cannot start.

    ``rewrite`` and ``max_seconds``: how an imported file is decoded and encoded again, and how long
    that may take, see :class:`MediaSanitiser`.
    """
    parser = argparse.ArgumentParser(prog="appliance-worker", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of the model pack")
    parser.add_argument("--packs", type=Path, required=True, help="folder of the operator's packs")
    parser.add_argument("--workspace", type=Path, required=True, help="folder of the session")
    parser.add_argument("--policy", type=Path, required=True, help="file of the site's policy")
    parser.add_argument(
        "--socket",
        type=int,
        help="descriptor of the connection to the broker; default: accepted from systemd's socket",
    )
    options = parser.parse_args()
    stderr = sys.stderr
    try:
        # Only the broker can connect to it. No caller is ever connected to a socket of a worker.
        listener = None if options.socket is not None else _control_socket()
        # The sanitiser forks, which must happen before there are threads.
        cv2.setNumThreads(1)
        load_words()
        load_view()
        load_training()
        policy = load(options.policy)
        stderr = configure("worker", policy.system.log_level)
        sanitiser = MediaSanitiser(WorkerSealing(policy), rewrite, max_seconds)
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
        control = WorkerControl(
            WorkerParts(
                workspace=Workspace(options.workspace),
                policy=policy,
                engines=engines,
                sanitiser=sanitiser,
                seal=lambda: sealing.seal(provider, serving=True),
            )
        )
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    control.serve(_connection(listener, options.socket))
    # At once: a job may still be computing, and must not outlive the connection to the broker.
    os._exit(0)


def _control_socket() -> socket.socket:
    return listening_socket(socket.SOCK_STREAM, "appliance-worker-control")


def _connection(listener: socket.socket | None, descriptor: int | None) -> socket.socket:
    """The one connection to the broker; ``listener`` is closed once it has come."""
    if listener is None:
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptor)
    with listener:
        return listener.accept()[0]


if __name__ == "__main__":
    sys.exit(main())
