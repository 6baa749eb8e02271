"""The burner as its caller sees it: over a socket, with a file in the place of a disc."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from appliance.burner.medium import Drive, ImageFile, Medium
from appliance.burner.problem import no_drive
from appliance.burner.service import Burner
from appliance.errors import WireError
from appliance.protocols import burner_api as api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError
from tests.burner.folders import DATE, filled, instead, opened, says

CALL = f"{api.NAME}.Burn"
BURN = api.Burn("RELEASE_12", DATE)


@contextmanager
def serving(burner: Burner, users: frozenset[int] | None = None) -> Iterator[Client]:
    """A connection to ``burner``, as systemd or the broker makes one."""
    ours, theirs = socket.socketpair()
    thread = Thread(target=burner.service(users).serve, args=(theirs,))
    thread.start()
    client = Client(Connection(ours))
    try:
        yield client
    finally:
        client.close()
        thread.join()


def burned(client: Client, folder: Path, call: api.Burn = BURN) -> list[api.Burning]:
    with opened(folder) as descriptor:
        answers = client.follow(CALL, call, gives=api.Burning, descriptors=[descriptor])
        return [answer for answer, _ in answers]


def refusal(client: Client, folder: Path) -> str:
    with pytest.raises(CallError) as refused:
        burned(client, folder)
    return refused.value.error.removeprefix(f"{api.NAME}.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path / "folder")


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    return tmp_path / "disc"


def burner(disc: Path, program: str) -> Burner:
    return Burner(lambda: Drive(f"stdio:{disc}"), program)


def test_a_folder_is_burned_with_progress_up_to_the_hash(
    folder: Path, disc: Path, tmp_path: Path
) -> None:
    with serving(burner(disc, says(tmp_path))) as client:
        *parts, last = burned(client, folder)
    assert last.sha256 == hashlib.sha256(disc.read_bytes()).hexdigest()
    assert last.size == disc.stat().st_size
    assert 1 < len(parts) <= 101
    assert all(part.sha256 is None for part in parts)
    assert [part.done for part in parts] == sorted(part.done for part in parts)


def test_what_may_not_be_burned_has_an_error_of_its_own(
    folder: Path, disc: Path, tmp_path: Path
) -> None:
    with serving(burner(disc, says(tmp_path))) as client:
        (folder / "link").symlink_to("index.html")
        assert refusal(client, folder) == "BadFolder"
        (folder / "link").unlink()
        burned(client, folder)
        assert refusal(client, folder) == "NotBlank"
    with serving(burner(tmp_path / "other", says(tmp_path, kind="DVD+RW"))) as client:
        assert refusal(client, folder) == "Rewritable"
    with serving(burner(tmp_path / "third", "/nowhere/xorriso")) as client:
        assert refusal(client, folder) == "NoProgram"
    with serving(burner(tmp_path / "fourth", says(tmp_path, after="is appendable"))) as client:
        assert refusal(client, folder) == "Failed"


def test_a_missing_drive_is_named(folder: Path) -> None:
    def none() -> Medium:
        raise no_drive()

    with serving(Burner(none)) as client:
        assert refusal(client, folder) == "NoDrive"


def test_a_disc_that_is_too_small_says_by_how_much(
    folder: Path, disc: Path, tmp_path: Path
) -> None:
    small = instead(
        tmp_path,
        '"$xorriso" "$@" | sed -u -e "s/stdio file, overwriteable/DVD+R/"'
        ' -e "s/\\(Media space *:\\).*/\\1 1s/"',
    )
    with serving(burner(disc, small)) as client, pytest.raises(CallError) as refused:
        burned(client, folder)
    assert refused.value.error == api.error_name("TooSmall")


def test_without_a_folder_nothing_is_burned(disc: Path, tmp_path: Path) -> None:
    with serving(burner(disc, says(tmp_path))) as client:
        with pytest.raises(CallError, match="NoDescriptor"):
            client.call(CALL, BURN, gives=api.Burning)
        (tmp_path / "file").write_bytes(b"x")
        file = os.open(tmp_path / "file", os.O_RDONLY)
        with pytest.raises(CallError, match="BadFolder"):
            client.call(CALL, BURN, gives=api.Burning, descriptors=[file])
        os.close(file)
    assert not disc.exists()


@pytest.mark.parametrize("label", ["", "A B", "lower", "-outdev", "A" * 33, "A\n"])
def test_a_label_is_of_few_letters(folder: Path, disc: Path, tmp_path: Path, label: str) -> None:
    with serving(burner(disc, says(tmp_path))) as client:
        with pytest.raises(CallError, match="InvalidParameter"):
            burned(client, folder, api.Burn(label, DATE))
        burned(client, folder)


def test_only_the_named_users_are_served(folder: Path, disc: Path, tmp_path: Path) -> None:
    one = burner(disc, says(tmp_path))
    with serving(one, frozenset({os.getuid() + 1})) as client:
        with pytest.raises(CallError) as refused:
            burned(client, folder)
        assert refused.value.error.endswith("PermissionDenied")
    with serving(one, frozenset({os.getuid()})) as client:
        burned(client, folder)


def test_one_disc_is_burned_at_a_time(folder: Path, disc: Path, tmp_path: Path) -> None:
    begun, go_on = Event(), Event()

    def slowly() -> Medium:
        begun.set()
        go_on.wait()
        return Drive(f"stdio:{disc}")

    one = Burner(slowly, says(tmp_path))
    with serving(one) as first, serving(one) as second:
        done: list[api.Burning] = []
        thread = Thread(target=lambda: done.extend(burned(first, folder)))
        thread.start()
        begun.wait()
        assert refusal(second, folder) == "Busy"
        go_on.set()
        thread.join()
        assert done[-1].sha256
        assert refusal(second, folder) == "NotBlank"


def test_who_hangs_up_ends_the_burning(folder: Path, disc: Path, tmp_path: Path) -> None:
    noted = instead(tmp_path, f'echo $$ >> {tmp_path}/processes; exec "$xorriso" "$@"')
    (folder / "large").write_bytes(bytes(64 << 20))
    with disc.open("x+b") as image:
        one = Burner(lambda: ImageFile(image.fileno()), noted)
        with serving(one) as client, opened(folder) as descriptor:
            answers = client.follow(CALL, BURN, gives=api.Burning, descriptors=[descriptor])
            next(answers)
    # The connection's thread has ended by now, and what it started with it.
    for number in (tmp_path / "processes").read_text().split():
        assert not Path(f"/proc/{number}").exists()


def test_who_stops_sending_is_taken_to_have_hung_up(
    folder: Path, disc: Path, tmp_path: Path
) -> None:
    """So that the broker, which keeps its end, sees when the burner has let go of the folder."""
    noted = instead(tmp_path, f'echo $$ >> {tmp_path}/processes; exec "$xorriso" "$@"')
    (folder / "large").write_bytes(bytes(64 << 20))
    ours, theirs = socket.socketpair()
    with disc.open("x+b") as image, ours, opened(folder) as descriptor:
        service = Burner(lambda: ImageFile(image.fileno()), noted).service()
        thread = Thread(target=service.serve, args=(theirs,))
        thread.start()
        client = Client(Connection(ours))
        answers = client.follow(CALL, BURN, gives=api.Burning, descriptors=[descriptor])
        next(answers)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(WireError):
            list(answers)  # it hangs up as well
        thread.join()
    for number in (tmp_path / "processes").read_text().split():
        assert not Path(f"/proc/{number}").exists()
