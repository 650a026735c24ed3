"""write: an Image to a file or stream, with a receipt of what was kept and what the format cannot hold."""

import io
import os
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

import numpy as np

from ..atomic import atomic_file
from ..errors import OutputError, UsageError
from ..wording import reason
from .encode import encode
from .fit import fitted
from .formats import WRITABLE, format_named
from .image import Image
from .names import Target, describe
from .quiet import quiet_pillow

_SHORT_OF_WORDS = ("AVIF", "HEIF")  # whose encoders say by RuntimeError that a picture is too large for them


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
    format = _format_for(image, target, options)
    fit = fitted(image, format, strip=options.strip)
    if isinstance(target, (str, os.PathLike)):
        with atomic_file(target, overwrite=options.overwrite) as stream:
            _encode(stream, fit.image, format, options, name)
        path = os.fspath(target)
    else:
        held = io.BytesIO()  # nothing goes out before everything has been encoded
        _encode(held, fit.image, format, options, name)
        try:
            target.write(held.getbuffer())
            target.flush()
        except OSError as error:
            raise OutputError(f"{name}: cannot be written: {reason(error)}") from error
        path = name
    return Receipt(path, format, fit.image.bits, fit.kept, fit.lost)


def _format_for(image: Image, target: Target, options: WriteOptions) -> str:
    if options.format:
        return format_named(options.format)
    if isinstance(target, (str, os.PathLike)):
        return format_named(PurePath(target).suffix)
    return image.origin.format if image.origin.format in WRITABLE.values() else "PNG"


def _encode(stream: BinaryIO, image: Image, format: str, options: WriteOptions, name: str) -> None:
    try:
        with quiet_pillow:
            encode(stream, image, format, options.jpeg_quality)
    except OutputError as error:
        raise OutputError(f"{name}: {error.message}", hint=error.hint) from error.__cause__
    except ImportError as error:
        raise OutputError(
            f"{name}: HEIC needs an extra package", hint="pip install 'restorecli[heic]'"
        ) from error
    except RuntimeError as error:
        if format not in _SHORT_OF_WORDS:
            raise
        raise OutputError(
            f"{name}: {format} cannot hold these {image.width} x {image.height} pixels: {error}",
            hint="write PNG or TIFF",
        ) from error
