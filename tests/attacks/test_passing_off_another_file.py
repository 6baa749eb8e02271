"""Somebody wants a file to leave that nobody approved, or a copy that is not what it says."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from appliance.audit.entries import events
from appliance.errors import WireError
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.protocols import releaser_api as api
from appliance.wire.message import CallError
from tests.paths import REPOSITORY
from tests.releaser import taken_over_releaser as child
from tests.releaser.process import (
    OTHER_SESSION,
    SESSION,
    Site,
    copies,
    expect,
    hand_over,
    photo,
    refusal,
    result,
)
from tests.session.conftest import Daemon
from tests.session.standins import until
from tests.worker.process import children

Send = bytes | Callable[[socket.socket], object]

RESULT = result()
HOSTILE = REPOSITORY / "tests/hostile/files"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A releaser for each connection; its children obey files that begin with a word."""
    folder = tmp_path_factory.mktemp("site")
    daemon = Daemon(folder)
    daemon.start()
    made = Site(folder, daemon, program="tests.releaser.taken_over_releaser")
    yield made
    made.end()
    daemon.kill()


def _refused(site: Site, wanted: api.Expect, send: Send) -> str:
    """Why it was not taken. Nothing of it is left, and another can be released afterwards."""
    before = site.left()
    with site.connected() as client:
        with pytest.raises(CallError) as caught:
            hand_over(site, client, wanted, send)
        assert site.left() == before
        assert not [one for one in site.events() if _is_about(one, wanted.number)]
        hand_over(site, client, expect(RESULT, wanted.number), RESULT)
        assert site.left() != before  # the control
    return refusal(caught.value)


def _is_about(event: object, number: int) -> bool:
    return isinstance(event, events.ReleaseSigned) and event.number == number


@pytest.mark.parametrize(
    ("number", "send"),
    [
        (101, RESULT[:-1]),
        (102, RESULT + b"\0"),
        (103, RESULT[:-1] + b"\0"),
        (104, b""),
        (105, lambda stream: stream.shutdown(socket.SHUT_RDWR)),
        (106, lambda stream: [stream.send(b"\0" * 65536) for _ in range(4096)]),  # without an end
    ],
    ids=["fewer", "more", "others", "none", "gone", "endless"],
)
def test_other_bytes_than_were_approved_are_not_taken(site: Site, number: int, send: Send) -> None:
    assert _refused(site, expect(RESULT, number), send) == "NotTaken"


@pytest.mark.parametrize(
    ("number", "name"),
    [(201, "png-huge.png"), (202, "png-rows-bomb.png"), (203, "jpeg-huge.jpg")],
)
def test_an_approved_file_that_lies_about_its_size_makes_no_copy(
    site: Site, number: int, name: str
) -> None:
    hostile = (HOSTILE / name).read_bytes()
    assert _refused(site, expect(hostile, number), hostile).startswith("Failed")


@pytest.mark.parametrize("kind", ["jpeg", "tiff", "webp", "bmp"])
def test_a_photo_in_another_format_than_workers_write_meets_no_decoder(
    site: Site, kind: str
) -> None:
    other = encode_photo(photo(), kind)  # type: ignore[arg-type]
    number = 310 + len(site.left())
    assert _refused(site, expect(other, number), other).startswith("Failed")


def test_a_film_is_no_photo_and_a_photo_no_film(site: Site) -> None:
    film = next(iter(sorted(HOSTILE.glob("*.mp4")))).read_bytes()
    assert _refused(site, expect(film, 401), film).startswith("Failed")
    as_film = expect(RESULT, 402, media="video")
    assert _refused(site, as_film, RESULT).startswith("Failed")


@pytest.mark.parametrize(
    ("number", "word"), [(501, child.KILL), (502, child.MEMORY), (503, child.SAY + b"mp4 x")]
)
def test_a_child_that_breaks_or_lies_makes_no_copy(site: Site, number: int, word: bytes) -> None:
    assert _refused(site, expect(word, number), word).startswith("Failed The result broke")


def test_a_child_cannot_pass_one_format_off_as_another(site: Site) -> None:
    lie = child.SAY + b"jpeg " + RESULT
    assert _refused(site, expect(lie, 510), lie).startswith("Failed The result broke")


def test_a_child_has_three_descriptors_and_no_way_to_others(site: Site) -> None:
    listed = _refused(site, expect(child.LIST, 520), child.LIST).split()[1:]
    kinds = sorted(one.partition(":")[2] for one in listed)
    # /dev/null three times, the result and the file for the copy, and a pipe for the answer.
    assert kinds == ["10000", "100000", "100000", "20000", "20000", "20000"]


