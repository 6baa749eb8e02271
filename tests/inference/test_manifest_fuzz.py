"""Any bytes are parsed as a manifest or refused with a ModelError."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import ModelError
from appliance.inference.manifest import Manifest, parse
from tests.paths import REPOSITORY

STARTER = (REPOSITORY / "models" / "starter" / "manifest.toml").read_bytes()

_PIECES = st.sampled_from(
    [
        b"format = 1",
        b"[[entry]]",
        b"[entry.source]",
        b"file = ",
        b'"../../etc/shadow"',
        b'"',
        b"'''",
        b"\n",
        b"=",
        b"[",
        b"]",
        b"size = -1",
        b"size = 99999999999999999999",
        b"\xff",
        b"\x00",
        b"1e999",
        b"1979-05-27",
        b"name = 'x'",
        b"\\u0000",
        b"{",
        b"}",
    ]
)


def judge(data: bytes) -> Manifest | None:
    """The manifest; ``None`` for a ModelError. Any other exception is a bug."""
    try:
        manifest = parse(data)
    except ModelError:
        return None
    for entry in manifest.entry:
        assert "/" not in entry.file
        assert not entry.file.startswith(".")
        assert entry.size > 0
    return manifest


@given(st.binary(max_size=300) | st.lists(_PIECES, max_size=30).map(b"".join))
def test_any_bytes_are_parsed_or_a_model_error(data: bytes) -> None:
    judge(data)


@settings(max_examples=300)
@given(st.integers(0, len(STARTER)), st.integers(0, 12), st.binary(max_size=4) | _PIECES)
def test_a_damaged_manifest_is_parsed_or_a_model_error(place: int, cut: int, put: bytes) -> None:
    judge(STARTER[:place] + put + STARTER[place + cut :])


def test_the_undamaged_manifest_is_parsed() -> None:
    assert judge(STARTER) is not None
