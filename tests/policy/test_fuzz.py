"""Whatever bytes a policy file holds: a policy, or an error that says what is wrong."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import PolicyError
from appliance.policy.load import parse
from appliance.policy.policy import LEGAL_FLOOR_DAYS, Policy
from tests.paths import REPOSITORY

CLINIC = (REPOSITORY / "policies" / "clinic.yaml").read_bytes()

# Meaningful pieces of YAML, so that the parser gets past the first byte.
_PIECES = st.sampled_from(
    [
        b"system:",
        b"allow_network: ",
        b"true",
        b"  ",
        b"\n",
        b"[",
        b"]",
        b"{",
        b"}",
        b": ",
        b"- ",
        b"&a",
        b"*a",
        b"!!python/object:os.system",
        b"<<",
        b"1e999",
        b"0x7f",
        b".inf",
        b"~",
        b"|",
        b"%YAML",
        b"---",
        b"retention_days: 1",
        b"2001-01-01",
        b"\xff",
        b"\x00",
        b"'",
        b'"',
    ]
)


def judge(data: bytes) -> Policy | None:
    """The policy; ``None`` for an error of ours. Any other error is a bug."""
    try:
        policy = parse(data)
    except PolicyError:
        return None
    assert not policy.system.allow_network
    assert policy.export.second_person
    assert policy.export.label
    assert policy.audit.retention_days >= LEGAL_FLOOR_DAYS
    assert "seccomp" in policy.seal.minimum
    return policy


@given(st.binary(max_size=300) | st.lists(_PIECES, max_size=30).map(b"".join))
def test_any_bytes_give_a_policy_or_an_error(data: bytes) -> None:
    judge(data)


@settings(max_examples=300)
@given(st.integers(0, len(CLINIC)), st.integers(0, 12), st.binary(max_size=4) | _PIECES)
def test_a_policy_damaged_anywhere_gives_a_policy_or_an_error(
    place: int, cut: int, put: bytes
) -> None:
    judge(CLINIC[:place] + put + CLINIC[place + cut :])


def test_the_sound_policy_is_accepted() -> None:
    assert judge(CLINIC) is not None
