"""What it costs to log: ``python -m tests.bench.ledger``.

Every durable step makes eight syncs: three files and three folders of the ledger, a file and a
folder of its memory outside. So the disk decides. What its syncs cost alone is measured beside,
in the same minute: compare the ratios.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import ANCHOR, LedgerKeys, keys_folder_for
from appliance.audit.service.client import AuditClient
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.tlog.anchor import FileAnchor
from appliance.audit.tlog.appender import Ledger, create_ledger
from appliance.audit.tlog.checkpoint import Checkpoint
from appliance.audit.tlog.merkle import hash_leaf
from appliance.audit.tlog.reader import CHECKPOINT, VKEY
from appliance.audit.tlog.tiles import Frontier, edge_tiles, join_entries
from appliance.audit.verification.verify import verify_ledger
from appliance.errors import LedgerError
from appliance.files.atomic import publish
from tests.audit.large import large_entry, make_large_log
from tests.audit.synthetic import job_event, with_role


def main() -> None:
    """Print the table; the disk is that of ``TMPDIR``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _syncs(folder)
        _appends(folder)
        _daemon(folder)
        _growth(folder)
        _verify(folder)


def _row(what: str, value: str) -> None:
    print(f"{what:<58}{value:>14}")


def _median(step: Callable[[], object], times: int) -> float:
    """Seconds that a step takes, half of the time or less."""
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        step()
        spent.append(time.perf_counter() - started)
    return sorted(spent)[times // 2]


def _syncs(folder: Path) -> None:
    descriptor = os.open(folder / "syncs", os.O_WRONLY | os.O_CREAT, 0o600)

    def sync() -> None:
        os.write(descriptor, b"x" * 300)
        os.fsync(descriptor)

    _row("fsync of 300 bytes more", f"{_median(sync, 200) * 1000:.2f} ms")
    os.close(descriptor)
    one = _median(lambda: publish(folder, {"one": b"x" * 300}), 100)
    _row("one small file: write, fsync, rename, fsync of its folder", f"{one * 1000:.2f} ms")


def _appends(folder: Path) -> None:
    if Path("/dev/shm").is_dir():  # noqa: S108 - memory, where syncing costs nothing
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
            recorder = _recorder(Path(memory) / "log")
            computing = _median(lambda: recorder.record(with_role(job_event(1))), 300)
        _row("one event, on a disk in memory: what is not syncing", f"{computing * 1000:.2f} ms")
    recorder = _recorder(folder / "appends")
    single = _median(lambda: recorder.record(with_role(job_event(1))), 300)
    _row("one event, durable", f"{single * 1000:.2f} ms")
    _row("events one by one", f"{1 / single:,.0f} /s")
    batch = with_role(*(job_event(n) for n in range(128)))
    many = _median(lambda: recorder.record(batch), 50)
    _row("events, 128 in a step", f"{128 / many:,.0f} /s")


def _recorder(folder: Path) -> Recorder:
    keys = LedgerKeys.create(keys_folder_for(folder), "bench.example/log")
    anchor = FileAnchor(keys_folder_for(folder) / ANCHOR)
    create_ledger(folder, keys.signer, anchor)
    return Recorder(Ledger(folder, keys.signer, anchor))


def _daemon(folder: Path) -> None:
    with EmbeddedAudit(folder / "daemon") as audit:
        audit.client.append(job_event(0))
        single = _median(lambda: audit.client.append(job_event(1)), 200)
        batch = [job_event(n) for n in range(128)]
        many = _median(lambda: audit.client.append_all(batch), 30)
    _row("through the daemon, one by one", f"{1 / single:,.0f} /s")
    _row("through the daemon, 128 in a packet", f"{128 / many:,.0f} /s")
    _row("through the daemon, 16 callers one by one", f"{_callers(folder, 16):,.0f} /s")


def _callers(folder: Path, count: int) -> float:
    path = folder / "socket"
    _recorder(folder / "callers")
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "appliance.audit", "--ledger", folder / "callers"),
            *("--listen", path, "--peer", f"test={os.getuid()}"),
        ]
    ) as daemon:
        clients = [_connected(path) for _ in range(count)]
        threads = [threading.Thread(target=_fifty, args=(client,)) for client in clients]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent = time.perf_counter() - started
        for client in clients:
            client.close()
        daemon.terminate()
    return 50 * count / spent


def _connected(path: Path) -> AuditClient:
    while True:
        try:
            return AuditClient.connect(path)
        except LedgerError:
            time.sleep(0.01)  # it is not up yet


def _fifty(client: AuditClient) -> None:
    for n in range(50):
        client.append(job_event(n))


def _growth(folder: Path) -> None:
    """Append costs at several sizes, taken in turns so that a busy minute is everybody's."""
    sizes = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    recorders = {size: _grown(folder / f"grown-{size}", size) for size in sizes}
    spent: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(60):
        for size, recorder in recorders.items():
            started = time.perf_counter()
            recorder.record(with_role(job_event(1)))
            spent[size].append(time.perf_counter() - started)
    for size in sizes:
        median = sorted(spent[size])[30]
        _row(f"one event more in a log of {size:,}", f"{median * 1000:.2f} ms")


def _grown(folder: Path, size: int) -> Recorder:
    """A log that could have ``size`` entries: its right edge is there, what is left of it is not.

    ``size`` is rounded so that all of them have a last tile of the same width.
    """
    size += 100 - size % 256
    keys = LedgerKeys.create(keys_folder_for(folder), "bench.example/log")
    entries = [large_entry(n) for n in range(size - size % 256, size)]
    edges: list[list[bytes]] = [[] for _ in range((size.bit_length() + 7) // 8)]
    files = {}
    for tile in edge_tiles(size):
        made_up = [hash_leaf(b"%d %d" % (tile.level, n)) for n in range(tile.width)]
        edges[tile.level] = list(map(hash_leaf, entries)) if tile.level == 0 else made_up
        files[tile.path] = b"".join(edges[tile.level])
        if tile.level == 0:
            files[tile.entries_path] = join_entries(entries)
    head = Checkpoint("bench.example/log", size, Frontier.restore(size, edges).range.root())
    note = head.sign(keys.signer)
    files |= {"lock": b"", VKEY: f"{keys.signer.verifier.vkey}\n".encode(), CHECKPOINT: note}
    publish(folder, files)
    anchor = FileAnchor(keys_folder_for(folder) / ANCHOR)
    anchor.save(note)
    return Recorder(Ledger(folder, keys.signer, anchor))


def _verify(folder: Path) -> None:
    log = make_large_log(folder / "verify")
    size = verify_ledger(log.folder).size
    _row(
        f"entries verified ({size:,})",
        f"{size / _median(lambda: verify_ledger(log.folder), 5):,.0f} /s",
    )
    entries = sum(path.stat().st_size for path in (log.folder / "tile/entries").rglob("*"))
    total = sum(path.stat().st_size for path in log.folder.rglob("*") if path.is_file())
    _row("bytes an entry, as JSON / with its hashes", f"{entries / size:.0f} / {total / size:.0f}")


if __name__ == "__main__":
    main()
