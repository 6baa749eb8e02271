"""The handles: what is wished and the least to be expected, with a preview as they move."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import of_worker
from appliance.kiosk.models.hand import Hand, Stroke, stroke_of
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.models.wishes import Shows, preview_of, subject_of
from appliance.kiosk.visit.state import Step
from appliance.protocols import worker_api

AFTER = "after"

_SIDES = (256, 1024)  # pixels of a preview's longer side: the worker makes no more
_STEP_SIDE = 64
_MOST_ZOOM = 3.0
_AROUND = 1.7  # times the height of a face's box is what is shown closer


class Knob(msgspec.Struct, frozen=True):
    """One handle; all of its figures are in its unit.

    ``least`` and ``most`` may be asked by the site's policy, ``lowest`` and ``highest`` by the
    handle's own bounds. ``step``: of its slider.

    ``why_not``: the code of why it is not honest on this photo; empty where it is.
    """

    name: str
    unit: str
    least: float
    most: float
    lowest: float
    highest: float
    step: float
    region: str
    why_not: str


class ChangesState(msgspec.Struct, frozen=True):
    """``wished`` and ``least`` by handle, of which the picture shows what ``shows`` names.

    ``looking``: what can be asked of this face is not known yet. ``share``: of the move that could
    be made without folds. ``fresh``: the picture shows the values; ``refused``: it cannot.
    ``ratio``: the photo's height over its width; the picture is longer, by its words. ``close``:
    the face is shown, ``zoom`` times as large, and not the whole photo; its middle in shares of the
    photo's sides. ``lines``: that divide the face.
    """

    knobs: list[Knob] = []
    regions: list[str] = []
    region: str = ""
    shows: Shows = "wished"
    wished: dict[str, float] = {}
    least: dict[str, float] = {}
    share: float = 1.0
    fresh: bool = False
    refused: bool = False
    looking: bool = False
    ratio: float = 1.0
    close: bool = True
    zoom: float = 1.0
    face_x: float = 0.5
    face_y: float = 0.5
    lines: list[Stroke] = []
    with_lines: bool = False


class Changes(Model[ChangesState]):
    """Every move asks for a preview; of many the last one counts."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(ChangesState())
        self._shared = shared
        self._shown = _SIDES[1]
        self._left_out: dict[str, str] = {}
        self.hand = Hand(shared, self._preview)

    def forget(self) -> None:
        """Drop what is shown; the visit keeps the values."""
        self._left_out = {}
        self.hand.forget()
        self.show(
            knobs=[], wished={}, least={}, share=1.0, fresh=False, refused=False, looking=False,
            shows="wished", lines=[], with_lines=False,
        )  # fmt: skip

    @action
    def load(self) -> None:
        """Show the photo as it is, and the handles that the site allows."""
        visit = self._shared.visit
        photo = visit.shown
        if photo is None:
            return
        self._left_out = {}
        self.show(looking=True, lines=[], ratio=photo.height / max(1, photo.width), shows="wished")
        if visit.wish.middle is not None:
            x, y, height = visit.wish.middle
            zoom = min(_MOST_ZOOM, max(1.0, 1 / (_AROUND * height)))
            self.show(zoom=zoom, face_x=x, face_y=y)
        else:
            self.show(zoom=1.0)
        self._show_values()
        self._shared.show_item(photo.item, "before", shown=self._preview)

        def looked(found: worker_api.Reach) -> None:
            self._left_out = found.left_out
            size = photo.width, photo.height
            self.hand.measure(found.scale, size)
            lines = [stroke_of((one.x, one.y), (one.to_x, one.to_y), size) for one in found.lines]
            self.show(looking=False, lines=lines)
            self._shared.with_handles(self._offer)
            self._preview()

        def failed(why: Refusal) -> None:
            self.show(looking=False)
            self._shared.refuse(why)

        wanted = subject_of(visit.wish)
        self._shared.jobs.ask(of_worker("Reach", wanted, worker_api.Reach), looked, failed)

    @action
    def fit(self, side: float) -> None:
        """The picture has so many pixels on the screen: a preview needs no more."""
        least, most = _SIDES
        wanted = -(-round(side) // _STEP_SIDE) * _STEP_SIDE
        self._shown = min(most, max(least, wanted))

    @action
    def come_closer(self) -> None:
        """Show the face, or the whole photo."""
        self.show(close=not self.state.close)
        self._preview()

    @action
    def choose(self, region: str) -> None:
        """Show the handles of this region."""
        self.show(region=region)

    @action
    def choose_kind(self, shows: Shows) -> None:
        """Set what is wished, or the least to be expected."""
        self.show(shows=shows)
        self._preview()

    @action
    def show_lines(self) -> None:
        """Draw the lines that divide the face, or none."""
        self.show(with_lines=not self.state.with_lines)

    @action
    def move(self, name: str, value: float) -> None:
        """The handle has this value, in its unit; never beyond the site's bounds."""
        knob = next((one for one in self.state.knobs if one.name == name), None)
        if knob is None or knob.why_not:
            return
        values = self._values()
        value = min(knob.most, max(knob.least, value))
        if value:
            values[name] = value
        else:
            values.pop(name, None)
        self._show_values()
        self._preview()

    @action
    def reset(self) -> None:
        """Change nothing."""
        self._shared.visit.wish.drop_changes()
        self.hand.show_all()
        self._show_values()
        self._preview()

    @action
    def accept(self) -> None:
        """Go on to compare what can be shown."""
        if self._shared.visit.wish.changes and not self.state.refused:
            self._shared.place.go(Step.NEXT)

    def _values(self) -> dict[str, float]:
        wish = self._shared.visit.wish
        return wish.handles if self.state.shows == "wished" else wish.least

    def _show_values(self) -> None:
        wish = self._shared.visit.wish
        self.show(wished=dict(wish.handles), least=dict(wish.least))

    def _preview(self) -> None:
        closer = self.state.zoom if self.state.close else 1.0
        side = min(_SIDES[1], round(self._shown * closer))
        wanted = preview_of(self._shared.visit.wish, self.state.shows, side)
        if wanted is not None:
            honest = {
                name: value for name, value in wanted.handles.items() if name not in self._left_out
            }
            changes = honest or wanted.drags or wanted.regions
            wanted = msgspec.structs.replace(wanted, handles=honest) if changes else None
        self.show(fresh=False)
        shows = self.state.shows
        if wanted is None:
            for name in (AFTER, shows):
                self._shared.pictures.copy("before", name)
            self.show(share=1.0, fresh=True, refused=False)
            return

        def shown(answer: worker_api.Previewed) -> None:
            self._shared.pictures.copy(AFTER, shows)  # there at once where both are compared
            self.hand.see()
            self.show(share=answer.share, fresh=True, refused=False)

        def failed(why: Refusal) -> None:
            if why.code.startswith("failed") and self.hand.take_back():
                self._shared.refuse(Refusal("by-hand"))
                self._preview()
            else:
                self._shared.refuse(why)
                self.show(refused=True)

        self._shared.show_preview("PreviewSimulation", wanted, AFTER, shown, failed=failed)

    def _offer(self, allowed: worker_api.Handles) -> None:
        wish = self._shared.visit.wish
        for values in (
            wish.handles,
            wish.least,
        ):  # what has become dishonest is not shown, nor made
            for name in set(values) & set(self._left_out):
                del values[name]
        self._show_values()
        self.hand.allow(allowed.drag_mm, regions=allowed.regions)
        knobs = [_knob(one, self._left_out.get(one.name, "")) for one in allowed.handles]
        knobs.sort(key=lambda knob: knob.why_not != "")  # what can be moved comes first
        regions = list(dict.fromkeys(one.region for one in allowed.handles))
        region = self.state.region if self.state.region in regions else (regions or [""])[0]
        self.show(knobs=knobs, regions=regions, region=region)


def _knob(one: worker_api.Handle, why_not: str) -> Knob:
    step = 5.0 if one.unit == "percent" else 0.5
    return Knob(
        one.name, one.unit, one.least, one.most, one.lowest, one.highest, step, one.region, why_not
    )
