"""What outlives a power cut: which sessions were open."""

from __future__ import annotations

from pathlib import Path

from appliance.session.marks import Marks, this_boot


def test_a_mark_stays_until_it_is_removed(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "open")
    assert marks.left() == []
    marks.put("0123456789abcdef", "w1")
    (mark,) = Marks(tmp_path / "open").left()
    assert (mark.session, mark.slot, mark.boot) == ("0123456789abcdef", "w1", this_boot())
    marks.remove("w1")
    assert marks.left() == []


def test_a_torn_mark_still_stands_for_its_slot(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.put("0123456789abcdef", "w3")
    (tmp_path / "w3").write_bytes(b'{"session":"01')
    (mark,) = marks.left()
    assert mark.slot == "w3"


def test_only_their_owner_reads_them(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "open")
    marks.put("0123456789abcdef", "w0")
    assert (tmp_path / "open").stat().st_mode & 0o077 == 0
    assert (tmp_path / "open/w0").stat().st_mode & 0o077 == 0


def test_a_mark_that_was_not_complete_before_a_crash_is_not_one(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    (tmp_path / "w2.new").write_bytes(b'{"session":"01')
    assert marks.left() == []
    marks.put("0123456789abcdef", "w2")
    assert [mark.slot for mark in marks.left()] == ["w2"]
    assert [path.name for path in tmp_path.iterdir()] == ["w2"]
