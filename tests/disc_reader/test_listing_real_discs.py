"""Discs as people burn them, and as nobody should: listed by the sealed program of the system."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.disc_reader import lister
from appliance.disc_reader.contents import copy_file
from appliance.disc_reader.lister import list_disc
from appliance.disc_reader.medium import Medium
from appliance.errors import InputError, SealError
from tests.disc_reader.conftest import CANARY, FILES, ListImage, refused
from tests.disc_reader.discs import (
    BLOCK,
    EXTENT,
    FLAGS,
    MULTI_EXTENT,
    ROOT_RECORD,
    SIZE,
    burn,
    get,
    make,
    put,
    record,
    run,
)

PATHS = {b"/" + name.encode(): len(content) for name, content in FILES.items()}
A = CANARY.upper().replace(b"-", b"_")[:8] + b".JPG;1"


@pytest.fixture
def image(tmp_path: Path) -> bytearray:
    """A sound disc, to be spoilt."""
    return burn(tmp_path / "sound.iso", FILES, "-R")


@pytest.mark.parametrize("program", ["xorriso", "genisoimage"])
@pytest.mark.parametrize("options", [("-R",), ("-J", "-joliet-long"), ("-R", "-J")])
def test_a_sound_disc_gives_its_files(
    options: tuple[str, ...], program: str, tmp_path: Path, listed: ListImage
) -> None:
    if program == "genisoimage" and "-R" in options:
        options = (*options, "-udf")  # a bridge: the same files in UDF as well
    found = listed(burn(tmp_path / "disc.iso", FILES, *options, program=program))
    assert {path: file.size for path, file in found.items()} == PATHS
    assert not any(file.refusal for file in found.values())


def test_the_bytes_of_a_file_are_copied_as_they_lie(tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    burn(tmp_path / "disc.iso", {"a": content, "b": b"B"})
    with Medium.open(tmp_path / "disc.iso") as medium, (tmp_path / "copy").open("wb") as sink:
        file = next(one for one in list_disc(medium) if one.path == b"/a")
        copy_file(medium, file, sink.fileno())
    assert (tmp_path / "copy").read_bytes() == content


def test_links_devices_and_pipes_are_no_files(tmp_path: Path, listed: ListImage) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "photo").write_bytes(b"photo")
    (tree / "again").hardlink_to(tree / "photo")
    (tree / "link").symlink_to("/etc/passwd")
    (tree / "up").symlink_to("../../etc")
    os.mkfifo(tree / "pipe")
    make(tmp_path / "disc.iso", tree, "-R")
    found = listed((tmp_path / "disc.iso").read_bytes())
    assert {*found} == {b"/photo", b"/again"}
    assert found[b"/photo"].extents == found[b"/again"].extents
    assert found[b"/photo"].refusal is None  # two names of one file


def test_names_that_steer_a_terminal_or_forge_a_line_are_names(
    tmp_path: Path, listed: ListImage
) -> None:
    names = ["a'b", 'c"d', "e\\f", "g\nFile data lba:  0 , 1 , 1 , 1 , '/h'", "\x1b[2J", "\udcff"]
    found = listed(burn(tmp_path / "disc.iso", dict.fromkeys(names, b"x"), "-R"))
    assert {*found} == {b"/" + os.fsencode(name) for name in names}


def test_a_boot_image_is_a_file_like_another(tmp_path: Path, listed: ListImage) -> None:
    boot = ("-R", "-b", "boot.img", "-no-emul-boot", "-c", "boot.cat")
    found = listed(burn(tmp_path / "disc.iso", {"boot.img": bytes(BLOCK), **FILES}, *boot))
    assert {*found} - {b"/boot.cat"} == {b"/boot.img", *PATHS}


def test_of_several_sessions_the_last_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "first.iso", tmp_path / "second.iso"
    burn(first, FILES, "-R", program="genisoimage")
    start = -(-first.stat().st_size // BLOCK // 16) * 16
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "new.jpg").write_bytes(b"new")
    run(
        *("genisoimage", "-quiet", "-R", "-C", f"0,{start}", "-M", str(first)),
        *("-o", str(second), str(tmp_path / "more")),
    )
    both = first.read_bytes().ljust(start * BLOCK, b"\0") + second.read_bytes()
    (tmp_path / "both.iso").write_bytes(both)
    with Medium.open(tmp_path / "both.iso") as medium:
        # What a drive would answer: a copy of a disc no longer tells where its sessions are.
        last = replace(medium, session=start)
        assert b"/new.jpg" not in {file.path for file in list_disc(medium)}
        assert {file.path for file in list_disc(last)} == {b"/new.jpg", *PATHS}


def test_a_session_that_xorriso_added_to_an_image_is_read(tmp_path: Path) -> None:
    disc, new = tmp_path / "disc.iso", tmp_path / "new.jpg"
    burn(disc, FILES, "-R")
    new.write_bytes(b"new")
    run(*("xorriso", "-dev", str(disc), "-map", str(new), "/new.jpg", "-rm", "/d/b.jpg", "--"))
    with Medium.open(disc) as medium:
        assert {file.path for file in list_disc(medium)} == {
            b"/new.jpg",
            *PATHS,
        } - {b"/d/b.jpg"}


def test_a_disc_in_udf_alone_is_refused_by_name(tmp_path: Path) -> None:
    disc = tmp_path / "disc.udf"
    disc.touch()
    os.truncate(disc, 8 << 20)
    run("/usr/sbin/mkudffs", "-b", str(BLOCK), str(disc))
    with pytest.raises(InputError, match="UDF alone"):
        Medium.open(disc)


@pytest.mark.parametrize("content", [b"", b"no disc", bytes(1 << 20)])
def test_what_is_no_disc_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError, match="no files in ISO 9660"):
        Medium.open(tmp_path / "file")


@pytest.mark.parametrize("inner", [b"D", b"E"])
def test_a_folder_that_holds_a_folder_above_it_ends(
    inner: bytes, image: bytearray, listed: ListImage
) -> None:
    put(image, record(image, inner) + EXTENT, get(image, ROOT_RECORD + EXTENT))
    assert "folders of the disc" in refused(listed, image).message


def test_a_continuation_that_leads_to_itself_ends(tmp_path: Path, listed: ListImage) -> None:
    # SUSP, 5.1: a record's fields go on elsewhere; here they go on where they are.
    image = burn(tmp_path / "disc.iso", {"n" * 240: b"x"}, "-R")
    first = image.index(b"CE\x1c\x01")
    block, offset = get(image, first + 4), get(image, first + 12)
    at = block * BLOCK + offset
    image[at : at + 28] = image[first : first + 28]
    try:
        found = listed(image)
    except InputError as error:
        assert "folders of the disc" in error.message  # noqa: PT017 - either end is sound
    else:
        assert len(found) <= 1


@pytest.mark.parametrize("name", [b"../..", b"a/../", b"a/b/c", b"/////", b"..\0.."])
def test_a_name_with_a_path_in_it_leads_nowhere(
    name: bytes, tmp_path: Path, listed: ListImage
) -> None:
    image = burn(tmp_path / "disc.iso", {"a.jpg": b"x", "other": b"y"}, "-R")
    assert {*listed(image)} == {b"/a.jpg", b"/other"}
    at = image.index(b"a.jpg")
    image[at : at + len(name)] = name
    try:
        found = {*listed(image)}
    except InputError as error:
        assert "folders of the disc" in error.message  # noqa: PT017 - either end is sound
    else:
        assert found <= {b"/" + name.split(b"/")[-1], b"/other"}


def test_folders_below_folders_are_bounded(tmp_path: Path, listed: ListImage) -> None:
    deep = burn(tmp_path / "deep.iso", {"x/" * 32 + "f": b"z"}, "-R")
    assert len(listed(deep)) == 1
    deeper = burn(tmp_path / "deeper.iso", {"x/" * 33 + "f": b"z"}, "-R")
    assert "folders of the disc" in refused(listed, deeper).message


@pytest.mark.parametrize("field", [EXTENT, SIZE])
def test_a_file_that_reaches_beyond_the_disc_is_refused_alone(
    field: int, image: bytearray, listed: ListImage, tmp_path: Path
) -> None:
    put(image, record(image, A) + field, 0xFFFFFF if field == EXTENT else 0xFFFFFFFF)
    found = listed(image)
    assert found[b"/" + CANARY + b".jpg"].refusal == "outside"
    assert found[b"/d/b.jpg"].refusal is None
    with Medium.open(tmp_path / "spoilt.iso") as medium, (tmp_path / "copy").open("wb") as sink:
        with pytest.raises(InputError, match="does not lie on the disc"):
            copy_file(medium, found[b"/" + CANARY + b".jpg"], sink.fileno())
        assert sink.tell() == 0


def test_files_in_one_place_are_refused(image: bytearray, listed: ListImage) -> None:
    put(image, record(image, A) + EXTENT, get(image, record(image, b"B.JPG;1") + EXTENT))
    found = listed(image)
    assert found[b"/" + CANARY + b".jpg"].refusal == "shared"
    assert found[b"/d/b.jpg"].refusal == "shared"


@pytest.mark.parametrize("twice", [False, True])
def test_a_file_in_several_extents(twice: bool, tmp_path: Path, listed: ListImage) -> None:
    files = {"a.bin": b"A" * 4096, "b.bin": b"B" * 4096}
    image = burn(tmp_path / "disc.iso", files, "-iso-level", "3")
    first, second = record(image, b"A.BIN;1"), record(image, b"B.BIN;1")
    image[first + FLAGS] |= MULTI_EXTENT
    image[second + 33 : second + 40] = b"A.BIN;1"
    if twice:  # a file of two gigabytes could be made of one block so
        put(image, second + EXTENT, get(image, first + EXTENT))
    (file,) = listed(image).values()
    assert (file.size, len(file.extents)) == (8192, 2)
    assert file.refusal == ("shared" if twice else None)


def test_a_packed_file_is_not_unpacked(tmp_path: Path, listed: ListImage) -> None:
    disc, tree = tmp_path / "disc.iso", tmp_path / "tree"
    tree.mkdir()
    (tree / "bomb.png").write_bytes(bytes(50 << 20))
    run(
        *("xorriso", "-outdev", str(disc), "-map", str(tree), "/"),
        *("-set_filter_r", "--zisofs", "/", "--", "-commit"),
    )
    assert disc.stat().st_size < 1 << 20
    (file,) = listed(disc.read_bytes()).values()
    assert file.refusal == "packed"


def test_a_disc_that_was_cut_off_gives_what_is_left(image: bytearray, listed: ListImage) -> None:
    last = max(listed(image).values(), key=lambda file: file.extents[0].start)
    found = listed(image[: last.extents[0].start + 5])
    assert found[last.path].refusal == "outside"
    assert [file.refusal for path, file in found.items() if path != last.path] == [None, None]


def test_a_program_that_was_taken_over_is_believed_in_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    burn(tmp_path / "disc.iso", FILES, "-R")
    with Medium.open(tmp_path / "disc.iso") as medium:
        assert len(list_disc(medium)) == len(FILES)  # the control
        # Writes for ever, in the place of the program.
        monkeypatch.setattr(lister, "COMMAND", (sys.executable, "-c", _FOR_EVER))
        with pytest.raises(InputError, match="folders of the disc"):
            list_disc(medium)


_FOR_EVER = "while True: print('x' * 65536)"


def test_where_the_program_cannot_be_sealed_no_disc_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    burn(tmp_path / "disc.iso", FILES, "-R")
    unsealable = (sys.executable, "-c", _WITHOUT_LANDLOCK)
    monkeypatch.setattr(lister, "COMMAND", unsealable)
    with Medium.open(tmp_path / "disc.iso") as medium, pytest.raises(SealError, match="seal"):
        list_disc(medium)


_WITHOUT_LANDLOCK = """
from appliance.disc_reader import lister
from appliance.seal import landlock
landlock.abi = lambda: 0
lister.main()
"""
