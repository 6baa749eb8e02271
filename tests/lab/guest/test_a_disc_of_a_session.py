"""The whole way out: asked for, approved, copied, burned; then the session ends, and is wiped.

The disc is read once more outside, by its own program and by ``release inspect``.
"""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec

from appliance.protocols import broker_api
from tests.lab.guest.releasing import COMMAND, approve, photo_of_a_session, request
from tests.lab.guest.visitor import (
    HANDLES,
    Broker,
    Token,
    all_events,
    ledger_kinds,
    nothing_is_left,
    shell,
    verify_the_ledger,
)

STAGE = Path("/run/appliance/workspace/w0/outbox/stage")


def test_what_two_people_released_leaves_on_a_disc(
    broker: Broker, second: Token, keys: Path, tmp_path: Path
) -> None:
    session, item = photo_of_a_session(broker, tmp_path)
    asked = request(broker, session, item)
    second.plug_in()
    number = approve(broker, asked)
    second.pull()
    said = shell(f"{COMMAND} release burn-session {HANDLES[session]} --json")
    burned = msgspec.json.decode(said, type=broker_api.Burning)
    assert burned.numbers == [number]
    # Read outside, by what the disc is checked with there.
    anchor = base64.b64encode((keys / "anchor.pem").read_bytes()).decode()
    print(f"anchor {anchor}")
    print(f"burned {burned.sha256} {burned.size}")
    assert "is written , is closed" in shell(
        "xorriso -no_rc -outdev /dev/sr0 -toc 2>&1", check=False
    )
    assert not any(path.is_file() for path in STAGE.rglob("*"))
    written = [event for event in all_events() if event["kind"] == "release-burned"]
    assert [(event["number"], event["disc"]) for event in written] == [(number, burned.sha256)]
    # What is on it already is not burned over.
    again = shell(f"sleep 10; {COMMAND} release burn-session {HANDLES[session]} 2>&1", check=False)
    assert "not-blank" in again
    assert broker.close(session).clean
    kinds = ledger_kinds(session)
    assert "release-refused" in kinds
    assert "release-dropped" not in kinds
    nothing_is_left()
    verify_the_ledger()
