"""``python -m tests.training.serving_worker``: serves a session at once, without any network."""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path
from typing import Any

from appliance.protocols import worker_control_api as api
from appliance.wire.message import Empty
from appliance.wire.service import Answer, Method, Request, Service


def begin(request: Request[api.Begin]) -> None:
    request.progress(api.Jobs(0))


def serve(_: Request[Empty]) -> Answer:
    return Answer()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--socket", type=int)
    options, _ = parser.parse_known_args()
    (options.workspace / "photo").write_bytes(b"a face")
    methods: dict[str, Method[Any]] = {
        "Begin": Method(api.Begin, begin, descriptors=1),
        "Serve": Method(Empty, serve, descriptors=1),
    }
    service = Service(api.NAME, api.DESCRIPTION, methods, print)
    service.serve(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=options.socket))
    os._exit(0)
