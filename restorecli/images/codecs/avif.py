"""AVIF, of which Pillow hands out 8 bits and RGB, whatever the file holds."""

from dataclasses import replace
from functools import partial
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL.AvifImagePlugin import AvifImageFile

from ..codec import Codec, Decoded, Header, cannot_hold
from ..image import Image
from ..pillow import decode, header_of, metadata_of, opened, origin_of, part_of_pillow, save, split, spread
from ..pixels import is_gray
from .boxes import AVIF_BRANDS, brands, check_boxes

_QUALITY = 90
_MORE_THAN_8_BITS, _TWELVE_BITS, _MONOCHROME = 0x40, 0x20, 0x10  # of the AV1 configuration record
_SAME = 1.5  # of 255, on average: roundings differ, other pictures or colours much more


def _is_avif(head: bytes) -> bool:
    return any(brand in AVIF_BRANDS for brand in brands(head))


def _read(stream: BinaryIO) -> Header:
    check_boxes(stream)
    picture = opened(AvifImageFile, stream)
    flags = _flags(stream)
    bits = 8 if not flags & _MORE_THAN_8_BITS else 12 if flags & _TWELVE_BITS else 10
    origin = origin_of("AVIF", picture, bits=bits, lossless=False)
    metadata = metadata_of(picture.info)
    deep = bits if origin.frames == 1 else 8
    decoder = partial(_decode, picture, stream, metadata.icc, deep, gray=bool(flags & _MONOCHROME))
    return header_of(picture, origin, metadata, decoder)


def _flags(stream: BinaryIO) -> int:
    """From the AV1 configuration record of the first image."""
    stream.seek(0)
    head = stream.read(1 << 16)
    at = head.find(b"av1C")
    return head[at + 6] if 0 <= at < len(head) - 6 else 0


def _decode(picture: Pillow.Image, stream: BinaryIO, icc: bytes | None, bits: int, *, gray: bool) -> Decoded:
    decoded = decode(picture, icc)
    if bits > 8:
        decoded = _deeper(stream, decoded, bits)
    if gray and is_gray(decoded.pixels):
        decoded = replace(decoded, pixels=np.ascontiguousarray(decoded.pixels[:, :, :1]))
    return decoded


def _deeper(stream: BinaryIO, shallow: Decoded, bits: int) -> Decoded:
    """By OpenCV, where it has AVIF and sees the same picture as Pillow does with 8 bits; else that one."""
    stream.seek(0)
    array = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.dtype != np.uint16 or array.ndim != 3:
        return shallow
    deep = split(spread(array[:, :, [2, 1, 0, 3][: array.shape[2]]], (1 << bits) - 1), shallow.icc)
    if deep.pixels.shape != shallow.pixels.shape or (deep.alpha is None) != (shallow.alpha is None):
        return shallow
    difference = np.abs(deep.pixels // 257 - shallow.pixels.astype(np.int32)).mean()
    return deep if difference < _SAME else shallow


def _encode(stream: BinaryIO, image: Image, _: int | None) -> None:
    subsampling = "4:0:0" if image.channels == 1 else "4:4:4"
    try:
        save(stream, image, "AVIF", quality=_QUALITY, subsampling=subsampling)
    except RuntimeError as error:
        raise cannot_hold(image, "AVIF", error) from error


AVIF = Codec(
    "AVIF",
    suffixes=(".avif",),
    knows=_is_avif,
    read=_read,
    encode=_encode,
    alpha=True,
    holds=("icc", "exif", "xmp"),
    rebuilds_exif=True,
    library=part_of_pillow("avif"),
)
