"""A caller wants the log to name another file than the one that it brings in."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from threading import Thread

import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.errors import InputError
from appliance.worker.failures import StopError
from appliance.worker.intake import MAX_FILE_BYTES, copy
from tests.worker.process import logged_events, sanitiser_child, working
from tests.worker.taken_over_worker import PHOTO, WAIT

SHOWN = WAIT + PHOTO + b"what the ledger is to name"
MEANT = WAIT + PHOTO + b"what the attacker wants in"
assert len(SHOWN) == len(MEANT)


def test_what_is_decoded_is_what_the_ledger_names(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(SHOWN)
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit, program="tests.worker.taken_over_worker") as (worker, client),
    ):
        importing = Thread(target=worker.take_in, args=(client, file))
        importing.start()
        reader = sanitiser_child(worker)  # so everything is hashed that is hashed before decoding
        with file.open("r+b") as same:
            same.write(MEANT)
        while importing.is_alive():
            # It may not wait for the signal yet, and may be gone by the next one.
            try:
                os.kill(reader, signal.SIGCONT)
            except ProcessLookupError:
                break
        importing.join()
        stored = (worker.workspace / "1.item.photo").read_bytes()
        named = audit.client.pseudonym("file", hashlib.sha256(SHOWN).digest())
    logged = [
        event
        for event in logged_events(tmp_path / "ledger")
        if isinstance(event, events.MediaImported)
    ]
    assert [event.item for event in logged] == [named]
    assert SHOWN.endswith(stored)
    # The control: the attack had its means, the file that it holds is another by now.
    assert file.read_bytes() == MEANT


def test_a_file_that_is_swapped_meanwhile_gives_another_hash_to_who_reads_it_twice(
    tmp_path: Path,
) -> None:
    """The control: hashed and then read from the caller's descriptor, the two differ."""
    file = tmp_path / "file"
    file.write_bytes(SHOWN)
    with file.open("rb") as opened:
        hashed = hashlib.file_digest(opened, "sha256").digest()
        file.write_bytes(MEANT)
        opened.seek(0)
        assert hashlib.sha256(opened.read()).digest() != hashed
        with (tmp_path / "copy").open("w+b") as sink:
            digest, size = copy(opened.fileno(), sink.fileno(), lambda: False)
            file.write_bytes(SHOWN)
            sink.seek(0)
            assert (hashlib.sha256(sink.read()).digest(), size) == (digest, len(MEANT))


def test_a_file_larger_than_there_is_room_for_is_refused_before_it_is_copied(
    tmp_path: Path,
) -> None:
    file, sink = tmp_path / "file", tmp_path / "sink"
    sink.touch()
    file.touch()
    os.truncate(file, MAX_FILE_BYTES + 1)
    with file.open("rb") as source, sink.open("wb") as target:
        with pytest.raises(InputError, match="does not fit"):
            copy(source.fileno(), target.fileno(), lambda: False)
        os.truncate(file, 100)
        assert copy(source.fileno(), target.fileno(), lambda: False)[1] == 100
    assert sink.stat().st_size == 100


def test_copying_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as source, (tmp_path / "sink").open("wb") as sink:
        with pytest.raises(StopError):
            copy(source.fileno(), sink.fileno(), lambda: True)
        assert copy(source.fileno(), sink.fileno(), lambda: False)[1] == 7
