"""Photos are decoded: from bytes to upright RGB pixels and their colour profile."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
import pi_heif  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from appliance.errors import InputError
from appliance.pipeline.media.kind import is_heic
from appliance.pipeline.media.orientation import UPRIGHT, Orientation, from_exif
from appliance.pipeline.media.photo import icc as profiles
from appliance.pipeline.media.photo.canvas import PhotoCanvas, Pixels, as_8_bit
from appliance.pipeline.media.photo.libtiff import silence_libtiff
from appliance.pipeline.media.preload import load_media_libraries
from appliance.pipeline.media.unread_kind import unknown_kind

load_media_libraries()

PhotoKind: TypeAlias = Literal["jpeg", "png", "webp", "tiff", "bmp", "heic"]
"""What can be read."""

# Larger photos are refused before they are decoded. 128 megapixels are 768 MB at 16 bits, as many
# as cameras for clinics and studios have (medium format: 102-151); a crafted file of a few kB can
# claim far more.
MAX_PIXELS = 128_000_000

MAX_PIXEL_BYTES = 6 * MAX_PIXELS
"""Of a photo's pixels, decoded: three channels of 16 bits, or eight of 8."""

MAX_PHOTO_BYTES = 1 << 30
"""Of a file; ``MAX_PIXELS`` of 16 bits, uncompressed, are 768 MB."""

# By class, so that the readers are loaded with this module, before the seal.
_KINDS: dict[str, PhotoKind] = {
    JpegImagePlugin.JpegImageFile.format: "jpeg",
    PngImagePlugin.PngImageFile.format: "png",
    WebPImagePlugin.WebPImageFile.format: "webp",
    TiffImagePlugin.TiffImageFile.format: "tiff",
    BmpImagePlugin.BmpImageFile.format: "bmp",
}
_FORMATS = tuple(_KINDS)
_PNG = PngImagePlugin.PngImageFile.format
_RGB_AND_ALPHA = 4  # bytes of a pixel: HEIC photos are decoded to 8 bits a channel
# A JPEG followed by further pictures, as some telephones write it; the first is the photo.
_MANY_VIEWS = MpoImagePlugin.MpoImageFile.format
# Tags of TIFF 6.0, of which EXIF uses the first.
_ORIENTATION, _BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 274, 258, 262, 339
_BLACK_IS_ZERO, _RGB = 1, 2
_UNSIGNED = 1

