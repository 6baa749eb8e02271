"""``appliance-releaser``: read the keys, seal itself, then make copies for the broker."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path
from typing import BinaryIO

import cv2
import msgspec

from appliance.audit import standalone
from appliance.diagnostics.process_log import configure
from appliance.errors import ApplianceError, ReleaseError
from appliance.files.output import OutputFile
from appliance.pipeline.media.preload import load_media_libraries
from appliance.policy.load import load
from appliance.policy.policy import Policy
from appliance.release.keys import WATERMARK_KEY, read_watermark_key
from appliance.release.labels.visible import load_label
from appliance.release.provenance.preload import load_provenance
from appliance.releaser.burning import Burning
from appliance.releaser.copying import MAX_SECONDS, CopyMaker
from appliance.releaser.disc import DiscWriter
from appliance.releaser.marking import Mark, MarkedFile, MarkRequest, mark
from appliance.releaser.outbox import Outbox
from appliance.releaser.service import Releaser
from appliance.releaser.site import SiteKeys
from appliance.releaser.staging import Stage
from appliance.wire.activation import one_connection
from appliance.wire.hang_up import end_with
from appliance.worker.children import Children
from appliance.worker.sealing import WorkerSealing


def main(marking: Mark = mark, max_seconds: int = MAX_SECONDS) -> int:
    """Serve one connection, whose end is that of the process; returns if it cannot start.

    ``marking``: what a child does with a result, in at most ``max_seconds``.
    """
    parser = argparse.ArgumentParser(prog="appliance-releaser", description=__doc__)
    parser.add_argument("--keys", type=Path, required=True, help="folder of the site's keys")
    parser.add_argument("--outbox", type=Path, required=True, help="folder for copies")
    parser.add_argument("--policy", type=Path, required=True, help="file of the site's policy")
    parser.add_argument(
        "--socket",
        type=int,
        help="descriptor of the connection to the broker; default: accepted from systemd's socket",
    )
    options = parser.parse_args()
    stderr = sys.stderr
    try:
        connection = one_connection(options.socket, "appliance-releaser")
        # The children are forked, which must happen before there are threads.
        cv2.setNumThreads(1)
        load_media_libraries()
        load_label()
        policy = load(options.policy)
        if policy.training:
            raise ReleaseError(
                "The policy is for training: no copy is made.", "Release under a site's policy."
            )
        stderr = configure("releaser", policy.system.log_level)
        children = _children(policy, options.keys, marking, max_seconds)
        # Read after the helper was forked: no child has ever had the key that signs.
        site = SiteKeys.read(options.keys)
        stage = Stage(options.outbox)
        stage.prepare()
        verifier = Path(standalone.__file__).read_bytes()
        sealing = WorkerSealing(policy)
        sealing.confine(writable=[options.outbox])
        load_provenance()
        sealed = sealing.seal(serving=True)
    except ApplianceError as error:
        stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    outbox = Outbox(options.outbox)

    def maker() -> tuple[CopyMaker, int]:
        keys, days = site.get(dt.datetime.now(dt.UTC))
        release = policy.release
        made = CopyMaker(
            outbox, children, keys, release.producer, release.stills, release.corner_mark
        )
        return made, days

    def burning(made: CopyMaker) -> Burning:
        return Burning(outbox, stage, DiscWriter(outbox, made.keys, verifier, made.now))

    end_with(connection)
    Releaser(outbox, maker, burning, sealed).service().serve(connection)
    os._exit(0)


def _children(policy: Policy, keys: Path, marking: Mark, max_seconds: int) -> Children:
    """What forks the children, which have the key of watermarks if there is one."""
    try:
        watermark_key = read_watermark_key(keys / WATERMARK_KEY)
    except ApplianceError:
        watermark_key = b""  # nothing is asked of them then: see SiteKeys

    def work(request: bytes, source: BinaryIO, sink: OutputFile) -> MarkedFile:
        wanted = msgspec.json.decode(request, type=MarkRequest)
        return marking(wanted, watermark_key, source, sink)

    return Children(WorkerSealing(policy), work, max_seconds)


if __name__ == "__main__":
    sys.exit(main())
