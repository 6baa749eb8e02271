"""From the bytes of a policy file to a :class:`Policy`, or an error that names line and key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from appliance.errors import PolicyError
from appliance.files.read import open_regular
from appliance.policy.document import Document, DocumentError, read
from appliance.policy.policy import Policy

# Bytes; the shipped policies have 3 KiB, and a project takes 60. A mebibyte of digits in base 60
# would keep the parser busy for more than a minute.
LIMIT = 1 << 16

# What must hold in addition to the bounds of the types: values that a policy may state but not
# change, and keys that depend on each other.
_RULES: tuple[tuple[str, Callable[[Policy], bool], str], ...] = (
    ("system.allow_network", lambda p: not p.system.allow_network, "no policy opens the network"),
    ("seal.minimum", lambda p: "seccomp" in p.seal.minimum, "seccomp cannot be left out"),
    (
        "export.second_person",
        lambda p: p.export.second_person,
        "a second person must release a result",
    ),
    ("export.label", lambda p: p.export.label, "a result must be labelled"),
    (
        "training",
        lambda p: not p.training or p.workspace.backend == "memory",
        "training keeps nothing: workspace.backend must be memory",
    ),
    (
        "workspace.device",
        lambda p: (p.workspace.backing == "device") == (p.workspace.device is not None),
        "a device is named if, and only if, backing is device",
    ),
    (
        "engine.gpu",
        lambda p: p.engine.gpu or not {"cuda", "tensorrt"} & set(p.engine.providers),
        "cuda and tensorrt need the devices of a GPU",
    ),
    (
        "simulation.bounds",
        lambda p: p.simulation.is_narrower,
        "a range holds 0 and stays within the handle's own bounds (docs/simulation.md)",
    ),
    (
        "projects",
        lambda p: len({project.name for project in p.projects}) == len(p.projects),
        "each project needs a name of its own",
    ),
)

# msgspec ends its messages with the place, as "… - at `$.projects[3].members`"; of a key of a map,
# as "… - at `key` in `$.simulation.bounds`", and of its value, as "… `$.simulation.bounds[...]`".
_PLACE = re.compile(r"(?P<what>.*?)(?: - at (?:`key` in )?`\$\.?(?P<place>[^`]*)`)?\Z", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`\Z")


def load(path: Path) -> Policy:
    """The policy in a file. Raises ``PolicyError``, which names file, line and key."""
    try:
        with open_regular(path) as stream:
            data = stream.read(LIMIT + 1)
    except OSError as error:
        raise PolicyError(
            f"The policy cannot be read: {error.strerror}.", "Name a policy file that you may read."
        ) from error
    return parse(data, path.name)


def parse(data: bytes, name: str = "policy") -> Policy:
    """The policy in ``data``; raises ``PolicyError``, in which the file is called ``name``."""
    try:
        return _checked(data)
    except DocumentError as problem:
        place = f"{name}, line {problem.line}" + (f", {problem.key}" if problem.key else "")
        raise PolicyError(
            f"{place}: {problem.what}.",
            "Correct that line; `appliance policy schema` lists what each key may be.",
        ) from problem


def _checked(data: bytes) -> Policy:
    if len(data) > LIMIT:
        raise DocumentError(1, "", f"longer than {LIMIT} bytes")
    document = read(_text(data))
    policy = _converted(document)
    for key, holds, why in _RULES:
        if not holds(policy):
            raise DocumentError(document.line(key), key, why)
    return policy


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(line, "", "not UTF-8") from error


def _converted(document: Document) -> Policy:
    try:
        return msgspec.convert(document.values, Policy, strict=True)
    except msgspec.ValidationError as error:
        found = _PLACE.match(str(error))
        what, place = (found["what"], found["place"] or "") if found else (str(error), "")
        key = re.sub(r"\[(\d+)\]", r".\1", place.replace("[...]", ""))
        if unknown := _UNKNOWN.match(what):
            key = f"{key}.{unknown['name']}" if key else unknown["name"]
            what = "there is no such key"
        raise DocumentError(document.line(key), key, what.rstrip(".")) from error
