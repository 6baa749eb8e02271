"""The photos: taken from a disc or from samples, checked, and one of them chosen."""

from __future__ import annotations

import msgspec

from appliance.kiosk.calls.services import each_of
from appliance.kiosk.models.intake import Entry, Intake
from appliance.kiosk.models.model import Model, action
from appliance.kiosk.models.shared import Shared
from appliance.kiosk.visit.state import Step
from appliance.kiosk.visit.visit import Photo
from appliance.protocols import worker_api

_MOST = 24
_SIDE = 320  # pixels of a small picture


class Shot(msgspec.Struct, frozen=True):
    """An imported photo: ``picture`` is the name of its small picture."""

    item: int
    picture: str
    view: str
    score: int
    judged: int
    change: str


class SeriesState(msgspec.Struct, frozen=True):
    """``files``: on the disc. ``photos``: those that were imported. ``missing``: views."""

    has_disc: bool = False
    files: list[Entry] = []
    photos: list[Shot] = []
    missing: list[str] = []
    reading: bool = False
    importing: int = 0
    checked: int = 0
    chosen: int = -1


class Series(Model[SeriesState]):
    """Photos come as descriptors from the disc reader, and go to the worker as such."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(SeriesState(has_disc=shared.services.disc is not None))
        self._shared = shared
        self._intake = Intake(shared, self.show, self._imported)

    def forget(self) -> None:
        """Drop names of files and what was found."""
        self._intake.forget()
        self.show(photos=[], missing=[], checked=0, chosen=-1)

    def resume(self) -> None:
        """Show the photos of the visit again."""
        self._show_photos()
        for photo in self._shared.visit.photos:
            self._shared.show_item(photo.item, _picture(photo.item), _SIDE)

    @action
    def read(self) -> None:
        """Read the disc in the drive."""
        self._intake.read()

    @action
    def take(self, number: int) -> None:
        """Import the file with this number."""
        visit = self._shared.visit
        if len(visit.photos) < _MOST:
            self._intake.take(number, "target", visit.consent or None)

    @action
    def choose(self, item: int) -> None:
        """This photo is the one to change."""
        visit = self._shared.visit
        if any(photo.item == item for photo in visit.photos):
            if visit.photo != item:
                visit.photo, visit.choice, visit.points = item, None, {}
            self.show(chosen=item)

    @action
    def accept(self) -> None:
        """Go on with the chosen photo."""
        if self._shared.visit.photo is not None:
            self._shared.place.go(Step.NEXT)

    def _imported(self, answer: worker_api.Imported) -> None:
        visit = self._shared.visit
        visit.photos.append(Photo(answer.item, answer.width, answer.height))
        if visit.photo is None:
            visit.photo = answer.item
        self._show_photos()
        self._shared.show_item(answer.item, _picture(answer.item), _SIDE)
        if self._intake.importing == 0:
            self._assess()

    def _assess(self) -> None:
        items = [photo.item for photo in self._shared.visit.photos]
        call = each_of(f"{worker_api.NAME}.Assess", worker_api.Assess(items), worker_api.Assessed)

        def looked(answer: worker_api.Assessed) -> None:
            self.show(checked=answer.done)
            if not answer.photos:
                return
            visit = self._shared.visit
            by_item = dict(zip(items, answer.photos, strict=True))
            visit.photos = [
                _seen(photo, by_item[photo.item]) if photo.item in by_item else photo
                for photo in visit.photos
            ]
            self.show(missing=answer.missing)
            self._show_photos()

        self._shared.worker.follow(call, looked, lambda: None, self._shared.refuse)

    def _show_photos(self) -> None:
        visit = self._shared.visit
        shots = [
            Shot(
                photo.item,
                _picture(photo.item),
                photo.view,
                photo.score,
                photo.judged,
                photo.change,
            )
            for photo in visit.photos
        ]
        self.show(photos=shots, chosen=-1 if visit.photo is None else visit.photo)


def _seen(photo: Photo, seen: worker_api.Photo) -> Photo:
    """The photo with what was seen of it."""
    return Photo(
        photo.item, photo.width, photo.height, seen.view, seen.score, seen.judged, seen.change
    )


def _picture(item: int) -> str:
    return f"photo-{item}"
