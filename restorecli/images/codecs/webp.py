"""WebP: what came without loss goes without loss."""

from typing import Any, BinaryIO

from PIL.WebPImagePlugin import WebPImageFile

from ..codec import Codec, Header, cut_off, size_of
from ..image import Image
from ..pillow import header_of, metadata_of, opened, origin_of, part_of_pillow, save

MAX_SIDE = 16383
_QUALITY = 92
_EFFORT = 50


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _read(stream: BinaryIO) -> Header:
    kinds = _kinds(stream)
    picture = opened(WebPImageFile, stream)
    origin = origin_of("WEBP", picture, lossless=b"VP8L" in kinds)  # others hold "VP8 "
    return header_of(picture, origin, metadata_of(picture.info))


def _kinds(stream: BinaryIO) -> list[bytes]:
    """The kinds of the chunks; refused where the file is shorter than it says."""
    size, position, kinds = size_of(stream), 12, []
    stream.seek(4)
    if int.from_bytes(stream.read(4), "little") + 8 > size:
        raise cut_off("the end of the image is missing")
    while position + 8 <= size:
        stream.seek(position)
        head = stream.read(8)
        kinds.append(head[:4])
        length = int.from_bytes(head[4:], "little")
        position += 8 + length + length % 2
    return kinds


def _encode(stream: BinaryIO, image: Image, _: int | None) -> None:
    exactly: dict[str, Any] = {"lossless": True, "exact": True, "quality": _EFFORT}
    save(stream, image, "WEBP", **(exactly if image.origin.lossless else {"quality": _QUALITY}))


WEBP = Codec(
    "WEBP",
    suffixes=(".webp",),
    knows=_is_webp,
    read=_read,
    encode=_encode,
    alpha=True,
    holds=("icc", "exif", "xmp"),
    max_side=MAX_SIDE,
    title="WebP",
    library=part_of_pillow("webp"),
)
