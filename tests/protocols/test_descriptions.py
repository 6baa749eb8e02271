"""The description that varlink tools read, held against the types that the code reads."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec
import pytest

from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.protocols import broker_api as session
from appliance.protocols import worker_api as worker
from appliance.session.broker import Broker
from appliance.wire.message import Empty
from appliance.wire.service import Service

_METHOD = re.compile(r"^method (\w+)\(([^)]*)\) -> \(([^)]*)\)$", re.MULTILINE)
_TYPE = re.compile(r"^type (\w+) \(([^)]*)\)$", re.MULTILINE)

SESSION = {
    "Open": (session.Open, session.Opened),
    "Reopen": (session.Reopen, session.Opened),
    "Attach": (session.SessionRef, session.Opened),
    "Touch": (session.SessionRef, Empty),
    "Lock": (session.SessionRef, Empty),
    "Leave": (session.SessionRef, Empty),
    "Close": (session.SessionRef, session.Closed),
    "List": (Empty, session.Sessions),
    "TokenRemoved": (session.TokenRemoved, Empty),
}
WORKER = {
    "Begin": (worker.Begin, worker.Jobs),
    "Packs": (Empty, worker.Packs),
    "Import": (worker.Import, worker.Imported),
    "Inspect": (worker.Inspect, worker.Faces),
    "Swap": (worker.Swap, worker.Progress),
    "Preview": (worker.Preview, Empty),
    "Cancel": (Empty, worker.Stopped),
    "Forget": (Empty, Empty),
    "Results": (Empty, worker.Results),
    "Result": (worker.Item, worker.Result),
}


def _fields(listed: str) -> list[str]:
    return [part.split(":")[0].strip() for part in listed.split(",") if part.strip()]


@pytest.mark.parametrize(
    ("description", "kinds"), [(session.DESCRIPTION, SESSION), (worker.DESCRIPTION, WORKER)]
)
def test_methods_are_described_as_they_are(description: str, kinds: dict[str, Any]) -> None:
    described = {name: (_fields(takes), _fields(gives)) for name, takes, gives in
                 _METHOD.findall(description)}  # fmt: skip
    known = {
        name: tuple([field.name for field in msgspec.structs.fields(kind)] for kind in pair)
        for name, pair in kinds.items()
    }
    assert {name: (sorted(a), sorted(b)) for name, (a, b) in described.items()} == {
        name: (sorted(a), sorted(b)) for name, (a, b) in known.items()
    }


def test_types_are_described_as_they_are() -> None:
    described = {name: _fields(fields) for name, fields in _TYPE.findall(worker.DESCRIPTION)}
    kinds: dict[str, Any] = {
        "Face": worker.Face,
        "Pack": worker.Pack,
        "GeneratorOptions": worker.GeneratorOptions,
    }
    assert {name: sorted(fields) for name, fields in described.items()} == {
        name: sorted(field.name for field in msgspec.structs.fields(kind))
        for name, kind in kinds.items()
    }


def test_options_on_the_wire_are_those_of_the_pipeline() -> None:
    schemas = [
        msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
        for kind in (worker.GeneratorOptions, GeneratorOptions)
    ]
    assert schemas[0] == schemas[1]
    wanted = worker.GeneratorOptions(pixels=512, restore=0.5, parts=frozenset({"nose"}))
    assert msgspec.convert(wanted, GeneratorOptions, from_attributes=True) == GeneratorOptions(
        pixels=512, restore=0.5, parts=frozenset({"nose"})
    )


def test_every_described_method_of_the_broker_is_offered_and_no_other() -> None:
    broker = Broker.__new__(Broker)  # its methods are only named here
    service: Service = broker.service(kiosk=1000)
    assert set(cast(Any, service)._methods) == set(SESSION)
    assert cast(Any, service)._methods["TokenRemoved"].users == {0}
