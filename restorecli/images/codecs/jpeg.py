"""JPEG, which comes back with the quality and the chroma subsampling that it was saved with."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, BinaryIO

import simplejpeg
from PIL.JpegImagePlugin import JpegImageFile

from ...errors import InputError
from .. import exif, iptc
from ..codec import Codec, Header, begins, cut_off, damaged
from ..image import Image, Origin, Subsampling
from ..pillow import bytes_of, header_of, metadata_of, part_of_pillow, save

_LEAST_QUALITY = 92  # below, blocks would come back that the network took away
_MAX_SEGMENT = 65533  # bytes, with its name
_MPF_COUNT = 0xB001  # of the pictures in a multi-picture file

# The tables of the JPEG standard (annex K), row by row, as libjpeg scales them.
# fmt: off
_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
) + 32 * (99,)
# fmt: on

_VIDEO = re.compile(rb"\0\0\0[\x08-\x40]ftyp(?:mp4|iso|qt|avc|M4V|3gp)")  # an MP4's or MOV's first box

# What libjpeg warns of that means wrong pixels; what else it warns of does not.
_CORRUPT = re.compile(r"Corrupt JPEG data: (.+)|(Premature end of .+|Inconsistent progression .+)")
_PROGRESSIVE, _SCAN, _END = 0xC2, 0xDA, 0xD9
_FRAMES = (0xC0, 0xC1, _PROGRESSIVE, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB)
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")  # not a filling byte, a restart, or a value of 255
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0xd9")

_SAMPLING: dict[tuple[tuple[int, int], ...], Subsampling] = {
    ((1, 1), (1, 1), (1, 1)): "4:4:4",
    ((2, 1), (1, 1), (1, 1)): "4:2:2",
    ((1, 2), (1, 1), (1, 1)): "4:4:0",
    ((2, 2), (1, 1), (1, 1)): "4:2:0",
    ((4, 1), (1, 1), (1, 1)): "4:1:1",
}


def _read(stream: BinaryIO) -> Header:
    stream.seek(0)
    data = stream.read()
    has_video = _VIDEO.search(data, _end(data))  # as in the moving photos of phones
    del data
    stream.seek(0)
    picture = JpegImageFile(stream)
    info = dict(picture.info)
    if info.get("jfif_unit") not in (1, 2):
        info.pop("dpi", None)  # Pillow makes up 72 dpi
    origin = Origin(
        "JPEG",
        picture.mode,
        8,
        quality=quality(picture.quantization),
        subsampling=subsampling(picture),
        frames=exif.integer(info.get("mp", b""), _MPF_COUNT) or 1,
        lossless=False,
        left_out=("a video behind the picture",) if has_video else (),
    )
    record, comment = info.get("photoshop", {}).get(iptc.IPTC) or None, bytes_of(info.get("comment"))
    return header_of(picture, origin, replace(metadata_of(info), iptc=record, comment=comment))


def _end(data: bytes) -> int:
    """Where the end marker of the first picture stands. libjpeg itself fills what is missing with gray."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise damaged("no marker where one must stand")
        marker = data[position + 1]
        if marker == 0xFF:  # a filling byte
            position += 1
        elif marker == 0xDA:  # pixels; thumbnails with end markers of their own stand before
            end = data.find(b"\xff\xd9", position)
            if end < 0:
                break
            return end
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    raise cut_off("the end of the image is missing", readable=True)


def _damage(data: bytes) -> str | None:
    """What libjpeg says of the compressed pixels, which Pillow passes over: all are read, few are made."""
    try:
        simplejpeg.decode_jpeg(data, colorspace="gray", min_height=1, min_width=1, min_factor=0.125)
    except ValueError as error:
        found = _CORRUPT.search(str(error))
        if found is None:
            return None  # another warning, or a JPEG of a kind that it does not decode
        words = (found[1] or found[2]).lower()
        return None if _is_padding(data, words) else words
    return None if _scans_are_all_there(data) else "scans are missing"


