"""Reads the label from files of any origin, as far as it is well-formed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from appliance.release.labels.implicit.label import KEY, NAMESPACE

_FIELDS = frozenset(
    (
        *("Label", "ContentProducer", "ProduceID", "ReservedCode1"),
        *("ContentPropagator", "PropagateID", "ReservedCode2"),
    )
)
_LONGEST = 1 << 16  # bytes of a packet or comment that is looked at


def label_in_xmp(packet: bytes) -> dict[str, str] | None:
    """The fields of the label in an XMP ``packet``; ``None`` without a sound one."""
    if len(packet) > _LONGEST or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return None
    try:
        root = ET.fromstring(packet.strip(b"\0 \n"))  # noqa: S314 - entities are refused
    except (ET.ParseError, ValueError, LookupError):
        return None
    return next(filter(None, map(label_in_text, _values(root))), None)


def label_in_text(text: str) -> dict[str, str] | None:
    """The fields of the label in JSON, alone or under its name; ``None`` without a sound one."""
    if len(text) > _LONGEST:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and KEY in found:
        found = found[KEY]
    return _sound(found)


def _values(root: ET.Element) -> Iterator[str]:
    """The property as an element, or as an attribute of its description."""
    name = f"{{{NAMESPACE}}}{KEY}"
    for element in root.iter():
        if element.tag == name and element.text:
            yield element.text
        if name in element.attrib:
            yield element.attrib[name]


def _sound(found: Any) -> dict[str, str] | None:
    if not isinstance(found, dict) or "Label" not in found:
        return None
    fields = {name: value for name, value in found.items() if name in _FIELDS}
    return fields if all(isinstance(value, str) for value in fields.values()) else None
