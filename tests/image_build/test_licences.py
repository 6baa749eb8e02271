"""What a copyright file of Debian states, in its fixed form and in older ones."""

from __future__ import annotations

import pytest

from tools.image.licences import is_expression, is_spdx, licences, names_licences, spdx_name

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


def test_expressions_combine_names() -> None:
    assert is_expression("MIT OR Apache-2.0")
    assert not is_expression("MIT")
    assert not is_expression("MIT OR something")
