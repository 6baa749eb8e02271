"""Pictures of the screens that a person has looked at, and how much another one differs.

    python -m tests.kiosk.approved FOLDER [SCENE …]

approves these scenes, or all, as they are drawn now, and writes them at their full size to FOLDER,
with ``sheet-LANGUAGE.png`` of all that are approved. Look at each of them before you commit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from PySide6.QtGui import QImage

FOLDER = Path(__file__).parent / "approved"

MOST_ON_AVERAGE = 0.4
"""The mean difference of a screen to the approved one, of 255, above which it is another one."""

MOST_IN_A_BLOCK = 6.0
"""The same of any block of pixels. The few colours that are kept make up to 2, a button that is
moved by 4 pixels makes 8 and more."""

_SIZE = (640, 400)  # of what is kept: half the width and height
_BLOCK = 16  # pixels of what is kept
_COLOURS = 255

Pixels = npt.NDArray[np.uint8]


def path_of(scene: str, language: str) -> Path:
    """Where the approved picture of a scene is."""
    return FOLDER / language / f"{scene}.png"


def pixels_of(picture: QImage) -> Pixels:
    """A picture as (h, w, 3), RGB."""
    rgb = picture.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return flat[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).copy()


def approved(scene: str, language: str) -> Pixels:
    """The approved picture, at half the size."""
    with Image.open(path_of(scene, language)) as picture:
        return np.asarray(picture.convert("RGB"))


def difference(pixels: Pixels, reference: Pixels) -> tuple[float, float]:
    """By how much a screen differs from an approved one: on average, and in the worst block.

    Both are softened first: how letters are smoothed does not count.
    """
    now, then = (
        cv2.GaussianBlur(one, (5, 5), 0).astype(np.float32) for one in (halved(pixels), reference)
    )
    by_pixel = np.abs(now - then).mean(axis=2)
    by_block = by_pixel.reshape(_SIZE[1] // _BLOCK, _BLOCK, _SIZE[0] // _BLOCK, _BLOCK)
    return float(by_pixel.mean()), float(by_block.mean(axis=(1, 3)).max())


def is_like(pixels: Pixels, reference: Pixels) -> bool:
    """Whether a screen looks as it was approved."""
    on_average, in_a_block = difference(pixels, reference)
    return on_average <= MOST_ON_AVERAGE and in_a_block <= MOST_IN_A_BLOCK


def halved(pixels: Pixels) -> Pixels:
    """Of half the width and height."""
    small = cv2.resize(pixels, _SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def approve(pixels: Pixels, scene: str, language: str) -> None:
    """Keep a screen as it looks, with few colours."""
    path = path_of(scene, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    small = Image.fromarray(halved(pixels))
    small.quantize(_COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def _sheet(scenes: Sequence[str], language: str) -> Image.Image:
    columns = 5
    rows = -(-len(scenes) // columns)
    sheet = Image.new("RGB", (columns * _SIZE[0], rows * _SIZE[1]))
    for number, scene in enumerate(scenes):
        with Image.open(path_of(scene, language)) as picture:
            row, column = divmod(number, columns)
            sheet.paste(picture.convert("RGB"), (column * _SIZE[0], row * _SIZE[1]))
    return sheet


def main(folder: Path, only: Sequence[str]) -> None:
    """See the top of this module."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_QUICK_BACKEND"] = "software"
    from PySide6.QtGui import QGuiApplication

    from tests.kiosk.scenes import SCENES, play
    from tests.kiosk.stage import Stage

    application = QGuiApplication(["approve"])
    stage = Stage(application, folder / "nowhere")
    for language in ("en", "zh"):
        (folder / language).mkdir(parents=True, exist_ok=True)
        for scene in SCENES:
            if only and scene.name not in only:
                continue
            play(stage, scene, language)
            picture = stage.grab()
            picture.save(str(folder / language / f"{scene.name}.png"))
            approve(pixels_of(picture), scene.name, language)
        _sheet([scene.name for scene in SCENES], language).save(folder / f"sheet-{language}.png")
    stage.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
