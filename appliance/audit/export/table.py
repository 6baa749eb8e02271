"""Entries as a table (CSV, RFC 4180), one line an entry, the fields of all kinds side by side."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import get_args

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.fhir import instant
from appliance.audit.export.labels import details, kind, labels

_STAMPS = ("seq", "time", "boot", "mono_ms", "by", "kind", "group", "dicom_or_hl7_code")


def columns() -> list[str]:
    """The stamps, then every field that any kind of event has, sorted."""
    kinds = get_args(AnyEvent)
    fields = {name for event in kinds for name in event.__struct_fields__}
    return [*_STAMPS, *sorted(fields)]


def csv_table(lines: Iterable[LogLine]) -> bytes:
    """The CSV text, UTF-8, with a head line."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns())
    writer.writeheader()
    for line in lines:
        entry, said = line.entry, labels(line.entry.event)
        stamps = (
            entry.seq,
            instant(entry.at),
            entry.boot,
            entry.mono,
            entry.by,
            kind(entry.event),
            said.group,
            said.code.code,
        )
        writer.writerow(dict(zip(_STAMPS, stamps, strict=True)) | details(entry.event))
    return text.getvalue().encode()
