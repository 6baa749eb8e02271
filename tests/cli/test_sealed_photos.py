"""Every kind of photo is decoded behind the seal: no decoder loads anything with its first file."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from tests.paths import REPOSITORY
from tests.pipeline.media.clips import picture
from tests.pipeline.media.heif import make_heic
from tests.pipeline.media.photo.dicoms import JPEG, JPEG_2000, Dicom
from tests.pipeline.media.photo.test_colour import coded, gamma, jpeg, png
from tests.pipeline.media.photo.tiffs import Picture, make_tiff

RGB = picture(0, 64, 48)
DEEP = RGB.astype(np.uint16) * 257


def saved(kind: str, mode: str = "RGB", **settings: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RGB).convert(mode).save(buffer, kind, **settings)
    return buffer.getvalue()


def lab() -> bytes:
    moved = ImageCms.profileToProfile(
        Image.fromarray(RGB),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert moved is not None
    buffer = io.BytesIO()
    moved.save(buffer, "TIFF")
    return buffer.getvalue()


def described() -> Image.Exif:
    """Words in EXIF, in more than one alphabet."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x9C9F] = "Grüße", "Ω", "x".encode("utf-16-le")
    exif.get_ifd(0x8825)[1] = "N"
    return exif


def texts() -> PngImagePlugin.PngInfo:
    """Words in a PNG, in each of its three chunks of text."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "Grusse")
    info.add_text("Comment", "Grusse", zip=True)
    info.add_itxt("Comment", "Ω", "de", "Kommentar", zip=True)
    info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="1"/>')
    return info


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PHOTOS: tuple[tuple[str, bytes], ...] = (
    *(("jpeg", saved("JPEG", mode)) for mode in ("RGB", "L", "CMYK")),
    ("jpeg", saved("JPEG", progressive=True, icc_profile=SRGB)),
    ("jpeg", saved("JPEG")[:-2]),
    ("jpeg", saved("JPEG", exif=described(), comment="Ω")),
    *((kind, saved(kind.upper(), exif=described())) for kind in ("png", "webp", "tiff", "avif")),
    ("png", saved("PNG", pnginfo=texts())),
    ("jpeg", saved("MPO", save_all=True, append_images=[Image.fromarray(RGB)])),
    ("jpeg", jpeg({}, {0xA001: 0xFFFF}, "R03")),
    *(("png", saved("PNG", mode)) for mode in ("RGB", "RGBA", "L", "LA", "P", "1")),
    ("png", saved("PNG", "P", transparency=3)),
    ("png", saved("PNG", icc_profile=SRGB)),
    *(("png", png(RGB, chunk)) for chunk in (gamma(55_556), gamma(100_000), coded(12, 13, 0, 1))),
    ("png", png(DEEP)),
    *(("tiff", saved("TIFF", compression=name)) for name in ("tiff_lzw", "jpeg", "packbits")),
    *(("tiff", saved("TIFF", mode)) for mode in ("RGBA", "L", "1", "P", "CMYK", "YCbCr")),
    ("tiff", lab()),
    *(("tiff", make_tiff(Picture(DEEP, is_separate=yes))) for yes in (False, True)),
    ("tiff", make_tiff(Picture(np.dstack([RGB, RGB[..., 0]]), extras=(1,), is_separate=True))),
    ("tiff", make_tiff(Picture(RGB, tags={254: (1,)}), Picture(RGB), big=True)),
    ("webp", saved("WEBP")),
    ("webp", saved("WEBP", "RGBA", lossless=True)),
    *(("bmp", saved("BMP", mode)) for mode in ("RGB", "P")),
    ("heic", make_heic()),
    ("heic", make_heic(codes=(12, 13), pictures=2)),
    *(("avif", saved("AVIF", mode)) for mode in ("RGB", "RGBA")),
    ("dicom", Dicom(48, 64, RGB.tobytes()).encoded()),
    ("dicom", Dicom(48, 64, [saved("JPEG")], "YBR_FULL_422", syntax=JPEG).encoded()),
    ("dicom", Dicom(48, 64, [saved("JPEG2000", no_jp2=True)], syntax=JPEG_2000).encoded()),
    *(("UnknownKindError", head + bytes(200)) for head in (b"GIF89a", b"FLV\1", b"CR\2")),
    *(("InputError", head + bytes(200)) for head in (b"8BPS", b"\xff\x0a")),
    ("InputError", saved("JPEG")[:400]),
    ("InputError", saved("PNG")[:400]),
    ("InputError", make_tiff(Picture(DEEP))[:-4000]),
    ("InputError", png(RGB, coded(9, 16, 0, 1))),
)


def test_every_kind_of_photo_is_decoded_behind_the_seal(tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(len(PHOTOS))]
    for path, (_, data) in zip(paths, PHOTOS, strict=True):
        path.write_bytes(data)
    command = [sys.executable, "-m", "tests.cli.sealed_reader", *map(str, paths)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # as the program sets it
    )
    found = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert found == [kind for kind, _ in PHOTOS], done.stdout
    assert done.stderr == ""
    assert done.returncode == 0
