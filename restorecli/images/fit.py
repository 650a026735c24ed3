"""What becomes of an image when a format cannot hold all of it."""

from dataclasses import dataclass, replace

import numpy as np

from . import exif
from .alpha import flattened
from .formats import ALPHA_FORMATS, DEEP_FORMATS
from .image import Image, Origin

# Which metadata each format holds, of those that are written.
_HOLDS: dict[str, tuple[str, ...]] = {
    "PNG": ("icc", "exif", "xmp", "dpi", "png_chunks"),
    "TIFF": ("icc", "exif", "xmp", "iptc", "dpi"),
    "JPEG": ("icc", "exif", "xmp", "iptc", "comment", "dpi"),
    "WEBP": ("icc", "exif", "xmp"),
    "AVIF": ("icc", "exif", "xmp"),
    "HEIF": ("icc", "exif", "xmp"),
    "BMP": ("dpi",),
}
_FIELDS = ("icc", "exif", "xmp", "iptc", "comment", "dpi", "png_chunks")
_NAMES = {"png_chunks": "PNG texts"}
_TAKES_EXIF_APART = ("TIFF", "AVIF", "HEIF")
_MAX_JPEG_SEGMENT = 65533  # bytes, with its name
_MAX_JPEG = {
    "exif": _MAX_JPEG_SEGMENT - 6,
    "xmp": _MAX_JPEG_SEGMENT - 29,
    "iptc": _MAX_JPEG_SEGMENT - 27,
    "comment": _MAX_JPEG_SEGMENT,
}
_PROFILE_SPACES = {b"GRAY": 1, b"RGB ": 3}  # other names, and profiles cut short, are not judged


@dataclass(frozen=True, slots=True)
class Fitted:
    """An image as a format holds it, what stays, and what goes and why."""

    image: Image
    kept: tuple[str, ...]
    lost: tuple[str, ...]


def fitted(image: Image, format: str, *, strip: bool) -> Fitted:
    """The image in a depth, with an alpha channel and metadata that the format holds."""
    lost: list[str] = []
    if image.alpha is not None and format not in ALPHA_FORMATS:
        image = image.with_pixels(flattened(image.pixels, image.alpha), None)
        lost.append(f"alpha: {format} has none, put on white")
    if image.bits == 16 and format not in DEEP_FORMATS:
        lost.append(f"16 bit: {format} holds 8")
    to_depth = _to_16_bit if format in DEEP_FORMATS and image.bits != 8 else to_8_bit
    alpha = None if image.alpha is None else to_depth(image.alpha)
    image = image.with_pixels(to_depth(image.pixels), alpha)

    kept = []
    for field in _FIELDS:
        if not getattr(image.metadata, field):
            continue
        name, why = _NAMES.get(field, field), _why_not(image, field, format, strip)
        if why:
            if field != "dpi" or not _exif_says_so_too(image):
                lost.append(f"{name}: {why}")
            without = replace(image.metadata, **{field: () if field == "png_chunks" else None})
            image = replace(image, metadata=without)
        else:
            kept.append(name)
    if image.alpha is not None:
        kept.append("alpha")
    if image.metadata.exif:
        block = exif.resized(image.metadata.exif, image.width, image.height)
        image = replace(image, metadata=replace(image.metadata, exif=block))
    return Fitted(image, tuple(kept), tuple(lost))


def _exif_says_so_too(image: Image) -> bool:
    """Whether the resolution is the one that stands in the EXIF block as well: it stays there."""
    dpi, block = image.metadata.dpi, image.metadata.exif
    told = exif.resolution(block) if block else None
    return dpi is not None and told is not None and np.allclose(dpi, told, rtol=0.01)


def lost_in_place(origin: Origin, format: str) -> str | None:
    """What would be gone if the file were replaced by its result; None where it is only restored.

    Phones put a depth or a gain map behind the picture of a JPEG: such files are photos all the same.
    """
    if origin.format != format:
        return f"a {origin.format} by its content, and would become a {format}"
    if origin.frames > 1 and format != "JPEG":
        return f"a file of {origin.frames} pictures, and only the first would be left"
    if origin.left_out:
        return f"it holds more than would come back: {', '.join(origin.left_out)}"
    most = 16 if format in DEEP_FORMATS else 8
    if origin.bits > most:
        return f"an image of {origin.bits} bits, and {format} is written with {most}"
    return None


def _why_not(image: Image, field: str, format: str, strip: bool) -> str | None:
    """Why this piece of metadata does not go into the file; None where it does."""
    value = getattr(image.metadata, field)
    if strip and not getattr(image.metadata.stripped(), field):
        return "stripped"
    if field not in _HOLDS[format]:
        return f"{format} has no place for it"
    if field == "icc" and _PROFILE_SPACES.get(value[16:20], image.channels) != image.channels:
        return "made for other channels"  # a gray mosaic became colours
    if format == "JPEG" and field in _MAX_JPEG and len(value) > _MAX_JPEG[field]:
        return "larger than JPEG allows"
    if field == "exif" and format in _TAKES_EXIF_APART and not exif.is_sound(value):
        return "damaged"
    return None


def to_8_bit(array: np.ndarray) -> np.ndarray:
    """Pixels of any depth as 8 bits show them best."""
    if array.dtype == np.uint16:  # 257 * x is what 8 bits mean in 16: to the nearest
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return array if array.dtype == np.uint8 else np.rint(np.clip(array, 0, 1) * 255).astype(np.uint8)


def _to_16_bit(array: np.ndarray) -> np.ndarray:
    return array if array.dtype == np.uint16 else np.rint(np.clip(array, 0, 1) * 65535).astype(np.uint16)