silence_libtiff()


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded photo.

    ``pixels``: (h, w, 3), upright R, G, B, uint8 or uint16 in full range, writable in place through
    ``canvas``. ``alpha``: (h, w) of the same type, not premultiplied; ``None`` if opaque. ``icc``:
    the RGB profile of the pixels; ``None`` is sRGB. ``kind``: what the file was. ``subsampling``: a
    JPEG's chroma subsampling in Pillow's numbering (0 is 4:4:4), so that an edit loses no more
    chroma than the file did. All other metadata is dropped: EXIF holds places, names and serial
    numbers.
    """

    pixels: Pixels
    alpha: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    icc: bytes | None = None
    kind: PhotoKind = "png"
    subsampling: int = 0

    @property
    def canvas(self) -> PhotoCanvas:
        """The pixels to read and write; writing changes this photo."""
        return PhotoCanvas(self.pixels)


def read_photo(data: bytes, only: Literal["png"] | None = None) -> Photo:
    """Decode ``data``, of the kind that its content shows; a file's suffix does not matter.

    ``only``: the kind that it must have; no other decoder meets it then. Raises ``InputError`` for
    anything but one complete still picture of at most ``MAX_PIXELS`` and ``MAX_PIXEL_BYTES``.
    """
    if not data:
        raise InputError("The photo is empty.", "Copy it again from the camera; it holds 0 bytes.")
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels; MAX_PIXELS is checked later.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if only is None and is_heic(data[:12]):
                return _read_heic(data)
            return _read_pillow(data, _FORMATS if only is None else (_PNG,))
    except InputError:
        raise
    except UnidentifiedImageError:
        raise unknown_kind(video_too=False) from None
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception as error:
        # Decoders raise nearly anything for damaged data: OSError, SyntaxError, struct.error …
        hint = "It is damaged or cut short; copy it again from the camera."
        raise InputError("The photo cannot be decoded.", hint) from error


def in_colours_of(photo: Photo, target: Photo) -> Photo:
    """``photo`` at 8 bits a channel, converted to the colour space of ``target``.

    Skin that is copied from one photo to another keeps its colour that way.
    """
    moved = profiles.convert_profile(as_8_bit(photo.pixels), photo.icc, target.icc)
    alpha = None if photo.alpha is None else as_8_bit(photo.alpha)
    return replace(photo, pixels=np.array(moved), alpha=alpha, icc=target.icc)


def _read_pillow(data: bytes, formats: tuple[str, ...]) -> Photo:
    image = Image.open(io.BytesIO(data), formats=formats)
    kind = _KINDS.get(str(image.format), "jpeg")
    if image.format != _MANY_VIEWS and getattr(image, "n_frames", 1) > 1:
        _refuse_many(kind)
    deep = _is_16_bit(image, data)
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    _check_size(image.width, image.height, (4 if has_alpha else 3) * (2 if deep else 1))
    subsampling = _subsampling(image)
    icc = image.info.get("icc_profile") or None
    exif_orientation = image.getexif().get(_ORIENTATION)
    image.load()
    # Pillow turns a TIFF while loading it, and leaves the tag in what was read before.
    turned = kind == "tiff"
    orientation = from_exif(None if turned else exif_orientation)
    if deep:
        pixels, alpha = _decode_16_bit(data, formats)
    else:
        pixels, alpha, icc = _as_rgb(image, icc)
    photo = Photo(pixels, alpha, icc, kind, subsampling)
    return _finished(photo, orientation)


def _read_heic(data: bytes) -> Photo:
    heif = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    width, height = heif.size
    _check_size(width, height, _RGB_AND_ALPHA)
    if len(heif) > 1:
        raise InputError(
            "The HEIC file holds several photos.", "Save the one you mean as a file of its own."
        )
    image = heif.to_pillow()
    pixels, alpha, icc = _as_rgb(image, image.info.get("icc_profile") or None)
    # libheif has applied the rotation already.
    return _finished(Photo(pixels, alpha, icc, "heic", 1), UPRIGHT)


def _finished(photo: Photo, orientation: Orientation) -> Photo:
    """``photo`` turned upright, without an alpha that is opaque throughout."""
    alpha = photo.alpha
    if alpha is not None and (alpha == np.iinfo(alpha.dtype).max).all():
        alpha = None
    return replace(
        photo,
        pixels=_upright(photo.pixels, orientation),
        alpha=None if alpha is None else _upright(alpha, orientation),
    )


def _upright(pixels: Any, orientation: Orientation) -> Any:
    """``pixels`` if they can be taken as they are, which saves the memory of a copy, or a copy."""
    flags = pixels.flags
    if orientation == UPRIGHT and flags.c_contiguous and flags.owndata and flags.writeable:
        return pixels
    return np.array(orientation.upright(pixels), order="C")


def _as_rgb(image: Image.Image, icc: bytes | None) -> tuple[Pixels, Any, bytes | None]:
    """(h, w, 3) and (h, w), 0-255, and their profile, from an image of any 8-bit Pillow mode."""
    if image.mode in ("P", "PA") or (
        image.mode in ("RGB", "L", "1") and "transparency" in image.info
    ):
        image = image.convert(
            "RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB"
        )
    elif image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        raise InputError(
            "The photo's grey levels are of an unusual kind.", "Save it as an 8-bit photo."
        )
    alpha = np.array(image.getchannel("A")) if image.mode in ("RGBA", "LA") else None
    if image.mode in ("RGBA", "RGBX"):
        image = image.convert("RGB")
    elif image.mode in ("LA", "1"):
        image = image.convert("L")
    if image.mode == "RGB":
        return np.array(image), alpha, icc if icc and profiles.profile_space(icc) == "RGB" else None
    converted = profiles.to_srgb(image, icc) if icc else None
    if converted is None:
        converted = profiles.lab_to_srgb(image) if image.mode == "LAB" else image.convert("RGB")
    return np.array(converted), alpha, None


def _is_16_bit(image: Image.Image, data: bytes) -> bool:
    """Whether every channel has 16 bits, which Pillow would reduce to 8 or refuse."""
    if image.format == "PNG":
        return data[24] == 16  # the bit depth in IHDR, the first chunk
    if image.format == "TIFF":
        tags: Any = getattr(image, "tag_v2", {})
        bits = tags.get(_BITS_PER_SAMPLE, (1,))
        is_unsigned = set(tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))) == {_UNSIGNED}
        is_known = tags.get(_PHOTOMETRIC) in (_BLACK_IS_ZERO, _RGB)
        return set(bits) == {16} and len(bits) in (1, 3, 4) and is_known and is_unsigned
    return False


def _decode_16_bit(data: bytes, formats: tuple[str, ...]) -> tuple[Pixels, Any]:
    """(h, w, 3) and, if there is an alpha, (h, w), 0-65535."""
    # Raises for wrong checksums in a PNG; OpenCV's libpng would write about them on stderr.
    Image.open(io.BytesIO(data), formats=formats).verify()
    decoded: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16:
        raise ValueError("16-bit decoding failed")
    if decoded.ndim == 2:
        return np.repeat(decoded[..., None], 3, axis=2), None
    rgb = np.ascontiguousarray(decoded[..., 2::-1])
    return rgb, decoded[..., 3] if decoded.shape[2] == 4 else None


def _subsampling(image: Image.Image) -> int:
    """A JPEG's chroma subsampling in Pillow's numbering; 0 for all other kinds."""
    layers: Any = getattr(image, "layer", None)
    if not layers or len(layers) != 3:
        return 0
    across, down = layers[0][1] // layers[1][1], layers[0][2] // layers[1][2]
    return {(1, 1): 0, (2, 1): 1, (2, 2): 2}.get((across, down), 0)


def _check_size(width: int, height: int, pixel_bytes: int) -> None:
    pixels = width * height
    if pixels > MAX_PIXELS or pixels * pixel_bytes > MAX_PIXEL_BYTES:
        raise _too_large()


def _too_large() -> InputError:
    pixels, pixel_bytes = MAX_PIXELS // 1_000_000, MAX_PIXEL_BYTES // 1_000_000
    return InputError(
        f"The photo has more than {pixels} megapixels, or {pixel_bytes} MB of them.",
        "Scale it down first, or leave its transparency out.",
    )


def _refuse_many(kind: str) -> None:
    if kind == "tiff":
        raise InputError(
            "The TIFF holds several pages.", "Save the page you mean as a file of its own."
        )
    raise InputError("The picture is animated.", "Convert it to an MP4 and use it as a video.")
