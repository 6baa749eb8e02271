"""The descriptions that varlink tools read say the same as the types that the code uses."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from appliance.pipeline.generator_engine.options import GeneratorOptions
from appliance.pipeline.series import record
from appliance.protocols import (
    audit_desk_api,
    auditor_api,
    broker_api,
    burner_api,
    disc_api,
    releaser_api,
    training_api,
    worker_api,
    worker_control_api,
)
from appliance.wire.message import Empty

_METHOD = re.compile(r"^method (\w+)\(([^)]*)\) -> \(([^)]*)\)$", re.MULTILINE)
_TYPE = re.compile(r"^type (\w+) \(([^)]*)\)$", re.MULTILINE)
_ERROR = re.compile(r"^error (\w+) \(([^)]*)\)$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_PLAIN: dict[type[inspect.Type], str] = {
    inspect.BoolType: "bool",
    inspect.IntType: "int",
    inspect.FloatType: "float",
    inspect.StrType: "string",
}

BROKER: dict[str, tuple[type, type]] = {
    "Open": (broker_api.Open, broker_api.Opened),
    "Reopen": (broker_api.Reopen, broker_api.Opened),
    "Attach": (broker_api.SessionRef, broker_api.Opened),
    "Touch": (broker_api.SessionRef, Empty),
    "Lock": (broker_api.SessionRef, Empty),
    "Leave": (broker_api.SessionRef, Empty),
    "Close": (broker_api.SessionRef, broker_api.Closed),
    "Appliance": (Empty, broker_api.Appliance),
    "Users": (Empty, broker_api.Users),
    "Status": (broker_api.SessionRef, broker_api.Status),
    "Waiting": (broker_api.SessionRef, broker_api.Waiting),
    "List": (Empty, broker_api.Sessions),
    "RequestRelease": (broker_api.RequestRelease, broker_api.ReleaseStands),
    "LookAtRelease": (broker_api.LookAtRelease, broker_api.Shown),
    "DeclineRelease": (broker_api.DeclineRelease, Empty),
    "ApproveRelease": (broker_api.ApproveRelease, broker_api.Released),
    "BurnReleases": (broker_api.SessionRef, broker_api.Burning),
    "Audit": (broker_api.LogIn, Empty),
    "Machine": (broker_api.LogIn, broker_api.Machine),
    "TokenRemoved": (broker_api.TokenRemoved, Empty),
    "DeviceRefused": (broker_api.DeviceRefused, Empty),
}
WORKER: dict[str, tuple[type, type]] = {
    "Packs": (Empty, worker_api.Packs),
    "Import": (worker_api.Import, worker_api.Imported),
    "Inspect": (worker_api.Inspect, worker_api.Faces),
    "Assess": (worker_api.Assess, worker_api.Assessed),
    "Swap": (worker_api.Swap, worker_api.Progress),
    "Preview": (worker_api.Preview, Empty),
    "Simulate": (worker_api.Simulate, worker_api.Simulated),
    "Reach": (worker_api.Subject, worker_api.Reach),
    "Agree": (worker_api.Agree, Empty),
    "ProposePoints": (worker_api.ProposePoints, worker_api.ProposedPoints),
    "PreviewSimulation": (worker_api.PreviewSimulation, worker_api.Previewed),
    "Items": (Empty, worker_api.Items),
    "Discard": (worker_api.Item, Empty),
    "View": (worker_api.View, worker_api.Viewed),
    "Handles": (Empty, worker_api.Handles),
    "Space": (Empty, worker_api.Space),
    "Cancel": (Empty, worker_api.Stopped),
    "Results": (Empty, worker_api.Results),
    "Result": (worker_api.Item, worker_api.Result),
}
CONTROL: dict[str, tuple[type, type]] = {
    "Begin": (worker_control_api.Begin, worker_control_api.Jobs),
    "Serve": (Empty, Empty),
    "Forget": (Empty, Empty),
    "Measure": (worker_control_api.Measure, worker_control_api.Measured),
    "Show": (worker_control_api.Show, Empty),
    "Release": (worker_control_api.Release, Empty),
}
RELEASER: dict[str, tuple[type, type]] = {
    "Ready": (Empty, releaser_api.Ready),
    "Expect": (releaser_api.Expect, Empty),
    "Copies": (releaser_api.OfSession, releaser_api.Copies),
    "Forget": (releaser_api.Forget, releaser_api.Forgotten),
    "Burn": (releaser_api.Burn, releaser_api.Burning),
}
BURNER: dict[str, tuple[type, type]] = {"Burn": (burner_api.Burn, burner_api.Burning)}
DISC: dict[str, tuple[type, type]] = {
    "List": (disc_api.List, disc_api.Files),
    "Open": (disc_api.Open, disc_api.Opened),
}
TRAINING: dict[str, tuple[type, type]] = {
    "Tokens": (Empty, training_api.Tokens),
    "Insert": (training_api.TokenRef, Empty),
    "Pull": (training_api.TokenRef, Empty),
    "Touch": (Empty, training_api.Touched),
}
AUDITOR: dict[str, tuple[type, type]] = {
    "Begin": (auditor_api.Begin, Empty),
    "Sessions": (auditor_api.AskSessions, auditor_api.Sessions),
    "Session": (auditor_api.AskSession, auditor_api.Entries),
    "Refusals": (auditor_api.AskRefusals, auditor_api.Entries),
    "Days": (Empty, auditor_api.Days),
    "Verify": (Empty, auditor_api.Verifying),
    "Export": (auditor_api.Export, auditor_api.Exporting),
}
AUDIT_DESK: dict[str, tuple[type, type]] = {
    "Burner": (Empty, Empty),
    "Exporting": (audit_desk_api.Exporting, audit_desk_api.Logged),
}
INTERFACES = [
    (broker_api, BROKER),
    (worker_api, WORKER),
    (worker_control_api, CONTROL),
    (releaser_api, RELEASER),
    (burner_api, BURNER),
    (disc_api, DISC),
    (training_api, TRAINING),
    (auditor_api, AUDITOR),
    (audit_desk_api, AUDIT_DESK),
]
APIS = [api for api, _ in INTERFACES]


def _described(listed: str) -> dict[str, str]:
    """The members of a description, and their types."""
    members = (member.partition(":") for member in listed.replace("\\\n", "").split(","))
    return {name.strip(): kind.strip() for name, _, kind in members if name.strip()}


def _used(struct: type) -> dict[str, str]:
    """The fields of a struct, and their types as varlink writes them.

    A field that a caller may leave out is optional, and so is one that may be null. What is sent
    is sent whole.
    """
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    assert not struct.__struct_config__.omit_defaults  # type: ignore[attr-defined]
    received = info.forbid_unknown_fields
    return {
        field.encode_name: _written(field.type, optional=received and not field.required)
        for field in info.fields
    }


def _written(kind: inspect.Type, *, optional: bool = False) -> str:
    if isinstance(kind, inspect.UnionType):
        (inner,) = (one for one in kind.types if not isinstance(one, inspect.NoneType))
        return _written(inner, optional=True)
    mark = "?" if optional else ""
    if isinstance(kind, inspect.ListType | inspect.FrozenSetType):
        return f"{mark}[]{_written(kind.item_type)}"
    if isinstance(kind, inspect.DictType):
        return f"{mark}[string]{_written(kind.value_type)}"
    if isinstance(kind, inspect.StructType):
        return mark + kind.cls.__name__
    if isinstance(kind, inspect.LiteralType):
        return mark + {str: "string", int: "int"}[type(kind.values[0])]
    return mark + _PLAIN[type(kind)]


@pytest.mark.parametrize(
    ("api", "methods"),
    INTERFACES,
    ids=[
        "broker",
        "worker",
        "control",
        "releaser",
        "burner",
        "disc",
        "training",
        "auditor",
        "desk",
    ],
)
def test_methods_are_described_as_they_are(api: Any, methods: dict[str, tuple[type, type]]) -> None:
    text = _COMMENT.sub("", api.DESCRIPTION)
    described = {
        name: (_described(takes), _described(gives)) for name, takes, gives in _METHOD.findall(text)
    }
    assert described == {
        name: (_used(takes), _used(gives)) for name, (takes, gives) in methods.items()
    }


@pytest.mark.parametrize("api", APIS)
def test_types_are_described_as_they_are(api: Any) -> None:
    text = _COMMENT.sub("", api.DESCRIPTION)
    described = {name: _described(listed) for name, listed in _TYPE.findall(text)}
    assert set(described) == set(re.findall(r": \??(?:\[\])?([A-Z]\w+)", text))
    assert described == {name: _used(getattr(api, name)) for name in described}


@pytest.mark.parametrize("api", APIS)
def test_details_of_errors_are_described_as_they_are(api: Any) -> None:
    described = {name: _described(listed) for name, listed in _ERROR.findall(api.DESCRIPTION)}
    detailed = {name: members for name, members in described.items() if members}
    assert detailed == {name: _used(getattr(api, name)) for name in detailed}


def test_options_on_the_wire_are_those_of_the_pipeline() -> None:
    schemas = [
        msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
        for kind in (worker_api.GeneratorOptions, GeneratorOptions)
    ]
    assert schemas[0] == schemas[1]
    wanted = worker_api.GeneratorOptions(pixels=512, restore=0.5, parts=frozenset({"nose"}))
    assert msgspec.convert(wanted, GeneratorOptions, from_attributes=True) == GeneratorOptions(
        pixels=512, restore=0.5, parts=frozenset({"nose"})
    )


@pytest.mark.parametrize(
    ("sent", "made"),
    [
        (worker_api.Cause, record.Cause),
        (worker_api.Point, record.Point),
        (worker_api.Figures, record.Figures),
        (worker_api.Photo, record.PhotoRecord),
    ],
)
def test_records_of_a_series_on_the_wire_are_those_of_the_pipeline(
    sent: type[msgspec.Struct], made: type[msgspec.Struct]
) -> None:
    schemas = [
        msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"] for kind in (sent, made)
    ]
    assert schemas[0] == schemas[1]
