from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from appliance.errors import InputError
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.photo.encode import encode_photo

NOISE = np.random.default_rng(1).integers(0, 1 << 16, (64, 64, 3), dtype=np.uint16)


def damaged(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(300) + data[middle + 300 :]


def tiff() -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray((NOISE >> 8).astype(np.uint8))
    image.save(buffer, "TIFF", compression="tiff_adobe_deflate")
    return damaged(buffer.getvalue())


def deep_png() -> bytes:
    return damaged(encode_photo(Photo(NOISE), "png"))


BY_PILLOW = "import sys; from PIL import Image; Image.open(sys.argv[1]).load()"
BY_OPENCV = "import sys, cv2; cv2.imread(sys.argv[1], cv2.IMREAD_UNCHANGED)"


@pytest.mark.parametrize(
    ("data", "loud", "message"),
    [(tiff(), BY_PILLOW, "ZIPDecode"), (deep_png(), BY_OPENCV, "libpng")],
    ids=["tiff", "16-bit png"],
)
def test_libtiff_writes_nothing_about_a_damaged_photo(
    data: bytes, loud: str, message: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(InputError):
        read_photo(data)
    assert capfd.readouterr() == ("", "")
    path = tmp_path / "photo"
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", loud, str(path)], capture_output=True, text=True, check=False
    )
    assert message in done.stderr
