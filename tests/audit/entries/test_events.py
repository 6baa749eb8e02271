"""No event has room for free text, and an entry is small."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from appliance.audit.entries import canonical
from appliance.audit.entries.entry import Entry
from appliance.audit.entries.events import AnyEvent, Boot, JobFinished
from appliance.errors import LedgerError
from tests.audit.synthetic import job_event

KINDS: tuple[type[msgspec.Struct], ...] = get_args(AnyEvent)
ENTRY = Entry(1_795_532_360_443, "01234567", "embedded", job_event(1), 1_906_336, 17)


def leaves(kind: inspect.Type) -> list[inspect.Type]:
    """The types that a type is made of."""
    match kind:
        case inspect.UnionType():
            return [leaf for part in kind.types for leaf in leaves(part)]
        case inspect.VarTupleType():
            return leaves(kind.item_type)
        case inspect.StructType():
            return [leaf for part in kind.fields for leaf in leaves(part.type)]
        case inspect.Metadata():
            return leaves(kind.type)
    return [kind]


def strategy(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of a leaf type, the longest that a log sees."""
    match kind:
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.IntType():
            return st.integers(kind.ge or 0, min(kind.le or 0, 10**7))
        case inspect.StrType():
            digits = re.fullmatch(r"\\A\[0-9a-f]\{(\d+)\}\\Z", str(kind.pattern))
            return hexadecimal(int(digits[1])) if digits else st.just("1.22.333")
        case inspect.UnionType():
            return strategy(next(t for t in kind.types if not isinstance(t, inspect.NoneType)))
        case inspect.VarTupleType():
            return st.lists(strategy(kind.item_type), max_size=7, unique=True).map(tuple)
        case inspect.Metadata():
            return strategy(kind.type)
    raise AssertionError(kind)


def hexadecimal(digits: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=digits // 2, max_size=digits // 2).map(bytes.hex)


@st.composite
def entries(draw: st.DrawFn, kinds: Sequence[type[msgspec.Struct]] = KINDS) -> Entry:
    kind = draw(st.sampled_from(kinds))
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    event = kind(**{part.name: draw(strategy(part.type)) for part in described.fields})
    return Entry(
        draw(st.integers(0, 2**42)),
        draw(hexadecimal(8)),
        draw(
            st.sampled_from(
                ("audit", "broker", "worker", "releaser", "attester", "embedded", "test")
            )
        ),
        event,  # type: ignore[arg-type]
        draw(st.integers(0, 10**10)),
        draw(st.integers(0, 10**8)),
    )


def test_every_field_is_an_enumeration_a_number_or_hexadecimal() -> None:
    for leaf in leaves(inspect.type_info(Entry)):
        match leaf:
            case inspect.LiteralType() | inspect.NoneType():
                pass
            case inspect.IntType():
                assert leaf.ge is not None
                assert leaf.le is not None
            case inspect.StrType():
                assert leaf.pattern is not None
                assert leaf.pattern.startswith((r"\A[0-9a-f]{", r"\A[0-9]{1,4}("))
                assert leaf.pattern.endswith(r"\Z")
            case _:
                pytest.fail(f"a field may hold {leaf}")


def test_all_kinds_have_different_names() -> None:
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS) >= 24


@given(entries())
def test_an_entry_has_one_encoding_and_is_small(entry: Entry) -> None:
    data = canonical.encode(entry)
    assert canonical.decode(data) == entry
    assert rfc8785.dumps(msgspec.json.decode(data)) == data
    assert len(data) <= 300


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"at"', b'{ "at"'),
        (b'"faces":1,', b'"faces":1.0,'),
        (b'"faces":1,', b'"faces":1,"name":"Maria",'),
        (b'"faces":1,', b'"faces":-1,'),
        (b'"faces":1,', b'"faces":1,"faces":1,'),
        (b'"faces":1,"frames":1,', b'"frames":1,"faces":1,'),
        (b'"faces":1,', b'"faces":9007199254740992,'),
        (b'"seq"', b'"se\\u0071"'),
        (b"abcdef", b"ABCDEF"),
        (b"0123456789abcdef", b"maria.gonzalez@x"),
        (b'"by":"embedded"', b'"by":"/home/maria"'),
        (b'"kind":"job-finished"', b'"kind":"job-imagined"'),
        (b'"seq":17}', b'"seq":17,"v":1}'),
        (b'"seq":17}', b'"seq":17,"v":2}'),
        (b"}", b""),
    ],
)
def test_another_encoding_is_refused_and_not_quoted(old: bytes, new: bytes) -> None:
    data = canonical.encode(ENTRY)
    assert canonical.decode(data) == ENTRY
    assert old in data
    with pytest.raises(LedgerError) as caught:
        canonical.decode(data.replace(old, new, 1))
    assert "maria" not in f"{caught.value} {caught.value.hint}".lower()


@given(st.binary(max_size=400))
def test_noise_is_a_ledger_error(data: bytes) -> None:
    with pytest.raises(LedgerError):
        canonical.decode(data)


def test_an_unset_field_is_not_written() -> None:
    data = canonical.encode(Entry(1, "0" * 8, "audit", Boot("1.0"), 1, 0))
    assert b"image" not in data
    with pytest.raises(LedgerError):
        canonical.decode(data.replace(b'"kind"', b'"image":null,"kind"'))
    assert JobFinished.__struct_config__.omit_defaults
