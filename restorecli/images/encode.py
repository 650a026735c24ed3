"""Encoders: pixels that already fit the format, to a stream."""

import io
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np
from PIL import Image as Pillow

from ..errors import OutputError
from .image import Image
from .iptc import jpeg_segment
from .png_write import write_png
from .tiff_write import write_tiff

_JPEG_QUALITY = 92  # at least: below, blocks would come back that the network took away
_WEBP_QUALITY = 92
_WEBP_EFFORT = 50
_AVIF_QUALITY = 90
_HEIF_QUALITY = 90
_MAX_JPEG_SIDE = 65500
_MAX_WEBP_SIDE = 16383

Encoder = Callable[[BinaryIO, Image, int | None], None]


def encode(stream: BinaryIO, image: Image, format: str, jpeg_quality: int | None) -> None:
    """Writes the image, which must already be of a depth and with an alpha that the format holds."""
    _ENCODERS[format](stream, image, jpeg_quality)


def _png(stream: BinaryIO, image: Image, _: int | None) -> None:
    write_png(stream, image.pixels, image.alpha, image.metadata)


def _tiff(stream: BinaryIO, image: Image, _: int | None) -> None:
    write_tiff(stream, image.pixels, image.alpha, image.metadata)


def _jpeg(stream: BinaryIO, image: Image, quality: int | None) -> None:
    origin = image.origin
    options: dict[str, Any] = {"quality": quality or max(_JPEG_QUALITY, origin.quality or 0)}
    if image.channels == 3:
        # The chroma of a photo that had all of it, or was never a JPEG, is not thinned out.
        same = origin.subsampling in ("4:2:2", "4:2:0")
        options["subsampling"] = origin.subsampling if same else "4:4:4"
    if image.metadata.iptc:
        options["extra"] = jpeg_segment(image.metadata.iptc)
    if image.metadata.comment:
        options["comment"] = image.metadata.comment
    if max(image.height, image.width) > _MAX_JPEG_SIDE:
        raise _too_large(image, "JPEG", _MAX_JPEG_SIDE)
    _save(stream, image, "JPEG", options)


def _webp(stream: BinaryIO, image: Image, _: int | None) -> None:
    if max(image.height, image.width) > _MAX_WEBP_SIDE:
        raise _too_large(image, "WebP", _MAX_WEBP_SIDE)
    if image.origin.lossless:  # what came without loss goes without loss; here the quality is only effort
        _save(stream, image, "WEBP", {"lossless": True, "exact": True, "quality": _WEBP_EFFORT})
    else:
        _save(stream, image, "WEBP", {"quality": _WEBP_QUALITY})


def _avif(stream: BinaryIO, image: Image, _: int | None) -> None:
    subsampling = "4:0:0" if image.channels == 1 else "4:4:4"
    _save(stream, image, "AVIF", {"quality": _AVIF_QUALITY, "subsampling": subsampling})


def _bmp(stream: BinaryIO, image: Image, _: int | None) -> None:
    _save(stream, image, "BMP", {})


def _heif(stream: BinaryIO, image: Image, _: int | None) -> None:
    import pillow_heif

    encoded = pillow_heif.from_pillow(_pillow(image))
    options = _metadata_options(image)
    encoded.info.update(
        icc_profile=options.get("icc_profile"), exif=options.get("exif"), xmp=options.get("xmp")
    )
    encoded.save(stream, quality=_HEIF_QUALITY, chroma=444)


_ENCODERS: Mapping[str, Encoder] = {
    "PNG": _png,
    "TIFF": _tiff,
    "JPEG": _jpeg,
    "WEBP": _webp,
    "AVIF": _avif,
    "BMP": _bmp,
    "HEIF": _heif,
}


def _save(stream: BinaryIO, image: Image, format: str, options: dict[str, Any]) -> None:
    # Into memory first: Pillow writes in small pieces, and some of its encoders seek.
    encoded = io.BytesIO()
    _pillow(image).save(encoded, format, **options, **_metadata_options(image))
    stream.write(encoded.getbuffer())


def _pillow(image: Image) -> Pillow.Image:
    array = image.pixels if image.alpha is None else np.dstack([image.pixels, image.alpha])
    return Pillow.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def _metadata_options(image: Image) -> dict[str, Any]:
    metadata = image.metadata
    options: dict[str, Any] = {"icc_profile": metadata.icc, "xmp": metadata.xmp, "dpi": metadata.dpi}
    if metadata.exif:
        options["exif"] = b"Exif\0\0" + metadata.exif
    return {name: value for name, value in options.items() if value}


def _too_large(image: Image, format: str, side: int) -> OutputError:
    return OutputError(
        f"{image.width} x {image.height} pixels do not fit into {format} (at most {side} a side)",
        hint="write PNG or TIFF",
    )
