"""What a bundle may say: each rule next to the sound document that it spoils."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import rfc8785

from appliance.provisioning.document import Document, Person, Signer
from appliance.provisioning.refusal import RefusedError
from tests.provisioning.site import (
    ANNA,
    BEN,
    PEOPLE,
    POLICY,
    document,
    person,
    release_files,
    token,
)

ANNAS = Signer("anna", ANNA.public.line)
SMALL_ORDER = "RWQAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def refused(**changes: object) -> str:
    with pytest.raises(RefusedError) as caught:
        msgspec.structs.replace(document(), **changes).check()
    return caught.value.reason


def test_the_sound_document_is_sound() -> None:
    assert document().check().token.method == "fido2"
    document(release=release_files()).check()
    on_device = POLICY.replace("backing: file", "backing: device\n  device: /dev/vg/work")
    assert on_device != POLICY
    document(policy=on_device, workspace_device="/dev/vg/work").check()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"policy": "session:\n  idle_seconds: 1\n"}, "policy"),
        ({"policy": "- a list"}, "policy"),
        ({"workspace_device": "/dev/vg/other"}, "policy"),
        ({"signers": (ANNAS, Signer("anna", BEN.public.line))}, "signatures"),
        ({"signers": (ANNAS, Signer("ben", ANNA.public.line))}, "signatures"),
        ({"signers": (ANNAS, Signer("ben", SMALL_ORDER))}, "signatures"),
        ({"people": (Person("dora", ("clinician",)),)}, "people"),
        ({"people": (PEOPLE[0], PEOPLE[0])}, "people"),
        ({"people": (Person("dora", (), token("D")), Person("emil", (), token("D")))}, "people"),
        ({"people": (person("root"),)}, "people"),
        ({"people": (person("appliance-broker"),)}, "people"),
        ({"people": (Person("dora", ("clinician", "clinician"), token("D")),)}, "people"),
        (
            {"release": msgspec.structs.replace(release_files(), key=release_files().key)},
            "keys",
        ),
        (
            {"release": msgspec.structs.replace(release_files(), anchor=release_files().anchor)},
            "keys",
        ),
        ({"release": msgspec.structs.replace(release_files(), certificate="x")}, "keys"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], reason: str) -> None:
    assert refused(**changes) == reason


def test_with_smart_cards_nobody_needs_a_token() -> None:
    policy = POLICY.replace("method: fido2", "method: smart-card")
    assert policy != POLICY
    people = (Person("dora", ("clinician",)),)
    assert document(policy=policy, people=people).check().token.method == "smart-card"


def encoded(**changes: Any) -> bytes:
    """The line of a document with other values, whatever the types say."""
    built: dict[str, Any] = msgspec.to_builtins(document())
    return rfc8785.dumps(built | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"appliance": "Ward 3"},
        {"number": 0},
        {"number": 1 << 31},
        {"number": 1.5},
        {"number": "1"},
        {"signers": [{"name": "anna", "key": ANNA.public.line}]},
        {"signers": [{"name": "anna", "key": "short"}] * 2},
        {"people": [{"name": "Dora"}]},
        {"people": [{"name": "dora", "roles": ["boss"]}]},
        {"people": [{"name": "dora", "token": "x,y,es256,"}]},
        {"people": [{"name": "dora", "token": token("D") + "\nemil:" + token("E")}]},
        {"people": [{"name": "dora", "token": token("D") + ":" + token("E")}]},
        {"workspace_device": "/etc/passwd"},
        {"release": {"certificate": "x"}},
        {"another": 1},
        # A default that is written out is another form of the same document.
        {"release": None},
    ],
)
def test_what_is_no_document_is_refused(changes: dict[str, object]) -> None:
    assert Document.decoded(encoded()) == document()
    with pytest.raises(RefusedError) as caught:
        Document.decoded(encoded(**changes))
    assert caught.value.reason == "malformed"


def test_a_document_has_one_form() -> None:
    line = document().encoded()
    for other in (
        line.replace(b'"number":1', b'"number": 1'),
        line.replace(b'"number":1', b'"number":1,"number":1'),
        line + b" ",
        b"\xef\xbb\xbf" + line,
        b"[" * 100_000,
        line.replace(b"ward-3", b"ward\\u002d3"),
    ):
        with pytest.raises(RefusedError):
            Document.decoded(other)
