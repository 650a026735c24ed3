"""HEIF, which phones call HEIC: by pillow-heif, an extra of this package."""

from functools import partial
from typing import BinaryIO

import numpy as np

from ...errors import InputError, OutputError
from ..codec import Codec, Decoded, Header, Library, cannot_hold
from ..image import Image
from ..pillow import as_picture, header_of, metadata_of, metadata_options, opened, origin_of, split
from .boxes import AVIF_BRANDS, HEIF_BRANDS, brands, check_boxes

_QUALITY = 90
_NEEDED, _REMEDY = "HEIC needs an extra package", "pip install 'restorecli[heic]'"


def _version() -> str | None:
    from importlib import metadata, util

    there = util.find_spec("pillow_heif") is not None
    return f"pillow-heif {metadata.version('pillow-heif')}" if there else None


def _is_heif(head: bytes) -> bool:
    found = brands(head)
    return any(brand in HEIF_BRANDS for brand in found) and not any(brand in AVIF_BRANDS for brand in found)


def _read(stream: BinaryIO) -> Header:
    check_boxes(stream)
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise InputError(_NEEDED, hint=_REMEDY) from error
    picture = opened(HeifImageFile, stream)
    origin = origin_of("HEIF", picture, bits=int(picture.info.get("bit_depth", 8)), lossless=False)
    found = metadata_of(picture.info)
    deep = partial(_decode_deep, stream, found.icc) if origin.bits > 8 else None
    return header_of(picture, origin, found, deep)


def _decode_deep(stream: BinaryIO, icc: bytes | None) -> Decoded:
    import pillow_heif

    stream.seek(0)
    file = pillow_heif.open_heif(stream, convert_hdr_to_8bit=False, hdr_to_16bit=True)
    return split(np.asarray(file).astype(np.uint16), icc)


def _encode(stream: BinaryIO, image: Image, _: int | None) -> None:
    try:
        import pillow_heif

        encoded = pillow_heif.from_pillow(as_picture(image))
        options = metadata_options(image)
        encoded.info.update({key: options.get(key) for key in ("icc_profile", "exif", "xmp")})
        encoded.save(stream, quality=_QUALITY, chroma=444)
    except ImportError as error:
        raise OutputError(_NEEDED, hint=_REMEDY) from error
    except RuntimeError as error:
        raise cannot_hold(image, "HEIF", error) from error


HEIF = Codec(
    "HEIF",
    suffixes=(".heic", ".heif"),
    knows=_is_heif,
    read=_read,
    encode=_encode,
    alpha=True,
    holds=("icc", "exif", "xmp"),
    rebuilds_exif=True,
    title="HEIC",
    library=Library(_version, "an extra that is not installed", _REMEDY),
)
