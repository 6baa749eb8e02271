"""The worker's methods for a screen: small pictures of items, what may be moved, how much room."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any

from appliance.pipeline.media.photo.decode import Photo, in_colours_of
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.protocols import worker_api
from appliance.release.view import small_view_of
from appliance.wire.message import Empty
from appliance.wire.service import Answer, Method, Request
from appliance.worker.failures import errors_to_refusals
from appliance.worker.hand_over import HandOver
from appliance.worker.training_words import TrainingWords
from appliance.worker.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ViewMethods:
    """For several threads, none of which waits for a job, but for the picture that one holds.

    ``handles``: the answer of ``Handles``. ``one_picture``: held while a photo of full size is in
    memory.
    """

    workspace: Workspace
    handles: worker_api.Handles
    training: TrainingWords
    hand_over: HandOver
    one_picture: Lock

    def methods(self) -> dict[str, Method[Any]]:
        """By name."""
        return {
            "View": Method(worker_api.View, self._view),
            "Handles": Method(Empty, lambda _: Answer(self.handles)),
            "Space": Method(Empty, self._space),
        }

    def _view(self, request: Request[worker_api.View]) -> Answer:
        wanted = request.parameters
        with errors_to_refusals():
            is_result = self.workspace.has_result(wanted.item)
            small, (width, height) = self._small(wanted, is_result=is_result)
            # A result has the words of training in its own pixels.
            data = (
                small_view_of(small)
                if is_result
                else encode_photo(self.training.over(small), "jpeg")
            )
            pipe = self.hand_over.preview(data)
        return Answer(worker_api.Viewed(width, height), (pipe,))

    def _small(self, wanted: worker_api.View, *, is_result: bool) -> tuple[Photo, tuple[int, int]]:
        """The picture to show, and width and height of the item."""
        with self.one_picture:
            read = self.workspace.result_picture if is_result else self.workspace.picture
            photo = read(wanted.item, wanted.at)
            small = Photo(photo.canvas.thumbnail(wanted.side), icc=photo.icc)
            size = photo.displayed_size
            del photo
        return in_colours_of(small, Photo(small.pixels)), size

    def _space(self, _: Request[Empty]) -> Answer:
        with errors_to_refusals():
            free, size = self.workspace.space()
        return Answer(worker_api.Space(free, size))
