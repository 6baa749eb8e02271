"""A surgeon's own record, and its summary."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from appliance.cli.simulate.accuracy.record import HEAD, Record, read_record
from appliance.cli.simulate.accuracy.summary import signed
from appliance.cli.simulate.accuracy.table import summarised, table_lines
from appliance.errors import InputError, OutputError
from appliance.pipeline.simulation.accuracy.achieved import Achieved, Asked
from tests.cli.conftest import Call

HUMP = Achieved("hump", Asked(-1, -2), -1.5, 0.5)
ALAR = Achieved("alar-width", Asked(-3, -3), -4.25, 1)


def add(path: Path, *achieved: Achieved) -> None:
    with ExitStack() as files:
        Record(path, files).add(achieved)


def test_lines_are_added_and_earlier_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "accuracy.csv"
    add(path, HUMP)
    first = path.read_bytes()
    add(path, ALAR, HUMP)
    assert path.read_bytes().startswith(first)
    assert read_record(path.read_bytes()) == (HUMP, ALAR, HUMP)


def test_a_record_holds_figures_and_names_of_handles_alone(tmp_path: Path) -> None:
    path = tmp_path / "accuracy.csv"
    add(path, HUMP)
    assert path.read_text() == f"{','.join(HEAD)}\nhump,mm,-1.000,-2.000,-1.500,0.500\n"


def test_nothing_is_written_for_a_pair_that_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "accuracy.csv"
    with ExitStack() as files:
        Record(path, files)
    assert not path.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"mine",
        b"handle,unit,least,wished,achieved,error",
        b"handle,unit,least,wished,achieved,error\nhump,deg,1,1,1,1\n",
        b"handle,unit,least,wished,achieved,error\nears,mm,1,1,1,1\n",
        b"handle,unit,least,wished,achieved,error\nhump,mm,1,1,nan,1\n",
        b"handle,unit,least,wished,achieved,error\nhump,mm,1,1,1,0\n",
        b"handle,unit,least,wished,achieved,error\nhump,mm,1,1,1\n",
        b"handle,unit,least,wished,achieved,error\nhump,mm,1,1,1,\xff\n",
    ],
)
def test_another_file_is_neither_read_nor_added_to(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a record"):
        add(path, HUMP)
    assert path.read_bytes() == data


def test_links_and_folders_are_refused(tmp_path: Path) -> None:
    real = tmp_path / "accuracy.csv"
    add(real, HUMP)
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    for path in (link, tmp_path):
        with pytest.raises(OutputError):
            add(path, ALAR)
    assert read_record(real.read_bytes()) == (HUMP,)


def test_bias_is_beyond_the_wish_in_its_direction() -> None:
    """One who takes off 0.5 mm too little and 1.5 mm too much does 0.5 mm too much on average."""
    ones = (
        Achieved("hump", Asked(-1, -2), -1.5, 0.6),
        Achieved("hump", Asked(-1, -2), -3.5, 0.8),
    )
    hump = summarised((*ones, ALAR)).handles["hump"]
    assert (hump.operations, hump.bias, hump.unit) == (2, 0.5, "mm")
    assert hump.spread == pytest.approx(1.41, abs=0.01)
    assert hump.bias_error == pytest.approx(1.0, abs=0.01)
    assert hump.measured == pytest.approx(0.71, abs=0.01)
    assert hump.within == 0.5
    assert summarised((ALAR,)).handles["alar-width"].spread is None


def test_nothing_is_never_less_than_nothing() -> None:
    assert [signed(value) for value in (-0.04, 0.0, -0.06)] == ["+0.0", "+0.0", "-0.1"]


def test_the_table_is_aligned() -> None:
    lines = table_lines(summarised((HUMP, HUMP, ALAR)))
    assert len({line.index("bias") if "bias" in line else line.index("mm") for line in lines}) <= 3
    assert "+0.5" not in lines[1]
    assert lines[1].startswith("hump")


def test_records_are_summed_up(call: Call, tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    add(one, HUMP, ALAR)
    add(other, HUMP)
    found = call("accuracy", "summary", one, other, "--json").json["handles"]
    assert (found["hump"]["operations"], found["alar-width"]["operations"]) == (2, 1)
    shown = call("accuracy", "summary", one)
    assert (shown.code, "alar-width" in shown.out) == (0, True)
    broken = tmp_path / "broken.csv"
    broken.write_text("mine")
    assert call("accuracy", "summary", one, broken).code == 3
