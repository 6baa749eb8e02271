"""The label itself: JSON as in annex E of GB 45438-2025, and the XMP packet that holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import escape

from appliance.release.facts import Engine, ReleaseFacts

KEY: Final = "AIGC"
"""Name of the field, in PNG, EXIF, MP4 and MOV."""

NAMESPACE: Final = "http://www.tc260.org.cn/ns/AIGC/1.0/"
"""Of the XMP property ``TC260:AIGC`` (TC260-PG-20259A)."""

SOURCE_TYPES: Mapping[Engine, str] = MappingProxyType(
    {
        "simulation": "compositeSynthetic",
        "mesh": "compositeSynthetic",
        "onnx": "compositeWithTrainedAlgorithmicMedia",
    }
)
"""IPTC's word for what each engine makes. No model generates pixels in the first two."""

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def source_type(engine: Engine) -> str:
    """The digital source type of what ``engine`` makes, as IPTC's address of it."""
    return f"{_IPTC}{SOURCE_TYPES[engine]}"


def label_fields(facts: ReleaseFacts) -> dict[str, str]:
    """The seven fields: who made it under which number, and the same of who passes it on.

    ``Label`` 1: it is made by a program. Both reserved fields, which may hold a signature, are
    empty: what is signed is the file with this label, so no hash of the signature fits into it.
    """
    number = str(facts.number)
    return {
        "Label": "1",
        "ContentProducer": facts.producer,
        "ProduceID": number,
        "ReservedCode1": "",
        "ContentPropagator": facts.producer,
        "PropagateID": number,
        "ReservedCode2": "",
    }


def label_json(facts: ReleaseFacts) -> str:
    """The label as one line of ASCII."""
    return json.dumps(label_fields(facts), separators=(",", ":"))


def named_label(facts: ReleaseFacts) -> str:
    """The label under its name, as EXIF's user comment holds it."""
    return json.dumps({KEY: label_fields(facts)}, separators=(",", ":"))


def xmp_packet(facts: ReleaseFacts) -> bytes:
    """An XMP packet with the label and the digital source type, and nothing else; UTF-8."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:TC260="{NAMESPACE}" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        f"<TC260:AIGC>{escape(label_json(facts))}</TC260:AIGC>"
        "<Iptc4xmpExt:DigitalSourceType>"
        f"{source_type(facts.engine)}</Iptc4xmpExt:DigitalSourceType>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()
