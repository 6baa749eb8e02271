"""The alignments against the pixel values their sources publish."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.inference.templates import (
    ARCFACE_112_V1,
    ARCFACE_112_V2,
    ARCFACE_128,
    FFHQ_512,
    MTCNN_512,
    Template,
)

# InsightFace's face_align.py: the frontal one of the five views; arcface_dst.
FRONTAL = [[39.730, 51.138], [72.270, 51.138], [56.000, 68.493], [42.463, 87.010], [69.537, 87.010]]
ARCFACE_DST = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
# facexlib's FaceRestoreHelper, for 512 pixels.
FACEXLIB = [
    [192.98138, 239.94708],
    [318.90277, 240.1936],
    [256.63416, 314.01935],
    [201.26117, 371.41043],
    [313.08905, 371.15118],
]


@pytest.mark.parametrize(
    ("template", "side", "published"),
    [
        (ARCFACE_112_V1, 112, FRONTAL),
        (ARCFACE_112_V2, 112, ARCFACE_DST),
        (ARCFACE_128, 128, ARCFACE_DST + np.array([8, 0])),
        (FFHQ_512, 512, FACEXLIB),
    ],
    ids=lambda value: value.name if isinstance(value, Template) else "",
)
def test_the_points_are_the_published_ones(
    template: Template, side: int, published: list[list[float]]
) -> None:
    np.testing.assert_allclose(template.points(side), published, atol=2e-4)


@pytest.mark.parametrize(
    "template", [ARCFACE_112_V1, ARCFACE_112_V2, ARCFACE_128, FFHQ_512, MTCNN_512]
)
def test_the_points_form_a_face(template: Template) -> None:
    left, right, nose, mouth_left, mouth_right = template.points(1)
    assert left[0] < mouth_left[0] + 0.1 < nose[0] < mouth_right[0] + 0.1 < right[0] + 0.2
    assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1]) < 1
    np.testing.assert_allclose(template.points(256), template.points(1) * 256, rtol=1e-6)
