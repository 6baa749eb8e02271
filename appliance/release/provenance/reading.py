"""Reads the provenance of a file, and whether it is trusted."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, BinaryIO, Final, Literal, TypeAlias

import msgspec
from c2pa import C2paError, Reader

from appliance.release.facts import MAX_NUMBER, Engine
from appliance.release.provenance.library import SmallReads, mime_type, reading_context
from appliance.release.provenance.manifest import ACTIONS_LABEL, FILM_TYPE, RELEASE_LABEL
from appliance.release.provenance.placement import is_placed_as_signed

UNSIGNED_PART: Final = "release.unsigned.changed"
"""Our code, among C2PA's: something was changed that C2PA does not look at."""

State: TypeAlias = Literal["trusted", "valid", "invalid", "none"]
_HASH_LABEL = "c2pa.hash.data"
_STATES: dict[str, State] = {"Trusted": "trusted", "Valid": "valid"}


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """The provenance of a file.

    ``state``: "trusted" if one of the anchors vouches for it and not a byte was changed; "valid"
    if it is whole, but signed by anybody; "invalid" if it was changed or is damaged; "none"
    without any. C2PA leaves some bytes of a file uncovered; in a release of ours those are looked
    at too. Only "trusted" counts. The rest is what the file says of itself: ``number`` and
    ``engine`` of the release, ``source`` as IPTC's word for how it was made, ``thumbnails`` and
    ``ingredients`` as numbers, ``problems`` as C2PA's codes and :data:`UNSIGNED_PART`.

    ``signed``: when, in milliseconds since 1970, as the file says.
    """

    state: State
    number: int | None = None
    engine: Engine | None = None
    source: str | None = None
    thumbnails: int = 0
    ingredients: int = 0
    problems: tuple[str, ...] = ()
    signed: int | None = None


def read_provenance(stream: BinaryIO, kind: str, anchors: str) -> Verdict:
    """The provenance of the file of ``kind`` in ``stream``; ``anchors``: trusted roots, PEM.

    A file of a kind that cannot carry any has none.
    """
    stream.seek(0)
    try:
        with (
            reading_context(anchors) as context,
            Reader(mime_type(kind), SmallReads(stream), context=context) as reader,
        ):
            return _verdict(reader, stream, kind)
    except C2paError.ManifestNotFound:
        return Verdict("none")
    except C2paError:
        return Verdict("invalid")


def _verdict(reader: Reader, stream: BinaryIO, kind: str) -> Verdict:
    state = _STATES.get(reader.get_validation_state() or "", "invalid")
    found: dict[str, Any] = json.loads(reader.json())
    results: dict[str, Any] = found.get("validation_results", {}).get("activeManifest", {})
    codes = {str(one.get("code")) for one in results.get("failure", ())}
    manifests: dict[str, Any] = found.get("manifests", {})
    active = manifests.get(found.get("active_manifest", ""), {})
    release = _assertion(active, RELEASE_LABEL)
    if state != "invalid" and release and not _is_untouched(reader, stream, kind, release):
        state, codes = "invalid", codes | {UNSIGNED_PART}
    number, engine = release.get("number"), release.get("engine")
    actions = _assertion(active, ACTIONS_LABEL).get("actions") or [{}]
    source = str(actions[0].get("digitalSourceType", "")).rpartition("/")[2]
    return Verdict(
        state,
        number if isinstance(number, int) and 1 <= number <= MAX_NUMBER else None,
        engine if engine in ("simulation", "mesh", "onnx") else None,
        source if source.isascii() and source.isalpha() else None,
        sum(_thumbnails(one) for one in manifests.values()),
        sum(len(one.get("ingredients", ())) for one in manifests.values()),
        tuple(sorted(code for code in codes if _is_code(code))),
        _moment(actions[0].get("when")),
    )


def _is_untouched(reader: Reader, stream: BinaryIO, kind: str, release: dict[str, Any]) -> bool:
    """Whether what no signature covers is as we write it."""
    found: dict[str, Any] = json.loads(reader.detailed_json())
    active = found.get("manifests", {}).get(found.get("active_manifest", ""), {})
    hashed = active.get("assertion_store", {}).get(_HASH_LABEL, {})
    return is_placed_as_signed(stream, kind, hashed.get("exclusions") or (), release.get(FILM_TYPE))


def _assertion(manifest: dict[str, Any], label: str) -> dict[str, Any]:
    for assertion in manifest.get("assertions", ()):
        if assertion.get("label") == label and isinstance(assertion.get("data"), dict):
            data: dict[str, Any] = assertion["data"]
            return data
    return {}


def _thumbnails(manifest: dict[str, Any]) -> int:
    within = [manifest, *manifest.get("ingredients", ())]
    return sum("thumbnail" in one for one in within)


def _is_code(text: str) -> bool:
    """Whether ``text`` is a code of C2PA, and not anything that a stranger's file says."""
    return len(text) <= 64 and all(part.isalnum() and part.isascii() for part in text.split("."))


def _moment(when: object) -> int | None:
    """``None`` for what is no date with a time zone."""
    try:
        moment = dt.datetime.fromisoformat(str(when))
    except ValueError:
        return None
    return int(moment.timestamp() * 1000) if moment.tzinfo else None
