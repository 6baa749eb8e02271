"""A series as a whole: its photos judged one by one, and compared with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median_low

from appliance.pipeline.series.judgement import Finding, judge, light_ratio, view_in
from appliance.pipeline.series.record import (
    Cause,
    Figures,
    PhotoRecord,
    Point,
    PointName,
    SeriesRecord,
    Verdict,
)
from appliance.pipeline.series.seen_photo import SeenPhoto
from appliance.pipeline.series.views import SERIES, View

# How much larger or smaller a face may be than in the front view. The same rendered heads are read
# up to 4 % smaller when turned by 45 degrees, and 7 % when tilted back by 40.
SIZE = 0.1
# Natural log of brightness, and of red over blue, that the skin may differ by from the front view:
# two thirds of a stop. The same head in the same light differs by up to 0.13 and 0.07 when it turns
# by 45 degrees (three heads, four lights), two people's two portraits by 0.06 and 0.09.
TONE, WARMTH = 0.2, 0.15
NOTHING = "Nothing to change that can be measured."
UNSEEN = "not in the photo"  # when it was taken, and what is written about it
UNMEASURED = "not measured on this photo"


def check_series(photos: Sequence[SeenPhoto]) -> SeriesRecord:
    """The records of ``photos``, in their order."""
    views = [view_in(photo) for photo in photos]
    counts = Counter(views)
    first = _reference(photos, views)
    return SeriesRecord(
        photos=tuple(
            _record(photo, view, counts, first) for photo, view in zip(photos, views, strict=True)
        ),
        missing=tuple(str(view) for view in SERIES if not counts[view]),
        double=tuple(str(view) for view in SERIES if counts[view] > 1),
        unrecognised=counts[View.UNKNOWN],
    )


def _reference(photos: Sequence[SeenPhoto], views: Sequence[View]) -> SeenPhoto | None:
    """What all others are compared with: the first front view, or else the one of middle size."""
    for wanted in (View.FRONT, View.SMILE):
        if wanted in views:
            return photos[views.index(wanted)]
    sizes = {
        photo.face.size: photo
        for photo in photos
        if photo.face is not None and photo.face.measures is not None
    }
    return sizes[median_low(sizes)] if sizes else None


def _record(
    photo: SeenPhoto, view: View, counts: Counter[View], first: SeenPhoto | None
) -> PhotoRecord:
    own = judge(photo)
    wrong = {finding.point for finding in own if finding.verdict is Verdict.MISSED}
    # What is wrong by itself is put right first.
    compared = [finding for finding in _alike(photo, first) if finding.point not in wrong]
    findings = [*own, *_among_others(photo, view, counts), *compared]
    points = tuple(_point(name, findings) for name in PointName)
    verdicts = Counter(point.verdict for point in points)
    return PhotoRecord(
        view=view,
        score=verdicts[Verdict.MET],
        judged=len(points) - verdicts[Verdict.PERSON],
        change=_sentence(findings, found=photo.faces > 0),
        points=points,
        figures=_figures(photo),
    )


def _among_others(photo: SeenPhoto, view: View, counts: Counter[View]) -> Iterator[Finding]:
    point = PointName.VIEWS
    if view is View.UNKNOWN:
        if photo.face is None:
            yield Finding(point, Verdict.PERSON, "unrecognised", "not recognised")
        else:
            yield Finding(point, Verdict.MISSED, "no-view", "none of the seven")
    elif counts[view] > 1:
        why = f"{counts[view]} photos show this view"
        do = "keep the best one of this view"
        yield Finding(point, Verdict.MISSED, "double", why, do, counts[view])
    else:
        yield Finding(point, Verdict.MET, "only", "the only one of its view")


def _alike(photo: SeenPhoto, first: SeenPhoto | None) -> Iterator[Finding]:
    """Against the photo that all others are compared with."""
    if photo.face is None or first is None or first.face is None or photo is first:
        return
    own, other = photo.face.measures, first.face.measures
    if own is None or other is None:
        return
    ratio = photo.face.size / first.face.size
    if abs(ratio - 1) > SIZE:
        size, off = "larger" if ratio > 1 else "smaller", abs(ratio - 1)
        why, do = (
            f"the face is {off:.0%} {size} than in front",
            "keep the distance of the front view",
        )
        yield Finding(PointName.ZOOM, Verdict.MISSED, size, why, do, 100 * off)
    if abs(own.tone - other.tone) > TONE or abs(own.warmth - other.warmth) > WARMTH:
        why, do = "other light than in front", "keep the light of the front view"
        yield Finding(PointName.LIGHT, Verdict.MISSED, "other-light", why, do)


def _point(name: PointName, findings: Sequence[Finding]) -> Point:
    own = [finding for finding in findings if finding.point is name]
    for verdict in (Verdict.MISSED, Verdict.PERSON, Verdict.MET):
        found = [finding for finding in own if finding.verdict is verdict]
        if found:
            why = ", ".join(finding.why for finding in found)
            return Point(name, verdict, why, tuple(map(_cause, found)))
    apart = name in (PointName.TIMING, PointName.DESCRIPTION)
    code, why = ("unseen", UNSEEN) if apart else ("unmeasured", UNMEASURED)
    return Point(name, Verdict.PERSON, why, (Cause(code),))


def _cause(finding: Finding) -> Cause:
    amount = finding.amount
    return Cause(finding.code, None if amount is None else round(amount, 1))


def _sentence(findings: Sequence[Finding], *, found: bool) -> str:
    order = list(PointName)
    changes = [
        finding.change
        for finding in sorted(findings, key=lambda finding: order.index(finding.point))
        if finding.change
    ]
    if not found:
        return "No face found; set points by hand."
    if not changes:
        return NOTHING
    *others, last = changes
    text = f"{', '.join(others)} and {last}" if others else last
    return f"{text[0].upper()}{text[1:]}."


def _figures(photo: SeenPhoto) -> Figures | None:
    face = photo.face
    if face is None or face.measures is None:
        return None
    measures = face.measures
    return Figures(
        yaw=round(face.pose.yaw, 1),
        pitch=round(face.pose.pitch, 1),
        level=round(measures.level, 1),
        mouth=round(measures.mouth, 3),
        right_eye=round(measures.right_eye, 3),
        left_eye=round(measures.left_eye, 3),
        sharpness=round(measures.sharpness, 1),
        size=round(face.size, 3),
        light_ratio=round(light_ratio(measures), 2),
        forehead_hair=round(measures.hair, 2),
    )
