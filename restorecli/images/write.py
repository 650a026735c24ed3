"""write: an Image to a file or stream, with a receipt of what was kept and what the format cannot hold."""

import io
import os
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import BinaryIO

import numpy as np

from ..atomic import atomic_file
from ..errors import OutputError, UsageError
from ..wording import reason
from . import exif
from .codec import Codec
from .codecs import CODECS, PNG, codec_named
from .image import Image, Origin, Target, describe
from .pillow import quiet_pillow
from .pixels import flattened, to_8_bit, to_16_bit

_FIELDS = ("icc", "exif", "xmp", "iptc", "comment", "dpi", "png_chunks")
_NAMES = {"png_chunks": "PNG texts"}
_MOST_DPI = 1_000_000  # more is damage, and too much for the numbers that formats have for it
_PROFILE_SPACES = {b"GRAY": 1, b"RGB ": 3}  # other names, and profiles cut short, are not judged


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How to write. `format` wins over the suffix of the target."""

    format: str | None = None
    jpeg_quality: int | None = None  # None: the input's, and at least 92
    strip: bool = False  # leave out EXIF, XMP and texts; the colour profile stays
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was written."""

    path: str
    format: str
    bits: int
    kept: tuple[str, ...]  # "icc", "exif", "xmp", "dpi", "PNG texts", "alpha"
    lost: tuple[str, ...]  # "16 bit: JPEG holds 8", "xmp: BMP has no place for it"


def write(image: Image | np.ndarray, target: Target, options: WriteOptions = WriteOptions()) -> Receipt:
    """Writes an image, or an array, whole or not at all; an existing file is replaced only when asked.

    Without a format and a suffix, into a stream, it is the input's own format, or PNG.
    """
    if options.jpeg_quality is not None and not 1 <= options.jpeg_quality <= 100:
        raise UsageError(f"there is no JPEG quality {options.jpeg_quality}", hint="use 1 to 100")
    image = image if isinstance(image, Image) else Image.from_array(image)
    name = describe(target)
    codec = _codec_for(image, target, options)
    with quiet_pillow:
        fit = _fitted(image, codec, strip=options.strip)
    if isinstance(target, (str, os.PathLike)):
        with atomic_file(target, overwrite=options.overwrite) as stream:
            _encode(stream, fit.image, codec, options, name)
        path = os.fspath(target)
    else:
        held = io.BytesIO()  # nothing goes out before everything has been encoded
        _encode(held, fit.image, codec, options, name)
        try:
            target.write(held.getbuffer())
            target.flush()
        except OSError as error:
            raise OutputError(f"{name}: cannot be written: {reason(error)}") from error
        path = name
    return Receipt(path, codec.name, fit.image.bits, fit.kept, fit.lost)


def lost_in_place(origin: Origin, format: str) -> str | None:
    """What would be gone if the file were replaced by its result; None where it is only restored."""
    codec = codec_named(format)
    if origin.format != codec.name:
        return f"a {origin.format} by its content, and would become a {codec.name}"
    if origin.damage:
        return f"the file is damaged ({origin.damage}), and what is left in it may yet be saved otherwise"
    if origin.frames > 1 and codec.pages:
        return f"a file of {origin.frames} pictures, and only the first would be left"
    if origin.left_out:
        return f"it holds more than would come back: {', '.join(origin.left_out)}"
    most = 16 if codec.deep else 8
    if origin.bits > most:
        return f"an image of {origin.bits} bits, and {codec.name} is written with {most}"
    return None


def _codec_for(image: Image, target: Target, options: WriteOptions) -> Codec:
    if options.format:
        return codec_named(options.format)
    if isinstance(target, (str, os.PathLike)):
        return codec_named(PurePath(target).suffix)
    own = CODECS.get(image.origin.format)
    return own if own is not None and own.encode is not None else PNG


@dataclass(frozen=True, slots=True)
class _Fitted:
    """An image as a format holds it, what stays, and what goes and why."""

    image: Image
    kept: tuple[str, ...]
    lost: tuple[str, ...]


def _fitted(image: Image, codec: Codec, *, strip: bool) -> _Fitted:
    """The image in a depth, with an alpha channel and metadata that the format holds."""
    lost: list[str] = []
    if image.alpha is not None and not codec.alpha:
        image = image.with_pixels(flattened(image.pixels, image.alpha), None)
        lost.append(f"alpha: {codec.name} has none, put on white")
    if image.bits == 16 and not codec.deep:
        lost.append(f"16 bit: {codec.name} holds 8")
    to_depth = to_16_bit if codec.deep and image.bits != 8 else to_8_bit
    alpha = None if image.alpha is None else to_depth(image.alpha)
    image = image.with_pixels(to_depth(image.pixels), alpha)

    kept = []
    for field in _FIELDS:
        if not getattr(image.metadata, field):
            continue
        name, why = _NAMES.get(field, field), _why_not(image, field, codec, strip)
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
    return _Fitted(image, tuple(kept), tuple(lost))


def _exif_says_so_too(image: Image) -> bool:
    """Whether the resolution is the one that stands in the EXIF block as well: it stays there."""
    dpi, block = image.metadata.dpi, image.metadata.exif
    told = exif.resolution(block) if block else None
    return dpi is not None and told is not None and np.allclose(dpi, told, rtol=0.01)


def _why_not(image: Image, field: str, codec: Codec, strip: bool) -> str | None:
    """Why this piece of metadata does not go into the file; None where it does."""
    value = getattr(image.metadata, field)
    if strip and not getattr(image.metadata.stripped(), field):
        return "stripped"
    if field not in codec.holds:
        return f"{codec.name} has no place for it"
    if field == "icc" and _PROFILE_SPACES.get(value[16:20], image.channels) != image.channels:
        return "made for other channels"  # a gray mosaic became colours
    if field == "dpi" and max(value) > _MOST_DPI:
        return "no resolution"
    if field in codec.most_bytes and len(value) > codec.most_bytes[field]:
        return f"larger than {codec.name} allows"
    if field == "exif" and codec.rebuilds_exif and not exif.is_sound(value):
        return "damaged"
    return None


def _encode(stream: BinaryIO, image: Image, codec: Codec, options: WriteOptions, name: str) -> None:
    try:
        with quiet_pillow:
            encode(stream, image, codec, options.jpeg_quality)
    except OutputError as error:
        raise OutputError(f"{name}: {error.message}", hint=error.hint) from error.__cause__


def encode(stream: BinaryIO, image: Image, codec: Codec, jpeg_quality: int | None) -> None:
    """Writes the image, which must already be of a depth and with an alpha that the format holds."""
    assert codec.encode is not None
    if codec.max_side is not None and max(image.height, image.width) > codec.max_side:
        size = f"{image.width} x {image.height}"
        raise OutputError(
            f"{size} pixels do not fit into {codec.words} (at most {codec.max_side} a side)",
            hint="write PNG or TIFF",
        )
    codec.encode(stream, image, jpeg_quality)
