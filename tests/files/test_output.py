from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import OutputError
from appliance.files import output
from appliance.files.output import PendingOutput


@pytest.fixture(params=["nameless", "part"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, once with O_TMPFILE and once on a file system that has none."""
    if request.param == "part":
        real = os.open

        def without_tmpfile(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, "not here")
            return real(path, flags, *args, **kwargs)

        monkeypatch.setattr(os, "open", without_tmpfile)
    return tmp_path


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 64 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, old)


def leave_half_way(pending: PendingOutput, error: type[BaseException]) -> None:
    with pending:
        pending.file.write(b"half")
        raise error


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_it_appears_whole_or_not_at_all(folder: Path) -> None:
    before = descriptors()
    with PendingOutput(folder / "out.bin") as pending:
        pending.file.write(b"half")
        assert "out.bin" not in names(folder)
        pending.file.write(b" and half")
        pending.commit()
    assert names(folder) == ["out.bin"]
    assert (folder / "out.bin").read_bytes() == b"half and half"
    assert stat.S_IMODE((folder / "out.bin").stat().st_mode) == 0o600
    assert descriptors() == before


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_any_way_out_leaves_nothing(folder: Path, error: type[BaseException]) -> None:
    before = descriptors()
    with pytest.raises(error):
        leave_half_way(PendingOutput(folder / "out.bin"), error)
    assert names(folder) == []
    assert descriptors() == before


def test_without_commit_nothing_appears(folder: Path) -> None:
    with PendingOutput(folder / "out.bin") as pending:
        pending.file.write(b"all")
    assert names(folder) == []


def test_what_exists_is_kept_unless_it_may_be_replaced(folder: Path) -> None:
    (folder / "out.bin").write_bytes(b"old")
    with pytest.raises(OutputError, match="exists"):
        PendingOutput(folder / "out.bin")
    with pytest.raises(RuntimeError):
        leave_half_way(PendingOutput(folder / "out.bin", overwrite=True), RuntimeError)
    assert (folder / "out.bin").read_bytes() == b"old"
    with PendingOutput(folder / "out.bin", overwrite=True) as pending:
        pending.file.write(b"new")
        assert (folder / "out.bin").read_bytes() == b"old"
        pending.commit()
    assert (folder / "out.bin").read_bytes() == b"new"
    assert names(folder) == ["out.bin"]


def test_a_name_taken_meanwhile_is_not_replaced(folder: Path) -> None:
    with PendingOutput(folder / "out.bin") as pending:
        pending.file.write(b"new")
        (folder / "out.bin").write_bytes(b"someone else's")
        with pytest.raises(OutputError, match="exists"):
            pending.commit()
    assert (folder / "out.bin").read_bytes() == b"someone else's"
    assert names(folder) == ["out.bin"]


def test_a_name_taken_at_the_last_moment_is_not_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PendingOutput(folder / "out.bin") as pending:
        pending.file.write(b"new")
        (folder / "out.bin").write_bytes(b"someone else's")
        monkeypatch.setattr(pending, "_check_name", lambda: None)
        with pytest.raises(OutputError, match="exists"):
            pending.commit()
    assert (folder / "out.bin").read_bytes() == b"someone else's"
    assert names(folder) == ["out.bin"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_symbolic_link_is_refused(folder: Path, overwrite: bool) -> None:
    (folder / "target.bin").write_bytes(b"precious")
    (folder / "out.bin").symlink_to("target.bin")
    with pytest.raises(OutputError, match="link"):
        PendingOutput(folder / "out.bin", overwrite=overwrite)
    (folder / "dangling.bin").symlink_to("nowhere")
    with pytest.raises(OutputError, match="link"):
        PendingOutput(folder / "dangling.bin", overwrite=overwrite)
    assert (folder / "target.bin").read_bytes() == b"precious"


def test_a_link_put_there_meanwhile_is_refused(folder: Path) -> None:
    (folder / "target.bin").write_bytes(b"precious")
    with PendingOutput(folder / "out.bin", overwrite=True) as pending:
        pending.file.write(b"new")
        (folder / "out.bin").symlink_to("target.bin")
        with pytest.raises(OutputError, match="link"):
            pending.commit()
    assert (folder / "target.bin").read_bytes() == b"precious"
    assert names(folder) == ["out.bin", "target.bin"]


@pytest.mark.parametrize("name", ["", ".", "..", "inner", "pipe"])
def test_what_is_no_plain_file_is_refused(folder: Path, name: str) -> None:
    (folder / "inner").mkdir()
    os.mkfifo(folder / "pipe")
    with pytest.raises(OutputError):
        PendingOutput(f"{folder}/{name}", overwrite=True)


def test_a_missing_folder_is_refused_without_naming_it(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder") as caught:
        PendingOutput(tmp_path / "jane_doe" / "out.bin")
    assert "jane" not in caught.value.message + caught.value.hint
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        PendingOutput(tmp_path / "file" / "out.bin")


def test_a_folder_that_may_not_be_written_is_refused() -> None:
    # /proc/self refuses new files to everyone, root included.
    with pytest.raises(OutputError):
        PendingOutput("/proc/self/out.bin")


@pytest.mark.usefixtures("small_files")
def test_a_file_that_may_not_grow_is_an_output_error_and_leaves_nothing(folder: Path) -> None:
    before = descriptors()
    with PendingOutput(folder / "out.bin") as pending:
        pending.file.write(bytes(1 << 15))
        with pytest.raises(OutputError, match="larger than a file may be"):
            pending.file.write(bytes(1 << 16))
    assert names(folder) == []
    assert descriptors() == before


def test_the_folder_is_found_by_descriptor_even_if_renamed(folder: Path) -> None:
    (folder / "here").mkdir()
    with PendingOutput(folder / "here" / "out.bin") as pending:
        pending.file.write(b"x")
        (folder / "here").rename(folder / "there")
        (folder / "here").mkdir()
        pending.commit()
    assert names(folder / "there") == ["out.bin"]
    assert names(folder / "here") == []


def test_the_name_is_given_after_the_content_is_durable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, bool]] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append((is_folder, (folder / "out.bin").exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    with PendingOutput(folder / "out.bin") as pending:
        pending.file.write(b"x")
        pending.commit()
    assert synced == [(False, False), (True, True)]


def test_a_killed_process_leaves_nothing(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from appliance.files.output import PendingOutput
pending = PendingOutput(sys.argv[1])
pending.file.write(bytes(1 << 20))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out.bin")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert names(tmp_path) == []


def test_the_file_reads_back_what_was_written(folder: Path) -> None:
    with PendingOutput(folder / "out.bin") as pending:
        pending.file.write(b"0123456789")
        pending.file.seek(2)
        pending.file.write(b"xy")
        pending.file.seek(0)
        assert pending.file.read() == b"01xy456789"
        assert pending.file.tell() == 10


NUMBERS = sorted(errno.errorcode)


@pytest.mark.parametrize("code", NUMBERS, ids=[errno.errorcode[code] for code in NUMBERS])
def test_every_error_says_what_to_do_and_no_path(code: int) -> None:
    error = output.as_output_error(OSError(code, "text", "/home/jane_doe/face.mp4"))
    assert error.hint
    assert "jane" not in error.message + error.hint


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "larger than a file may be"),
        (errno.EACCES, "permission"),
        (errno.EROFS, "only be read"),
        (errno.ENAMETOOLONG, "name is too long"),
        (errno.ELOOP, "circle"),
        (errno.EISDIR, "folder"),
        (errno.ENOTDIR, "not a folder"),
        (errno.EMFILE, "too many files"),
        (errno.EIO, "disk failed"),
        (errno.ESTALE, "network drive"),
        (errno.ENOMEM, "memory"),
        (errno.ENOANO, "ENOANO"),
    ],
)
def test_the_reason_is_the_true_one(code: int, words: str) -> None:
    assert words in output.as_output_error(OSError(code, "text")).message


def test_a_name_that_is_too_long_is_said_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="name is too long"):
        PendingOutput(tmp_path / ("x" * 256))
    with pytest.raises(OutputError, match="name is too long"):
        PendingOutput(tmp_path / ("ü" * 128))
    with PendingOutput(tmp_path / ("x" * 255)) as pending:
        pending.commit()


@pytest.fixture
def umask() -> Iterator[None]:
    """New files may be read by the group."""
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(("shared", "expected"), [(False, 0o600), (True, 0o640)])
def test_who_may_read_a_result(folder: Path, shared: bool, expected: int) -> None:
    with PendingOutput(folder / "out.bin", shared=shared) as pending:
        pending.commit()
    assert mode(folder / "out.bin") == expected


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("before", [0o600, 0o664, 0o444])
def test_what_is_replaced_keeps_its_permissions(folder: Path, before: int) -> None:
    (folder / "out.bin").touch()
    (folder / "out.bin").chmod(before)
    for shared, expected in ((True, before), (False, 0o600)):
        with PendingOutput(folder / "out.bin", overwrite=True, shared=shared) as pending:
            pending.commit()
        assert mode(folder / "out.bin") == expected