def _scans_are_all_there(data: bytes) -> bool:
    """Whether the scans of a progressive JPEG give every bit of every coefficient.

    libjpeg makes a softer picture of fewer, without a word.
    """
    left: dict[int, list[int]] = {}  # by component: bits that are missing of each coefficient
    position = 2
    while 0 <= position < len(data) - 4:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        body = data[position + 4 : position + 2 + length]
        if marker in _FRAMES:
            if marker != _PROGRESSIVE:
                return True
            left = {body[6 + 3 * place]: [99] * 64 for place in range(body[5])}
        elif marker == _SCAN:
            first, last, low = body[-3], body[-2], body[-1] & 15
            for place in range(body[0]):
                if (bits := left.get(body[1 + 2 * place])) is not None:
                    bits[first : last + 1] = [low] * (last + 1 - first)
        elif marker == _END:
            break
        following = _MARKER.search(data, position + 2 + length)
        position = following.start() if following else -1
    return not any(any(bits) for bits in left.values())


def _is_padding(data: bytes, words: str) -> bool:
    """Zeros before the end marker, as some cameras write them, are no damage."""
    padding = _EXTRANEOUS.fullmatch(words)
    if padding is None:
        return False
    end = _end(data)
    return not data[end - int(padding[1]) : end].strip(b"\0")


def _completed(data: bytes) -> bytes:
    try:
        _end(data)
    except InputError:
        return data + b"\xff\xd9"
    return data


def quality(tables: Mapping[int, Sequence[int]]) -> int | None:
    """The libjpeg quality of these quantisation tables: exact for standard ones, else the nearest."""
    if 0 not in tables or len(tables[0]) != 64:
        return None
    luma = tuple(tables[0])
    chroma = tuple(tables[1]) if len(tables.get(1, ())) == 64 else None
    exact = [q for q in range(1, 101) if _scaled(_LUMA, q) == luma and chroma in (None, _scaled(_CHROMA, q))]
    if exact:
        return exact[-1]
    # Luma decides: it is what is seen, and other encoders differ most in chroma.
    return min(range(100, 0, -1), key=lambda q: _distance(_scaled(_LUMA, q), luma))


def subsampling(picture: JpegImageFile) -> Subsampling | None:
    """How the chroma of a colour JPEG is sampled; None for gray, CMYK and unusual ones."""
    factors = [(layer[1], layer[2]) for layer in picture.layer]
    if len(factors) != 3:
        return None
    # Some encoders write 2x2 for all three channels: only the ratio counts.
    across = math.gcd(*(h for h, _ in factors))
    down = math.gcd(*(v for _, v in factors))
    return _SAMPLING.get(tuple((h // across, v // down) for h, v in factors))


@cache
def _scaled(table: tuple[int, ...], quality: int) -> tuple[int, ...]:
    """jpeg_set_quality of libjpeg, baseline."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(max((value * scale + 50) // 100, 1), 255) for value in table)


def _distance(one: Sequence[int], other: Sequence[int]) -> float:
    return sum(abs(math.log(a / max(b, 1))) for a, b in zip(one, other, strict=True))


def _encode(stream: BinaryIO, image: Image, quality: int | None) -> None:
    origin = image.origin
    options: dict[str, Any] = {"quality": quality or max(_LEAST_QUALITY, origin.quality or 0)}
    if image.channels == 3:
        # The chroma of a photo that had all of it, or was never a JPEG, is not thinned out.
        same = origin.subsampling in ("4:2:2", "4:2:0")
        options["subsampling"] = origin.subsampling if same else "4:4:4"
    if image.metadata.iptc:
        options["extra"] = iptc.jpeg_segment(image.metadata.iptc)
    if image.metadata.comment:
        options["comment"] = image.metadata.comment
    save(stream, image, "JPEG", **options)


JPEG = Codec(
    "JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    knows=begins(b"\xff\xd8\xff"),
    read=_read,
    damage=_damage,
    completed=_completed,
    encode=_encode,
    holds=("icc", "exif", "xmp", "iptc", "comment", "dpi"),
    most_bytes={
        "exif": _MAX_SEGMENT - 6,
        "xmp": _MAX_SEGMENT - 29,
        "iptc": _MAX_SEGMENT - 27,
        "comment": _MAX_SEGMENT,
    },
    max_side=65500,
    brings_blocks=True,
    pages=False,  # phones put a depth or a gain map behind the picture: such files are photos all the same
    library=part_of_pillow("jpg"),
)
