"""How long a slider waits for its picture: previews asked of a worker over its socket."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import cv2

from appliance.audit.service.embedded import EmbeddedAudit
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.message import Empty
from tests.worker.process import OPEN, Worker, portrait, read_all, working

SIDES = (256, 512, 1024)
ROUNDS = 20
LARGE = (4000, 3000)  # pixels: what a telephone takes


def main() -> None:
    """Print milliseconds: of the first preview, and of the ones after it at other strengths."""
    with (
        tempfile.TemporaryDirectory() as name,
        EmbeddedAudit(Path(name) / "ledger") as audit,
    ):
        for policy, gates in ((OPEN, "open"), ("gate: {same_person: true}\n", "one person")):
            folder = Path(name) / gates
            folder.mkdir()
            with working(folder, audit, policy) as (worker, client):
                source, target = (
                    worker.take_in(client, _large(folder, f"person_a_{number}.jpg"), role).item
                    for number, role in ((1, "source"), (2, "target"))
                )
                print(f"gate {gates}; source and target of {LARGE[0]} x {LARGE[1]}")
                for side in SIDES:
                    first = _asked(client, source, target, side, 1.0)
                    before = core_ms(worker)
                    others = [
                        _asked(client, source, target, side, 1 - number / ROUNDS)
                        for number in range(1, ROUNDS)
                    ]
                    core = (core_ms(worker) - before) / len(others)
                    print(
                        f"  {side:5} pixels  first {first:5.0f} ms  then median "
                        f"{statistics.median(others):4.0f} ms, of which {core:4.0f} core-ms"
                    )


def core_ms(worker: Worker) -> float:
    """Processor time of the worker so far: what a busy machine does not lengthen."""
    fields = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _large(folder: Path, name: str) -> Path:
    picture = cv2.imread(str(portrait(name)))
    assert picture is not None
    path = folder / name
    cv2.imwrite(str(path), cv2.resize(picture, LARGE))
    return path


def _asked(client: Client, source: int, target: int, side: int, strength: float) -> float:
    wanted = worker_api.Preview([source], target, {"nose": strength}, side=side)
    started = time.perf_counter()
    _, (pipe,) = client.call(f"{NAME}.Preview", wanted, gives=Empty, attached=1)
    read_all(pipe)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
