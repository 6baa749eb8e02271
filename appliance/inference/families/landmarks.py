"""Networks that find the landmarks of a face."""

from __future__ import annotations

from appliance.inference.contract import (
    UNIT,
    Channels,
    Contract,
    ImageInput,
    Layout,
    Output,
    VectorInput,
)

_CROP_256 = ImageInput("input", (256, 256), channels=Channels.BGR, std=UNIT)

FAMILIES = (
    # Points are in pixels of the crop: x, y, z for the 468 of the mesh, x, y for the refinements
    # (80 lips, 71 an eye, 5 an iris). The last output is the logit of whether this is a face.
    Contract(
        "mediapipe-face-mesh",
        "mesh",
        (ImageInput("input_1", (192, 192), layout=Layout.NHWC, std=UNIT),),
        tuple(
            Output(name, (1, 1, 1, width))
            for name, width in (
                ("output_mesh_identity", 468 * 3),
                ("output_lips", 80 * 2),
                ("output_left_eye", 71 * 2),
                ("output_right_eye", 71 * 2),
                ("output_left_iris", 5 * 2),
                ("output_right_iris", 5 * 2),
                ("conv_faceflag", 1),
            )
        ),
    ),
    # 68 points of iBUG 300-W: x, y on a grid of 64 over the crop, and a confidence; then the heat
    # maps they were read from, whose maxima are the better confidence.
    Contract(
        "2dfan4",
        "landmarks-68",
        (_CROP_256,),
        (Output("landmarks_xyscore", (1, 68, 3)), Output("heatmaps", (1, 68, 64, 64))),
    ),
    # As above, without heat maps.
    Contract("peppa-wutz", "landmarks-68", (_CROP_256,), (Output(None, (1, 68, 3)),)),
    # Five points in, 68 out, both in the unit square of the ffhq_512 template.
    Contract(
        "fan-68-5",
        "landmarks-68-5",
        (VectorInput("input", (1, 5, 2)),),
        (Output("output", (1, 68, 2)),),
    ),
    # Points in the unit square of the crop; the third set, of 203, is the one that is used.
    Contract(
        "liveportrait-203",
        "landmarks-203",
        (ImageInput("input", (224, 224), std=UNIT),),
        tuple(Output(None, (1, 2 * points)) for points in (107, 131, 203)),
    ),
)
