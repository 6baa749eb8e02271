from __future__ import annotations

import os
from fractions import Fraction

import av
import msgspec
import numpy as np
import pytest

from appliance.errors import ApplianceError, OutputError, ProviderError
from appliance.pipeline.analysis.likeness import SimilarityReport
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import POINTS
from appliance.pipeline.media.orientation import Orientation
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.pool.frame_store import FrameFormat
from appliance.pipeline.pool.messages import (
    Failure,
    FrameSlot,
    MessageChannel,
    Ready,
    Segment,
    SegmentDone,
    Start,
    TrackedFace,
    channel_pair,
)
from appliance.signatures.minisign import SignatureError

TRACKED = TrackedFace.of(Face(np.arange(3 * POINTS, dtype=np.float32).reshape(-1, 3), 0.5))
MESSAGES = [
    Start(),
    Ready(),
    Segment(
        FrameFormat(
            16,
            8,
            "yuv420p",
            1,
            1,
            transpose=False,
            flip_x=True,
            flip_y=False,
            pixel_aspect=(64, 45),
        ),
        [FrameSlot(0, 1, 2, (1, 25))],
        [FrameSlot(1, 2, 3, (1, 25))],
        1,
        [TRACKED],
    ),
    SegmentDone([3], 1, 2, 3, SimilarityReport(0.1, None, 0.1), [], [TRACKED], []),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_arrives_as_it_was_sent(
    message: Start | Ready | Segment | SegmentDone,
) -> None:
    one, other = channel_pair()
    one.send(message)
    assert other.receive(type(message)) == message
    other.send(message)
    assert one.receive(type(message)) == message


def test_a_tracked_face_keeps_its_mesh_and_score() -> None:
    face = TRACKED.face
    assert face.score == 0.5
    np.testing.assert_array_equal(face.mesh.ravel(), np.arange(3 * POINTS))
    face.mesh[0] = 1  # its own memory, writable


def test_another_kind_of_message_than_the_expected_one_is_refused() -> None:
    one, other = channel_pair()
    one.send(Ready())
    with pytest.raises(msgspec.ValidationError, match="sent Ready, not SegmentDone"):
        other.receive(SegmentDone)


@pytest.mark.parametrize("kind", [OutputError, SignatureError])
def test_an_expected_error_is_raised_at_the_other_end(kind: type[ApplianceError]) -> None:
    one, other = channel_pair()
    one.send(Failure.of(kind("It went wrong.", "Try again.")))
    with pytest.raises(kind) as caught:
        other.receive(Ready)
    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.hint) == ("It went wrong.", "Try again.")


def test_of_a_bug_only_the_class_is_sent() -> None:
    one, other = channel_pair()
    one.send(Failure.of(FileNotFoundError("/home/somebody/photo.jpg")))
    with pytest.raises(RuntimeError) as caught:
        other.receive(Ready)
    assert str(caught.value) == "FileNotFoundError"


def test_a_closed_channel_ends_the_messages() -> None:
    one, other = channel_pair()
    one.close()
    assert other.receive_or_end(Segment) is None
    with pytest.raises(ProviderError, match="ended before it was done"):
        other.receive(Ready)
    with pytest.raises(ProviderError, match="ended before it was done"):
        other.send(Ready())


def test_a_process_that_dies_within_a_message_has_ended() -> None:
    reader, cut = os.pipe()
    unused, writer = os.pipe()
    os.write(cut, b"\0\0\0\x10{")
    os.close(cut)
    channel = MessageChannel.from_descriptors(reader, writer)
    with pytest.raises(ProviderError, match="ended before it was done"):
        channel.receive(Ready)
    channel.close()
    os.close(unused)


def test_members_see_a_frame_as_the_coordinator_does() -> None:
    turn = Orientation(transpose=True, flip_x=True)
    frame = av.VideoFrame(90, 72, "yuv420p")
    ours = VideoCanvas(frame, turn, Fraction(64, 45))
    kept = msgspec.json.decode(msgspec.json.encode(FrameFormat.of(ours)), type=FrameFormat)
    theirs = kept.canvas(kept.blank())
    assert (theirs.orientation, theirs.pixel_aspect) == (turn, Fraction(64, 45))
    assert (theirs.square.width, theirs.square.height) == (72, 128)
