"""Elements of XML with attributes, and the way in which audit messages write a code."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement

from appliance.audit.export.labels import DICOM, Code

_SCHEME_NAMES = {DICOM: "DCM"}  # as PS3.15 writes it; other schemes keep their address


def add(parent: Element, name: str, attributes: Mapping[str, str]) -> Element:
    """A new last element of ``parent``."""
    return SubElement(parent, name, dict(attributes))


def add_code(parent: Element, name: str, code: Code) -> Element:
    """The same, for an element that is a code."""
    attributes = {
        "csd-code": code.code,
        "codeSystemName": _SCHEME_NAMES.get(code.system, code.system),
        "originalText": code.display,
    }
    return add(parent, name, attributes)
