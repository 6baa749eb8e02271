"""Names of files on a disc, on the screen of the person who holds it."""

from __future__ import annotations

import pytest

from appliance.disc_reader.names import MAX_SHOWN, shown


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/Müller/正面.jpg".encode(), "/Müller/正面.jpg"),
        (b"/a\nb", "/a\\x0ab"),
        (b"/\x1b]0;title\x07", "/\\x1b]0;title\\x07"),
        ("/gpj.\u202eexe".encode(), "/gpj.\\u202eexe"),  # turns the direction of what follows
        ("/\u200b".encode(), "/\\u200b"),
        (b"/\xff", "/\\xff"),
        (b"/\\x1b", "/\\x5cx1b"),  # no escape can be forged
    ],
)
def test_only_what_is_printable_is_printed(path: bytes, seen: str) -> None:
    assert shown(path) == seen


def test_a_long_name_shows_its_end() -> None:
    name = shown(b"/" + b"a" * 300 + b".jpg")
    assert len(name) == MAX_SHOWN
    assert name.endswith("a.jpg")
