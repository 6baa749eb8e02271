"""What a copyright file of Debian states, in its fixed form and in older ones."""

from __future__ import annotations

import pytest
from cyclonedx import spdx

from tests.paths import REPOSITORY
from tools.image.bundled import Library, libraries, read_licences
from tools.image.licences import is_expression, is_spdx, licences, names_licences, spdx_name
from tools.image.python_packages import Distribution

FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("GPL-2+", "GPL-2.0-or-later"),
        ("GPL-3", "GPL-3.0-only"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("LGPL-2.1-or-later", "LGPL-2.1-or-later"),
        ("AGPL-3.0", "AGPL-3.0-only"),
        ("Expat", "MIT"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("Apache 2.0", "Apache-2.0"),
    ],
)
def test_names_become_those_of_spdx(stated: str, name: str) -> None:
    assert spdx_name(stated) == name
    assert is_spdx(name)
    assert spdx.is_supported_id(name)


@pytest.mark.parametrize("stated", ["GPL-2+ with OpenSSL exception", "GPL", "BSD-like", "GPL-22"])
def test_a_name_that_means_something_else_stays(stated: str) -> None:
    assert spdx_name(stated) == stated
    assert not is_spdx(stated)


def test_a_file_in_the_fixed_form_names_each_of_its_licences_once() -> None:
    text = f"{FORMAT}\nLicense: GPL-2+\n Text.\n\nLicense: Expat\n\nLicense: GPL-2+\n"
    assert names_licences(text)
    assert licences(text) == ("GPL-2.0-or-later", "MIT")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See /usr/share/common-licenses/GPL-2.\n", ("GPL-2.0-only",)),
        ("See /usr/share/common-licenses/LGPL-2.1 and\n.../GPL.", ("LGPL-2.1-only",)),
        ("Permission is\nhereby granted, free\nof charge, to", ("MIT-style",)),
        ("This is in the public domain.", ("public-domain",)),
        ("Copyright somebody. All rights reserved.", ()),
    ],
)
def test_other_files_are_known_by_their_wording(text: str, found: tuple[str, ...]) -> None:
    assert not names_licences(text)
    assert licences(text) == found


def test_the_licences_of_libraries_in_wheels_are_known_to_spdx() -> None:
    table = read_licences(REPOSITORY / "image-build/bundled-licences.txt")
    assert not spdx.is_expression("GPL-2.0-or-later OR nonsense")
    assert len(table) > 50
    assert not [one for one in table.values() if not spdx.is_expression(one)]


@pytest.mark.parametrize(
    ("path", "name", "version"),
    [
        ("p/av.libs/libx264-d6533a8d.so.165", "libx264", "165"),
        ("p/numpy.libs/libgfortran-040039e1-0352e75f.so.5.0.0", "libgfortran", "5.0.0"),
        ("p/numpy.libs/libscipy_openblas64_-32a4b2a6.so", "libscipy_openblas64_", ""),
        ("p/cv.libs/libopenblasp-r0-37b5f859.3.3.so", "libopenblasp", "3.3"),
        ("p/av.libs/libopencore-amrnb-d72c52e2.so.0.0.5", "libopencore-amrnb", "0.0.5"),
        ("p/PySide6/Qt/lib/libicudata.so.73", "libicudata", "73"),
    ],
)
def test_a_library_in_a_wheel_is_known_by_its_file(path: str, name: str, version: str) -> None:
    wheel = Distribution("wheel", "1", "MIT", True, {path: ""}, ())
    assert list(libraries(wheel)) == [Library("wheel", name, version, path)]


@pytest.mark.parametrize(
    "path", ["p/PySide6/Qt/lib/libQt6Core.so.6", "p/av/_core.abi3.so", "p/av.libs/README"]
)
def test_what_is_the_wheels_own_is_no_library_of_others(path: str) -> None:
    assert not list(libraries(Distribution("wheel", "1", "MIT", True, {path: ""}, ())))


def test_expressions_combine_names() -> None:
    assert is_expression("MIT OR Apache-2.0")
    assert not is_expression("MIT")
    assert not is_expression("MIT OR something")
