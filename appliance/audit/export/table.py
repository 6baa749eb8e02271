"""Entries as a table (CSV, RFC 4180): a row for each, a column for every field of any kind."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import get_args

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import LogLine
from appliance.audit.export.fhir import instant
from appliance.audit.export.labels import details, kind, labels
from appliance.audit.export.simulations import in_words

_STAMPS = ("seq", "time", "boot", "mono_ms", "by", "kind", "group", "dicom_or_hl7_code", "in_words")


def columns() -> list[str]:
    """The stamps, then the fields of all kinds of events, sorted."""
    kinds = get_args(AnyEvent)
    fields = {name for event in kinds for name in event.__struct_fields__}
    return [*_STAMPS, *sorted(fields)]


def csv_table(lines: Iterable[LogLine]) -> bytes:
    """The CSV text in UTF-8, with a header row."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns())
    writer.writeheader()
    for line in lines:
        entry, label = line.entry, labels(line.entry.event)
        stamps = (
            entry.seq,
            instant(entry.at),
            entry.boot,
            entry.mono,
            entry.by,
            kind(entry.event),
            label.group,
            label.code.code,
            in_words(entry.event),
        )
        writer.writerow(dict(zip(_STAMPS, stamps, strict=True)) | details(entry.event))
    return text.getvalue().encode()
