"""The disc reader as the kiosk sees it: over a socket, with an image in the place of a drive."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from appliance.disc_reader.contents import blocks_of
from appliance.disc_reader.listing import DiscFile
from appliance.disc_reader.medium import Medium
from appliance.disc_reader.names import MAX_SHOWN
from appliance.disc_reader.service import MAX_IDLE, PAGE, DiscReader
from appliance.protocols import disc_api as api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError
from tests.disc_reader.conftest import CANARY, FILES
from tests.disc_reader.discs import EXTENT, burn, get, put, record, run

LARGE = 300_000  # bytes: more than a pipe holds
PHOTO = CANARY.decode() + ".jpg"


@contextmanager
def serving(reader: DiscReader) -> Iterator[Client]:
    """A connection to ``reader``, as systemd makes one."""
    ours, theirs = socket.socketpair()
    thread = Thread(target=reader.service().serve, args=(theirs,))
    thread.start()
    client = Client(Connection(ours))
    try:
        yield client
    finally:
        client.close()
        thread.join()


def listed(client: Client, after: int | None = None) -> api.Files:
    files, _ = client.call(f"{api.NAME}.List", api.List(after), gives=api.Files)
    return files


def opened(client: Client, number: int) -> tuple[int, int]:
    """The size of a file and its descriptor."""
    answer, (descriptor,) = client.call(
        f"{api.NAME}.Open", api.Open(number), gives=api.Opened, attached=1
    )
    return answer.size, descriptor


def all_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def refusal(act: Callable[[], object]) -> tuple[str, str]:
    """The error of the service, and its details."""
    with pytest.raises(CallError) as refused:
        act()
    details = getattr(refused.value.parameters, "json", b"").decode()
    return refused.value.error.removeprefix(f"{api.NAME}."), details


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    burn(tmp_path / "disc.iso", FILES)
    return tmp_path / "disc.iso"


@contextmanager
def drive(disc: Path) -> Iterator[Path]:
    """A device with the disc in it, as the kernel sees a drive."""
    command = ["losetup", "--find", "--show", "--read-only", str(disc)]
    device = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    try:
        yield Path(device)
    finally:
        run("losetup", "--detach", device)


def reader_of(disc: Path, **options: Any) -> DiscReader:
    return DiscReader(lambda: Medium.open(disc), **options)


def numbers(files: api.Files) -> Mapping[str, int]:
    return {file.name: file.number for file in files.files}


def test_files_are_listed_and_their_bytes_handed_out(disc: Path) -> None:
    with serving(reader_of(disc)) as client:
        files = listed(client)
        assert {file.name: file.size for file in files.files} == {
            f"/{name}": len(content) for name, content in FILES.items()
        }
        assert not files.more
        for name, number in numbers(files).items():
            size, descriptor = opened(client, number)
            assert size == len(FILES[name[1:]])
            assert all_of(descriptor) == FILES[name[1:]]


def test_a_file_in_memory_cannot_be_changed(disc: Path) -> None:
    with serving(reader_of(disc)) as client:
        _, descriptor = opened(client, numbers(listed(client))[f"/{PHOTO}"])
        assert stat.S_ISREG(os.fstat(descriptor).st_mode)
        for open_again in (os.O_WRONLY, os.O_RDWR):
            again = os.open(f"/proc/self/fd/{descriptor}", open_again)
            with pytest.raises(PermissionError):
                os.write(again, b"x")
            with pytest.raises(PermissionError):
                os.ftruncate(again, 1)
            os.close(again)
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.write(descriptor, b"x")
        assert all_of(descriptor) == FILES[PHOTO]


def test_a_large_file_comes_through_a_pipe_while_the_drive_is_busy(tmp_path: Path) -> None:
    content = os.urandom(LARGE)
    burn(tmp_path / "disc.iso", {"film.mp4": content})
    with serving(reader_of(tmp_path / "disc.iso", most_in_memory=LARGE - 1)) as client:
        (number,) = numbers(listed(client)).values()
        size, descriptor = opened(client, number)
        assert stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        assert refusal(lambda: listed(client)) == ("Busy", "{}")
        assert all_of(descriptor) == content
        assert size == LARGE
        # Who has seen the end can go on at once; and who hangs up frees the drive as well.
        os.close(opened(client, number)[1])
        _free(client)


def test_a_pipe_that_nobody_reads_is_given_up(tmp_path: Path) -> None:
    content = os.urandom(LARGE)
    burn(tmp_path / "disc.iso", {"film.mp4": content})
    reader = reader_of(tmp_path / "disc.iso", most_in_memory=0, patience=0.01)
    with serving(reader) as client:
        (number,) = numbers(listed(client)).values()
        size, descriptor = opened(client, number)
        _free(client)
        assert len(all_of(descriptor)) < size


def _free(client: Client) -> None:
    """Wait until the drive is free."""
    while True:
        with suppress(CallError):
            listed(client)
            return


def test_numbers_of_another_disc_or_an_older_listing_are_refused(
    disc: Path, tmp_path: Path
) -> None:
    with serving(reader_of(disc)) as client:
        old = numbers(listed(client))[f"/{PHOTO}"]
        new = numbers(listed(client))[f"/{PHOTO}"]
        assert refusal(lambda: opened(client, old)) == ("OtherDisc", "{}")
        assert refusal(lambda: listed(client, old)) == ("OtherDisc", "{}")
        all_of(opened(client, new)[1])
        burn(tmp_path / "other.iso", FILES | {PHOTO: b"Z" * 3000})
        (tmp_path / "other.iso").replace(disc)
        assert refusal(lambda: opened(client, new)) == ("OtherDisc", "{}")
        all_of(opened(client, numbers(listed(client))[f"/{PHOTO}"])[1])


def test_another_disc_in_a_drive_is_noticed_though_it_describes_itself_the_same(
    disc: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.iso"
    other.write_bytes(disc.read_bytes().replace(FILES[PHOTO], b"Z" * len(FILES[PHOTO])))
    with drive(disc) as device, serving(reader_of(device)) as client:
        number = numbers(listed(client))[f"/{PHOTO}"]
        assert all_of(opened(client, number)[1]) == FILES[PHOTO]
        run("losetup", "--detach", str(device))
        run("losetup", "--read-only", str(device), str(other))
        assert refusal(lambda: opened(client, number)) == ("OtherDisc", "{}")
        number = numbers(listed(client))[f"/{PHOTO}"]
        assert all_of(opened(client, number)[1]) == b"Z" * len(FILES[PHOTO])


@pytest.mark.parametrize("most_in_memory", [0, LARGE])
def test_a_disc_that_is_changed_while_it_is_read_gives_no_whole_file(
    disc: Path, monkeypatch: pytest.MonkeyPatch, most_in_memory: int
) -> None:
    def changed(medium: Medium, file: DiscFile) -> Iterator[bytes]:
        yield from blocks_of(medium, file)
        os.utime(disc, ns=(0, 0))

    monkeypatch.setattr("appliance.disc_reader.service.blocks_of", changed)
    with serving(reader_of(disc, most_in_memory=most_in_memory)) as client:
        number = numbers(listed(client))[f"/{PHOTO}"]
        if most_in_memory:
            assert refusal(lambda: opened(client, number)) == ("OtherDisc", "{}")
        else:
            size, descriptor = opened(client, number)
            assert len(all_of(descriptor)) < size


def test_a_scratch_is_an_error_without_a_name_and_leaves_the_rest(
    disc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(reader_of(disc)) as client:
        found = numbers(listed(client))
        at = disc.read_bytes().index(FILES[PHOTO])
        sound = os.pread

        def scratched(descriptor: int, size: int, offset: int) -> bytes:
            if offset == at:
                raise OSError(errno.EIO, "Input/output error")
            return sound(descriptor, size, offset)

        monkeypatch.setattr(os, "pread", scratched)
        error, details = refusal(lambda: opened(client, found[f"/{PHOTO}"]))
        assert error == "Failed"
        assert "cannot be read" in details
        assert CANARY.decode() not in details
        assert all_of(opened(client, found["/d/b.jpg"])[1]) == FILES["d/b.jpg"]


def test_a_file_in_the_place_of_another_is_listed_and_not_opened(tmp_path: Path) -> None:
    image = burn(tmp_path / "disc.iso", {"a.jpg": b"A" * 9000, "b.jpg": b"B" * 9000})
    first, second = (record(image, name) for name in (b"A.JPG;1", b"B.JPG;1"))
    put(image, second + EXTENT, get(image, first + EXTENT) + 1)
    (tmp_path / "disc.iso").write_bytes(image)
    with serving(reader_of(tmp_path / "disc.iso")) as client:
        files = listed(client).files
        assert {file.refusal for file in files} == {"shared"}
        error, details = refusal(lambda: opened(client, files[0].number))
        assert error == "Failed"
        assert "in the place of another one" in details


def test_many_files_come_in_pages_with_names_that_steer_nothing(tmp_path: Path) -> None:
    names = [f"{number:03}\n{'🙂' * 4}.jpg" for number in range(250)]
    burn(tmp_path / "disc.iso", dict.fromkeys(names, b"x"), "-R")
    with serving(reader_of(tmp_path / "disc.iso")) as client:
        pages = [listed(client)]
        while pages[-1].more:
            pages.append(listed(client, pages[-1].files[-1].number))
        files = [file for page in pages for file in page.files]
        assert [len(page.files) for page in pages] == [100, 100, 50]
        assert len({file.number for file in files}) == 250
        assert all(file.name.isprintable() and "\\x0a" in file.name for file in files)
        assert CANARY.decode() not in repr(files)


def test_an_answer_with_the_longest_names_fits() -> None:
    longest = api.File((1 << 53) - 1, "🙂" * MAX_SHOWN, 1 << 46, "too-large")
    assert len(msgspec.json.encode(api.Files([longest] * PAGE, more=True))) < 60_000


def test_names_are_forgotten_when_nothing_is_asked_for_long(disc: Path) -> None:
    now = [0.0]
    reader = reader_of(disc, clock=lambda: now[0])
    with serving(reader) as client:
        number = numbers(listed(client))[f"/{PHOTO}"]
        now[0] = MAX_IDLE
        reader.forget_if_idle()
        all_of(opened(client, number)[1])
        now[0] = 2 * MAX_IDLE + 1
        reader.forget_if_idle()
        assert refusal(lambda: opened(client, number)) == ("OtherDisc", "{}")


def test_what_is_no_disc_is_an_error_and_the_drive_is_free_again(disc: Path) -> None:
    sound = disc.read_bytes()
    disc.write_bytes(bytes(1 << 16))
    with serving(reader_of(disc)) as client:
        error, details = refusal(lambda: listed(client))
        assert error == "Failed"
        assert "no files in ISO 9660" in details
        disc.write_bytes(sound)
        assert len(listed(client).files) == len(FILES)
        disc.unlink()
        assert refusal(lambda: listed(client))[0] == "Failed"
