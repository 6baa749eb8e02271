"""The photos: taken from a disc or from samples, checked, and one of them chosen."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.refusal import Refusal
from appliance.kiosk.calls.services import each_of, of_worker
from appliance.kiosk.models.intake import Intake
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.kiosk.visit.visit import Photo, Wish
from appliance.protocols import disc_api, worker_api
from appliance.wire.message import Empty

_MOST = 24
_SIDE = 320  # pixels of a small picture


class Entry(msgspec.Struct, frozen=True):
    """A file to choose. ``size`` in KiB."""

    number: int
    name: str
    size: int
    refusal: str


def entry_of(file: disc_api.File) -> Entry:
    """As the disc reader says."""
    return Entry(file.number, file.name, -(-file.size // 1024), file.refusal or "")


class Cause(msgspec.Struct, frozen=True):
    """A code that the screen has words for, and an amount for them; empty if it has none."""

    code: str
    amount: str


class Point(msgspec.Struct, frozen=True):
    """One of the nine points of a photo."""

    name: str
    verdict: str
    causes: list[Cause]


class Shot(msgspec.Struct, frozen=True):
    """An imported photo: ``picture`` is the name of its small picture.

    ``changes``: what to do otherwise, by the codes of what was missed.
    """

    item: int
    picture: str
    view: str
    score: int
    judged: int
    changes: list[Cause]


class SeriesState(msgspec.Struct, frozen=True):
    """``files``: on the disc. ``photos``: those that were imported.

    ``taken`` and ``failed``: numbers of files. ``importing``: how many are still to come.
    ``checking``: how many photos are looked at, of which ``checked`` are done. ``missing`` and
    ``double``: views. ``looked``: the photo whose nine ``points`` are shown; below 0: none.
    """

    has_disc: bool = False
    files: list[Entry] = []
    taken: list[int] = []
    failed: list[int] = []
    photos: list[Shot] = []
    missing: list[str] = []
    double: list[str] = []
    reading: bool = False
    importing: int = 0
    checking: int = 0
    checked: int = 0
    chosen: int = -1
    looked: int = -1
    points: list[Point] = []


class Series(Model[SeriesState]):
    """Photos come as descriptors from the disc reader, and go to the worker as such."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(SeriesState(has_disc=shared.services.disc is not None))
        self._shared = shared
        self._intake = Intake(shared, self._imported, self._not_taken)

    def forget(self) -> None:
        """Drop names of files and what was found."""
        self._intake.stop()
        self.show(
            files=[], taken=[], failed=[], photos=[], missing=[], double=[], reading=False,
            importing=0, checking=0, checked=0, chosen=-1, looked=-1, points=[],
        )  # fmt: skip

    def resume(self) -> None:
        """Show the photos of the visit again."""
        self._show_photos()
        for photo in self._shared.visit.photos:
            self._shared.show_item(photo.item, _picture(photo.item), _SIDE)
        if any(not photo.points for photo in self._shared.visit.photos):
            self._assess()

    @action
    def read(self) -> None:
        """Read the disc in the drive."""
        if not self.state.has_disc or self.state.reading or self.state.importing:
            return
        self.show(reading=True, files=[], taken=[], failed=[])

        def listed(files: list[disc_api.File]) -> None:
            self.show(reading=False, files=[entry_of(one) for one in files])

        def failed(why: Refusal) -> None:
            self.show(reading=False)
            self._shared.refuse(Refusal(f"disc-{why.code}"))

        self._intake.list_files(listed, failed)

    @action
    def take(self, number: int) -> None:
        """Import the file with this number, after those that were asked for before."""
        room = _MOST - len(self._shared.visit.photos) - self.state.importing
        if number in self.state.taken or room <= 0:
            return
        self.show(
            importing=self.state.importing + 1,
            taken=[*self.state.taken, number],
            failed=[one for one in self.state.failed if one != number],
        )
        self._intake.take(number)

    @action
    def take_all(self) -> None:
        """Import all files that can be, one after the other."""
        for entry in self.state.files:
            if not entry.refusal:
                self.take(entry.number)

    @action
    def choose(self, item: int) -> None:
        """This photo is the one to change."""
        visit = self._shared.visit
        if any(photo.item == item for photo in visit.photos):
            if visit.wish.photo != item:
                visit.wish = Wish(photo=item)
            self.show(chosen=item)

    @action
    def look(self, item: int) -> None:
        """Show the nine points of a photo; below 0: of none."""
        points: list[Point] = []
        for photo in self._shared.visit.photos:
            if photo.item == item:
                points = [Point(one.name, one.verdict, _causes(one)) for one in photo.points]
        self.show(looked=item if points else -1, points=points)

    @action
    def remove(self, item: int) -> None:
        """A photo does not belong here: the worker erases it."""
        visit = self._shared.visit
        if self.state.importing or all(photo.item != item for photo in visit.photos):
            return
        if any(one.wish.photo == item for one in visit.variants):
            self._shared.refuse(Refusal("photo-in-use"))
            return

        def removed(_: Empty) -> None:
            visit.photos = [photo for photo in visit.photos if photo.item != item]
            if visit.wish.photo == item:
                first = visit.photos[0].item if visit.photos else None
                visit.wish = Wish(photo=first)
            self.show(looked=-1, points=[], taken=[])
            self._show_photos()
            self._assess()

        discard = of_worker("Discard", worker_api.Item(item), Empty)
        self._shared.worker.ask(discard, removed, self._shared.refuse)

    @action
    def accept(self) -> None:
        """Go on with the chosen photo; those that were not looked at yet are left for later."""
        if self._shared.visit.wish.photo is None or self.state.importing:
            return
        if self.state.checking:
            self._shared.cancel()
        self._shared.place.go(Step.NEXT)

    def _imported(self, number: int, answer: worker_api.Imported) -> None:
        visit = self._shared.visit
        self.show(importing=max(0, self.state.importing - 1))
        visit.photos.append(Photo(answer.item, answer.width, answer.height))
        if visit.wish.photo is None:
            visit.wish = Wish(photo=answer.item)
        self._show_photos()
        self._shared.show_item(answer.item, _picture(answer.item), _SIDE)
        if self.state.importing == 0:
            self._assess()

    def _not_taken(self, number: int, why: Refusal) -> None:
        self.show(
            importing=max(0, self.state.importing - 1),
            taken=[one for one in self.state.taken if one != number],
            failed=[*self.state.failed, number],
        )
        self._shared.refuse(why)
        if self.state.importing == 0:
            self._assess()

    def _assess(self) -> None:
        visit = self._shared.visit
        items = [photo.item for photo in visit.photos]
        visit.missing, visit.double = [], []
        self.show(checking=len(items), checked=0, missing=[], double=[])
        if not items:
            return
        call = each_of(f"{worker_api.NAME}.Assess", worker_api.Assess(items), worker_api.Assessed)

        def looked(answer: worker_api.Assessed) -> None:
            self.show(checked=answer.done)
            if not answer.photos:
                return
            by_item = dict(zip(items, answer.photos, strict=True))
            visit.photos = [
                _seen(photo, by_item[photo.item]) if photo.item in by_item else photo
                for photo in visit.photos
            ]
            visit.missing, visit.double = answer.missing, answer.double
            self._show_photos()

        def failed(why: Refusal) -> None:
            self.show(checking=0)
            if why.code != "stopped":  # because the person went on
                self._shared.refuse(why)

        self._shared.worker.follow(call, looked, lambda: self.show(checking=0), failed)

    def _show_photos(self) -> None:
        visit = self._shared.visit
        self.show(
            photos=[_shot(photo) for photo in visit.photos],
            chosen=-1 if visit.wish.photo is None else visit.wish.photo,
            missing=list(visit.missing),
            double=list(visit.double),
        )


def _shot(photo: Photo) -> Shot:
    changes = [
        cause for point in photo.points if point.verdict == "missed" for cause in _causes(point)
    ]
    return Shot(photo.item, _picture(photo.item), photo.view, photo.score, photo.judged, changes)


def _causes(point: worker_api.Point) -> list[Cause]:
    return [Cause(one.code, _amount(one)) for one in point.causes]


def _amount(cause: worker_api.Cause) -> str:
    """Degrees and percent are whole; of how many times the light there is, a tenth counts."""
    if cause.amount is None:
        return ""
    return f"{cause.amount:.1f}" if cause.code.startswith("lit-") else f"{cause.amount:.0f}"


def _seen(photo: Photo, seen: worker_api.Photo) -> Photo:
    """The photo with what was seen of it."""
    return Photo(
        photo.item, photo.width, photo.height, seen.view, seen.score, seen.judged, seen.points
    )


def _picture(item: int) -> str:
    return f"photo-{item}"
