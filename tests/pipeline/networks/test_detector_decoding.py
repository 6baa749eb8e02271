"""Detectors' tensors, decoded by hand and by the decoders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.inference.families.detectors import FAMILIES
from appliance.inference.pack import ModelPack
from appliance.inference.runtime import Runtime
from appliance.inference.trust import INSPECTION
from appliance.pipeline.networks.detector import Detector
from appliance.pipeline.networks.detector_decoding import DECODINGS, anchored, yolo_face, yunet
from tests.inference.packs import write_standins
from tests.inference.standins import detectors

STRIDES = (8, 16, 32)


def nothing(per_cell: int, widths: tuple[int, ...]) -> list[list[np.ndarray]]:
    """Zeros: by kind, then by stride."""
    return [
        [np.zeros((per_cell * (640 // s) ** 2, width), np.float32) for s in STRIDES]
        for width in widths
    ]


def test_every_family_of_detectors_has_a_decoding() -> None:
    assert {contract.family for contract in FAMILIES} == DECODINGS.keys()


def test_an_anchor_is_its_cell_s_corner_and_distances_are_strides() -> None:
    kinds = nothing(2, (1, 4, 10))
    row = 2 * (7 * 40 + 3) + 1  # stride 16, second anchor of column 3, row 7
    kinds[0][1][row] = 0.8
    kinds[1][1][row] = (1, 2, 3, 4)  # left, top, right, bottom
    kinds[2][1][row] = np.arange(10) / 2
    found = anchored(tuple(k for kind in kinds for k in kind), 0.5)
    np.testing.assert_allclose(found.boxes, [[48 - 16, 112 - 32, 16 + 48, 32 + 64]])
    x, y = np.arange(0, 10, 2) / 2 * 16 + 48, np.arange(1, 10, 2) / 2 * 16 + 112
    np.testing.assert_allclose(found.points, [np.stack([x, y], axis=1)])
    np.testing.assert_allclose(found.scores, [0.8])


def test_yunet_s_box_is_centre_and_logarithm_and_its_score_a_root() -> None:
    kinds = nothing(1, (1, 1, 4, 10))
    row = 5 * 20 + 9  # stride 32, column 9, row 5
    kinds[0][2][row], kinds[1][2][row] = 0.9, 0.4
    kinds[2][2][row] = (0.5, 0.25, np.log(2), np.log(3))
    kinds[3][2][row] = 0.5
    found = yunet(tuple(k[None] for kind in kinds for k in kind), 0.5)
    centre = np.array([9.5 * 32, 5.25 * 32])
    np.testing.assert_allclose(found.boxes, [[*(centre - [32, 48]), 64, 96]], rtol=1e-6)
    np.testing.assert_allclose(found.points, np.full((1, 5, 2), [9.5 * 32, 5.5 * 32]))
    np.testing.assert_allclose(found.scores, [np.sqrt(0.36)], rtol=1e-6)


def test_yolo_s_columns_are_centre_size_score_and_points() -> None:
    output = np.zeros((1, 20, 8400), np.float32)
    output[0, :, 77] = [100, 60, 40, 20, 0.7, *range(15)]
    output[0, 4, 78] = 0.49
    found = yolo_face((output,), 0.5)
    np.testing.assert_allclose(found.boxes, [[80, 50, 40, 20]])
    np.testing.assert_allclose(found.points, [[[0, 1], [3, 4], [6, 7], [9, 10], [12, 13]]])
    np.testing.assert_allclose(found.scores, [0.7])


@pytest.mark.parametrize("decode", [anchored, yolo_face, yunet])
def test_nobody_is_nobody(decode: object) -> None:
    outputs = {
        anchored: tuple(k for kind in nothing(2, (1, 4, 10)) for k in kind),
        yolo_face: (np.zeros((1, 20, 8400), np.float32),),
        yunet: tuple(k[None] for kind in nothing(1, (1, 1, 4, 10)) for k in kind),
    }[decode]  # type: ignore[index]
    found = decode(outputs, 0.5)  # type: ignore[operator]
    assert (found.boxes.shape, found.points.shape) == ((0, 4), (0, 5, 2))


@pytest.mark.parametrize("family", ["scrfd", "retinaface", "yolo-face"])
@pytest.mark.parametrize(("width", "height"), [(640, 360), (1280, 720), (300, 200)])
def test_the_one_face_of_a_stand_in_is_found_in_the_picture_s_pixels(
    family: str, width: int, height: int, tmp_path: Path, runtime: Runtime
) -> None:
    pack = ModelPack.open(write_standins(tmp_path, family), INSPECTION)
    detector = Detector(runtime.load(pack, "detector"))
    (found,) = detector.detect(np.full((height, width, 3), 90, np.uint8))
    scale = max(1.0, width / 640)  # never enlarged
    box = np.concatenate([detectors.CENTRE - detectors.EXTENT / 2, detectors.EXTENT])
    np.testing.assert_allclose(found.box, box * scale, atol=1e-3)
    np.testing.assert_allclose(found.keypoints, detectors.POINTS * scale, atol=1e-3)
    assert found.score == pytest.approx(detectors.SCORE)


def test_of_boxes_that_overlap_the_surer_stays(tmp_path: Path, runtime: Runtime) -> None:
    """By intersection over union: 0.6 is one face, 0.25 are two."""
    pack = ModelPack.open(write_standins(tmp_path, "yolo-face"), INSPECTION)
    detector = Detector(runtime.load(pack, "detector"))
    output = np.zeros((1, 20, 8400), np.float32)
    for column, left, score in ((0, 100, 0.7), (1, 125, 0.8), (2, 185, 0.6)):
        output[0, :5, column] = [left + 50, 150, 100, 100, score]
    found = detector._best(yolo_face((output,), 0.5), scale=0.5)
    # 100..200 against 125..225: 75 / 125; 125..225 against 185..285: 40 / 160.
    assert [detection.score for detection in found] == pytest.approx([0.8, 0.6])
    np.testing.assert_allclose(found[0].box, [250, 200, 200, 200])
