"""Every code of a refusal that a service can answer, as the kiosk reads it; from their sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from appliance.audit.entries import events, fields
from appliance.kiosk.calls.refusal import refusal_of
from appliance.pipeline.simulation.handles import HANDLES
from appliance.protocols import auditor_api, broker_api, disc_api, worker_api
from appliance.session import pace, refusals, release_desk
from appliance.wire.message import CallError

_ERROR = re.compile(r"(?m)^error (\w+) ?\(([^)]*)\)")


_KINDS: tuple[type[msgspec.Struct], ...] = get_args(events.AnyEvent)


class _Json(msgspec.Struct):
    json: bytes


def of_services() -> set[str]:
    """Of broker, worker, disc reader and auditor."""
    return of_broker() | of_worker() | of_disc() | of_auditor()


def of_broker() -> set[str]:
    """The refusals of the broker, with all their reasons."""
    reasons: dict[str, Iterable[str]] = {
        "LoginRefused": literals(refusals.Reason),
        "ReleaseRefused": literals(release_desk.Reason)
        | literals(events.BurnReason)
        | literals(pace.Reason),
    }
    return _codes(broker_api.DESCRIPTION, reasons)


def of_worker() -> set[str]:
    """The refusals of the worker, with all kinds of failures."""
    return _codes(worker_api.DESCRIPTION, {"Failed": literals(fields.RefusalReason)})


def of_disc() -> set[str]:
    """The refusals of the disc reader, as the series says them."""
    return {f"disc-{code}" for code in {*_codes(disc_api.DESCRIPTION, {}), "service-gone"}}


def of_auditor() -> set[str]:
    """The refusals of the auditor's process, with all their reasons."""
    reasons: dict[str, Iterable[str]] = {
        "NoLedger": literals(get_type_hints(auditor_api.NoLedger)["reason"]),
        "NotExported": literals(auditor_api.ExportReason),
    }
    return _codes(auditor_api.DESCRIPTION, reasons)


def kinds_of_entries() -> set[str]:
    """Every kind of event that the log may hold."""
    return {str(kind.__struct_config__.tag) for kind in _KINDS}


def of_entries() -> set[str]:
    """Every code in a field of an event, but handles."""
    found = {
        code for kind in _KINDS for hint in get_type_hints(kind).values() for code in literals(hint)
    }
    return found - {*HANDLES}


def numbers_of_entries() -> set[str]:
    """The fields of events that hold a number, and the version."""
    return {
        name
        for kind in _KINDS
        for name, hint in get_type_hints(kind).items()
        if name in kind.__struct_fields__ and _is_number(hint)
    } | {"version"}


def groups_of_the_doctor() -> set[str]:
    """The first word of each check of the doctor, from its code."""
    found = set()
    for path in Path(str(files("appliance.cli.doctor"))).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name("Check" | "verdict"), args=[ast.Constant(str(group)), *_]
                ):
                    found.add(group)
    return found


def of_the_kiosk() -> set[str]:
    """Codes that the kiosk itself names: ``Refusal("…")`` and ``….code == "…"`` in its code."""
    found = set()
    for path in Path(str(files("appliance.kiosk"))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name("Refusal"), args=[ast.Constant(str(code)), *_]):
                    found.add(code)
                case ast.Compare(
                    left=ast.Attribute(attr="code"), comparators=[ast.Constant(str(code))]
                ):
                    found.add(code)
    return found


def literals(kind: Any) -> set[str]:
    """All strings of a ``Literal``, or of a union of several."""
    return {
        text
        for one in get_args(kind)
        for text in ([one] if isinstance(one, str) else literals(one))
    }


def _is_number(hint: Any) -> bool:
    """Whether a field holds an ``int``, or one or nothing."""
    return hint is int or any(map(_is_number, get_args(hint)))


def _codes(description: str, reasons: dict[str, Iterable[str]]) -> set[str]:
    """The code of each error in a description; of some with every reason."""
    found = set()
    for name, _ in _ERROR.findall(description):
        key = "kind" if name == "Failed" else "reason"
        for reason in reasons.get(name, [""]):
            details = _Json(msgspec.json.encode({key: reason}))
            found.add(refusal_of(CallError(f"io.example.{name}", details)).code)
    return found
