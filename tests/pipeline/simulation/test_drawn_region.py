"""Regions in a file, and their areas."""

from __future__ import annotations

import pytest

from appliance.errors import InputError
from appliance.pipeline.simulation.drawn_region import DrawnRegion, read_regions

SIZE = (300, 400)
FILE = """
version = 1

[picture]
width = 300
height = 400

[[region]]
mode = "line"
corners = [[10, 20], [20, 20.5], [20, 90]]

[[region]]
mode = "mean"
share = 40
corners = [[100, 100], [150, 100], [150, 140], [100, 140]]
"""


def test_a_file_of_regions() -> None:
    line, mean = read_regions(FILE.encode(), SIZE)
    assert line == DrawnRegion("line", ((10, 20), (20, 20.5), (20, 90)))
    assert (line.share, mean.mode, mean.share) == (100, "mean", 40)
    assert mean.words.endswith("40 % of the way")
    assert mean.area(0.5) == 50 * 40 / 4
    assert DrawnRegion("mean", mean.corners[::-1]).area(0.5) == mean.area(0.5)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("width = 300", "width = 301", "another size"),
        ("version = 1", "version = 2", "another version"),
        ('mode = "mean"', 'mode = "nose"', "not as it must be"),
        ("share = 40", "share = 0", "share that cannot be"),
        ('mode = "line"', 'mode = "line"\nshare = 50', "share that cannot be"),
        ("[[region]]", "[[regions]]", "not as it must be"),
        ("[10, 20]", "[10, nan, 3]", "not as it must be"),
        ("version", "\udcffversion", "not as it must be"),
        ("version", "#" * 70_000 + "\nversion", "larger"),
    ],
)
def test_other_files_are_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_regions(FILE.replace(old, new).encode(errors="surrogateescape"), SIZE)
