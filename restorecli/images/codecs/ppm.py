"""PPM and its relatives, read only. Pillow hands out their 16 bits of gray, but not those of colour."""

import re
from functools import partial
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL.PpmImagePlugin import PpmImageFile

from ..codec import Codec, Decoded, Header, cut_off
from ..pillow import gather, header_of, metadata_of, opened, origin_of, spread

_GAP = rb"(?:\s+|#[^\n]*\n)+"  # comments may stand between the numbers
_COLOUR_HEAD = re.compile(rb"(P3|P6)" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)\s")


def _read(stream: BinaryIO) -> Header:
    picture = opened(PpmImageFile, stream)
    stream.seek(0)
    head = _COLOUR_HEAD.match(stream.read(1000))
    deep = head is not None and int(head[4]) > 255
    origin = origin_of("PPM", picture, bits=16 if deep else 0)
    metadata = metadata_of(picture.info)
    decoder = None
    if origin.mode == "RGB;16":
        decoder = partial(_decode_16, stream)
    elif origin.mode == "I":
        decoder = partial(_decode_gray_16, picture, metadata.icc)
    return header_of(picture, origin, metadata, decoder)


def _decode_16(stream: BinaryIO) -> Decoded:
    stream.seek(0)
    data = stream.read()
    head = _COLOUR_HEAD.match(data)
    assert head
    width, height, top = (int(number) for number in head.groups()[1:])
    body, count = data[head.end() :], width * height * 3
    if head[1] == b"P3":  # numbers as text
        stored = np.array(body.split()[:count], np.int64)
    else:
        stored = np.frombuffer(body, ">u2", min(count, len(body) // 2))
    if stored.size < count:
        raise cut_off("pixels are missing")
    return Decoded(spread(stored.reshape(height, width, 3), top), None)


def _decode_gray_16(picture: Pillow.Image, icc: bytes | None) -> Decoded:
    return Decoded(gather(picture).astype(np.uint16), None, icc=icc)  # scaled to 0..65535 by Pillow


PPM = Codec(
    "PPM",
    suffixes=(".ppm", ".pgm", ".pbm", ".pnm"),
    knows=lambda head: re.match(rb"P[1-6][\n \r\t#]", head) is not None,
    read=_read,
)
