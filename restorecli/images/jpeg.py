"""What a JPEG file tells about how it was saved: quality and chroma subsampling."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache

from PIL import JpegImagePlugin

from .image import Subsampling
from .integrity import jpeg_end

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

_SAMPLING: dict[tuple[tuple[int, int], ...], Subsampling] = {
    ((1, 1), (1, 1), (1, 1)): "4:4:4",
    ((2, 1), (1, 1), (1, 1)): "4:2:2",
    ((1, 2), (1, 1), (1, 1)): "4:4:0",
    ((2, 2), (1, 1), (1, 1)): "4:2:0",
    ((4, 1), (1, 1), (1, 1)): "4:1:1",
}


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


def subsampling(picture: JpegImagePlugin.JpegImageFile) -> Subsampling | None:
    """How the chroma of a colour JPEG is sampled; None for gray, CMYK and unusual ones."""
    factors = [(layer[1], layer[2]) for layer in picture.layer]
    if len(factors) != 3:
        return None
    # Some encoders write 2x2 for all three channels: only the ratio counts.
    across = math.gcd(*(h for h, _ in factors))
    down = math.gcd(*(v for _, v in factors))
    return _SAMPLING.get(tuple((h // across, v // down) for h, v in factors))


def has_video(data: bytes) -> bool:
    """Whether a video stands behind the picture, as in the moving photos of phones."""
    return _VIDEO.search(data, jpeg_end(data)) is not None


@cache
def _scaled(table: tuple[int, ...], quality: int) -> tuple[int, ...]:
    """jpeg_set_quality of libjpeg, baseline."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(max((value * scale + 50) // 100, 1), 255) for value in table)


def _distance(one: Sequence[int], other: Sequence[int]) -> float:
    return sum(abs(math.log(a / max(b, 1))) for a, b in zip(one, other, strict=True))
