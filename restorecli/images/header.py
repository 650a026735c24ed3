"""What stands in a file before its pixels: kind, size, depth, metadata; and how to decode the rest."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TgaImagePlugin,
    WebPImagePlugin,
)
from PIL import Image as Pillow

from ..errors import InputError
from . import exif, iptc, jpeg
from .decode import Decoded, decode, is_gray
from .deep import decode_avif_16, decode_heif_16, decode_ppm_16, ppm_top
from .image import Origin
from .integrity import webp_kinds
from .metadata import Metadata
from .png_read import decode_png_16, png_metadata, png_mode

# Opened by class: Image.open would warn about 90 megapixels and refuse 180, and our limit is the user's.
_OPENERS: dict[str, Callable[[BinaryIO], Pillow.Image]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
    "TGA": TgaImagePlugin.TgaImageFile,
}
_LOSSY = ("AVIF", "HEIF")

# Bits of the AV1 configuration record.
_MORE_THAN_8_BITS, _TWELVE_BITS, _MONOCHROME = 0x40, 0x20, 0x10

_MPF_COUNT = 0xB001  # of the pictures in a multi-picture JPEG


@dataclass(frozen=True, slots=True)
class Header:
    """An image whose pixels have not been decoded yet."""

    width: int
    height: int
    origin: Origin
    metadata: Metadata  # already for upright pixels
    orientation: int  # what the decoded pixels still have to be turned by
    decode: Callable[[], Decoded]


def upright(metadata: Metadata, orientation: int) -> Metadata:
    """The metadata of the pixels after they were turned upright."""
    if metadata.exif:
        metadata = replace(metadata, exif=exif.upright(metadata.exif))
    if metadata.xmp:
        metadata = replace(metadata, xmp=exif.upright_xmp(metadata.xmp))
    if orientation >= 5 and metadata.dpi:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    return metadata


def pillow_header(stream: BinaryIO, format: str) -> Header:
    """The header of any format but TIFF. Raises whatever Pillow raises on broken ones."""
    opener = _heif_opener() if format == "HEIF" else _OPENERS[format]
    stream.seek(0)
    picture = opener(stream)
    width, height = picture.size
    origin = _origin(picture, stream, format)
    metadata = _metadata(picture.info, stream, format)
    orientation = exif.orientation(metadata.exif) if metadata.exif else 1
    pixels = partial(_decode, picture, stream, origin, metadata.icc)
    return Header(width, height, origin, upright(metadata, orientation), orientation, pixels)


def _heif_opener() -> Callable[[BinaryIO], Pillow.Image]:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise InputError("HEIC needs an extra package", hint="pip install 'restorecli[heic]'") from error
    return HeifImageFile


def _decode(picture: Pillow.Image, stream: BinaryIO, origin: Origin, icc: bytes | None) -> Decoded:
    if origin.bits > 8:
        decoded = _decode_deep(picture, stream, origin, icc)
        if decoded:
            return decoded
    decoded = decode(picture, icc)
    if origin.format != "AVIF":
        return decoded
    if origin.bits > 8 and origin.frames == 1:
        decoded = decode_avif_16(stream, decoded, origin.bits)
    if _avif_flags(stream) & _MONOCHROME and is_gray(decoded.pixels):  # handed out as RGB all the same
        decoded = replace(decoded, pixels=np.ascontiguousarray(decoded.pixels[:, :, :1]))
    return decoded


def _decode_deep(
    picture: Pillow.Image, stream: BinaryIO, origin: Origin, icc: bytes | None
) -> Decoded | None:
    """All bits of the file; None where Pillow hands out as many as can be had."""
    if origin.format == "PNG":
        return decode_png_16(stream, picture.info.get("transparency"), icc)
    if origin.format == "PPM" and origin.mode == "RGB;16":
        return decode_ppm_16(stream)
    if origin.format == "HEIF":
        return decode_heif_16(stream, icc)
    return None


def _origin(picture: Pillow.Image, stream: BinaryIO, format: str) -> Origin:
    bits = _bits(picture, stream, format)
    mode = png_mode(stream) if format == "PNG" and bits == 16 else picture.mode
    mode += ";16" * (bits == 16 and mode in ("L", "LA", "RGB", "RGBA"))
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        return Origin(
            format,
            mode,
            bits,
            quality=jpeg.quality(picture.quantization),
            subsampling=jpeg.subsampling(picture),
            frames=exif.integer(picture.info.get("mp", b""), _MPF_COUNT) or 1,
            lossless=False,
            left_out=("a video behind the picture",) if jpeg.has_video(_all_of(stream)) else (),
        )
    lossless = b"VP8L" in webp_kinds(stream) if format == "WEBP" else format not in _LOSSY
    return Origin(format, mode, bits, frames=getattr(picture, "n_frames", 1), lossless=lossless)


def _all_of(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


def _bits(picture: Pillow.Image, stream: BinaryIO, format: str) -> int:
    if format == "PNG":
        stream.seek(24)
        return stream.read(1)[0]
    if format == "HEIF":
        return int(picture.info.get("bit_depth", 8))
    if format == "AVIF":
        flags = _avif_flags(stream)
        return 8 if not flags & _MORE_THAN_8_BITS else 12 if flags & _TWELVE_BITS else 10
    if format == "PPM" and (ppm_top(stream) or 0) > 255:
        return 16
    return {"1": 1, "I": 16}.get(picture.mode, 8)


def _avif_flags(stream: BinaryIO) -> int:
    """From the AV1 configuration record of the first image."""
    stream.seek(0)
    head = stream.read(1 << 16)
    at = head.find(b"av1C")
    return head[at + 6] if 0 <= at < len(head) - 6 else 0


def _metadata(info: dict[Any, Any], stream: BinaryIO, format: str) -> Metadata:
    block, xmp, chunks = info.get("exif"), _bytes(info.get("xmp")), ()
    if format == "PNG":  # Pillow knows what stands behind the pixels only after it decoded them
        block, xmp, chunks = png_metadata(stream)
    block = block.removeprefix(b"Exif\0\0") if block else None
    is_jpeg = format == "JPEG"
    return Metadata(
        icc=info.get("icc_profile") or None,
        exif=block,
        xmp=xmp,
        iptc=info.get("photoshop", {}).get(iptc.IPTC) or None if is_jpeg else None,
        comment=_bytes(info.get("comment")) if is_jpeg else None,
        dpi=_dpi(info, format) or (exif.resolution(block) if block else None),
        png_chunks=chunks,
    )


def _bytes(value: Any) -> bytes | None:
    return (value.encode() if isinstance(value, str) else bytes(value)) if value else None


def _dpi(info: dict[Any, Any], format: str) -> tuple[float, float] | None:
    if format == "JPEG" and info.get("jfif_unit") not in (1, 2):
        return None  # Pillow makes up 72 dpi
    across, down = (float(value) for value in info.get("dpi", (0, 0)))
    # PNG and BMP count dots per metre: 300 dpi come back as 299.9994
    return (round(across, 2), round(down, 2)) if across > 0 and down > 0 else None