def test_a_tripwire_that_a_child_touches_is_in_the_ledger(site: Site) -> None:
    assert _refused(site, expect(child.TOUCH, 530), child.TOUCH) == "Failed touched"
    touched = [one for one in site.events() if isinstance(one, events.EscapeAttempt)]
    assert {(one.what, one.session) for one in touched} == {("import", SESSION)}


def test_the_same_number_gives_no_second_copy(site: Site) -> None:
    with site.connected() as client:
        hand_over(site, client, expect(RESULT, 601), RESULT)
        other = result(seed=5)
        before = contents_of(site.outbox)
        with pytest.raises(CallError):
            hand_over(site, client, expect(other, 601), other)
    assert contents_of(site.outbox) == before


def contents_of(outbox: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in outbox.rglob("*") if path.is_file()}


def test_two_at_once_do_not_meet(site: Site) -> None:
    contents = {700 + seed: result(seed=seed) for seed in range(2)}
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            with site.connected() as client:
                hand_over(site, client, expect(contents[number], number), contents[number])
        except BaseException as error:  # noqa: BLE001 - it is told to the test
            failures.append(error)

    threads = [Thread(target=run, args=(number,)) for number in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with site.connected() as client:
        found = {one.number: one.result for one in copies(client) if one.number in contents}
        assert found == {number: expect(data).sha256 for number, data in contents.items()}


def test_whoever_hangs_up_leaves_nothing_and_ends_the_child(site: Site) -> None:
    before = site.left()
    held = child.WAIT + RESULT
    client = site.releaser()
    process = site.started[-1].pid
    failures: list[BaseException] = []

    def run() -> None:
        try:
            hand_over(site, client, expect(held, 801), held)
        except WireError as error:
            failures.append(error)

    asking = Thread(target=run)
    asking.start()
    helpers: list[int] = []

    def works() -> bool:
        helpers[:] = children(process)
        return any(children(helper) for helper in helpers)

    until(works)
    (worker,) = [one for helper in helpers for one in children(helper)]
    client.close()  # the broker dies
    asking.join()
    assert failures
    site.started[-1].wait()
    until(lambda: not any(Path(f"/proc/{one}").exists() for one in (*helpers, worker)))
    assert site.left() == before


def test_a_releaser_that_is_killed_leaves_nothing(site: Site) -> None:
    before = site.left()
    held = child.WAIT + RESULT
    client = site.releaser()
    process = site.started[-1]

    def run() -> None:
        with pytest.raises(WireError):
            hand_over(site, client, expect(held, 811), held)

    asking = Thread(target=run)
    asking.start()
    until(lambda: any(children(helper) for helper in children(process.pid)))
    process.send_signal(signal.SIGKILL)
    asking.join()
    client.close()
    assert site.left() == before


def test_what_cannot_be_logged_makes_no_copy(site: Site) -> None:
    gone, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    other_end.close()
    with site.connected() as client, pytest.raises(CallError) as caught:
        hand_over(site, client, expect(RESULT, 901), RESULT, gone.detach())
    assert refusal(caught.value).startswith("Failed The audit daemon")
    assert f"{SESSION}.901.copy" not in site.left()


def test_a_session_sees_and_forgets_its_own_copies_alone(site: Site) -> None:
    with site.connected() as client:
        hand_over(site, client, expect(RESULT, 911), RESULT)
        assert copies(client, OTHER_SESSION) == []
        forgotten, _ = client.call(
            f"{api.NAME}.Forget", api.Forget(OTHER_SESSION), gives=api.Forgotten
        )
        assert forgotten.numbers == []
        assert f"{SESSION}.911.copy" in site.left()
        forgotten, _ = client.call(
            f"{api.NAME}.Forget", api.Forget(SESSION, 911), gives=api.Forgotten
        )
        assert forgotten.numbers == [911]
        assert not [name for name in site.left() if ".911." in name]


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_an_outbox_that_others_reach_is_not_used(site: Site, mode: int) -> None:
    site.outbox.chmod(mode)
    try:
        with site.connected() as client, pytest.raises(CallError, match="NoOutbox"):
            hand_over(site, client, expect(RESULT, 921), RESULT)
    finally:
        site.outbox.chmod(0o700)


def test_an_outbox_that_leads_elsewhere_is_not_used(site: Site) -> None:
    elsewhere = site.folder / "elsewhere"
    site.outbox.rename(elsewhere)
    site.outbox.symlink_to(elsewhere)
    try:
        with site.connected() as client, pytest.raises(CallError, match="NoOutbox"):
            hand_over(site, client, expect(RESULT, 931), RESULT)
    finally:
        site.outbox.unlink()
        elsewhere.rename(site.outbox)
