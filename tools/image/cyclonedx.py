"""A bill of materials in the form of CycloneDX 1.6, the same for the same components."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


@dataclass(frozen=True)
class Licence:
    """A licence by its name; ``kind`` is ``id`` for SPDX's identifiers, ``expression`` or ``name``.

    ``stated`` says that the component names it, and we did not find it in the text.
    """

    name: str
    kind: str = "name"
    stated: bool = True

    def document(self) -> dict[str, object]:
        """The licence as an entry of a component."""
        acknowledgement = "declared" if self.stated else "concluded"
        if self.kind == "expression":
            return {"expression": self.name, "acknowledgement": acknowledgement}
        return {"license": {self.kind: self.name, "acknowledgement": acknowledgement}}


@dataclass(frozen=True)
class Component:
    """A part of the image. ``reference`` is unique, ``sha256`` in hex; what is unknown is empty.

    ``needs`` has the references of what it depends on; those of no component are left out.
    ``closed`` says that nothing is inside that is not listed.
    """

    kind: str
    name: str
    version: str
    reference: str
    purl: str
    licences: Sequence[Licence]
    sha256: str = ""
    description: str = ""
    ancestor: Mapping[str, str] = field(default_factory=dict)
    needs: Sequence[str] = ()
    closed: bool = True

    def document(self) -> dict[str, object]:
        """The component as CycloneDX has it."""
        entry: dict[str, object] = {
            "type": self.kind,
            "bom-ref": self.reference,
            "name": self.name,
            "licenses": [one.document() for one in self.licences],
        }
        if self.version:
            entry["version"] = self.version
        if self.description:
            entry["description"] = self.description
        if self.purl:
            entry["purl"] = self.purl
        if self.sha256:
            entry["hashes"] = [{"alg": "SHA-256", "content": self.sha256}]
        if self.ancestor:
            entry["pedigree"] = {"ancestors": [dict(self.ancestor)]}
        return entry


def purl(kind: str, name: str, version: str, **qualifiers: str) -> str:
    """A package URL; ``kind`` has the namespace, as in ``deb/debian``."""
    path = f"pkg:{kind}/{quote(name, safe='')}@{quote(version, safe=':~')}"
    pairs = (f"{key}={quote(value, safe=':~')}" for key, value in sorted(qualifiers.items()))
    end = "&".join(pairs)
    return f"{path}?{end}" if end else path


def document(name: str, version: str, time: int, components: Sequence[Component]) -> bytes:
    """The bill of the image ``name``, made at ``time`` (s since 1970).

    Its serial number follows from its content.
    """
    ordered = sorted(components, key=lambda one: one.reference)
    references = [one.reference for one in ordered]
    top = f"{name}@{version}"
    whole: dict[str, object] = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "operating-system",
                "bom-ref": top,
                "name": name,
                "version": version,
            },
        },
        "components": [one.document() for one in ordered],
        "dependencies": [
            {"ref": top, "dependsOn": references},
            *({"ref": one.reference, "dependsOn": _known(one, references)} for one in ordered),
        ],
        "compositions": [
            {"aggregate": "complete", "assemblies": [top]},
            {
                "aggregate": "unknown",
                "assemblies": [one.reference for one in ordered if not one.closed],
            },
        ],
    }
    digest = hashlib.sha256(_text(whole)).digest()
    whole["serialNumber"] = f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=5)}"
    return _text(whole)


def _known(component: Component, references: Sequence[str]) -> list[str]:
    known = set(component.needs) - {component.reference}
    return [reference for reference in references if reference in known]


def _text(whole: Mapping[str, object]) -> bytes:
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
