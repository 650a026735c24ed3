"""More than 8 bits in PPM, AVIF and HEIF files, which Pillow would hand out with 8."""

import re
from typing import BinaryIO

import cv2
import numpy as np

from .decode import Decoded
from .integrity import cut_off

_GAP = rb"(?:\s+|#[^\n]*\n)+"  # comments may stand between the numbers
_PPM_HEAD = re.compile(rb"(P3|P6)" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)\s")
_SAME = 1.5  # of 255, on average: roundings differ, other pictures or colours much more


def ppm_top(stream: BinaryIO) -> int | None:
    """The value of white in a colour file; None in any other."""
    stream.seek(0)
    head = _PPM_HEAD.match(stream.read(1000))
    return int(head[4]) if head else None


def decode_ppm_16(stream: BinaryIO) -> Decoded:
    stream.seek(0)
    data = stream.read()
    head = _PPM_HEAD.match(data)
    assert head
    width, height, top = (int(number) for number in head.groups()[1:])
    body, count = data[head.end() :], width * height * 3
    if head[1] == b"P3":  # numbers as text
        stored = np.array(body.split()[:count], np.int64)
    else:
        stored = np.frombuffer(body, ">u2", min(count, len(body) // 2))
    if stored.size < count:
        raise cut_off("pixels are missing")
    return Decoded(_spread(stored.reshape(height, width, 3), top), None)


def decode_avif_16(stream: BinaryIO, shallow: Decoded, bits: int) -> Decoded:
    """By OpenCV, where it has AVIF and sees the same picture as Pillow does with 8 bits; else that one."""
    stream.seek(0)
    array = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.dtype != np.uint16 or array.ndim != 3:
        return shallow
    spread = _spread(array[:, :, [2, 1, 0, 3][: array.shape[2]]], (1 << bits) - 1)
    deep = _split(spread, shallow.icc)
    if deep.pixels.shape != shallow.pixels.shape or (deep.alpha is None) != (shallow.alpha is None):
        return shallow
    difference = np.abs(deep.pixels // 257 - shallow.pixels.astype(np.int32)).mean()
    return deep if difference < _SAME else shallow


def decode_heif_16(stream: BinaryIO, icc: bytes | None) -> Decoded:
    import pillow_heif

    stream.seek(0)
    file = pillow_heif.open_heif(stream, convert_hdr_to_8bit=False, hdr_to_16bit=True)
    return _split(np.asarray(file).astype(np.uint16), icc)


def _split(array: np.ndarray, icc: bytes | None) -> Decoded:
    array = array[:, :, None] if array.ndim == 2 else array
    colours = 3 if array.shape[2] > 2 else 1
    alpha = np.ascontiguousarray(array[:, :, colours]) if array.shape[2] > colours else None
    return Decoded(np.ascontiguousarray(array[:, :, :colours]), alpha, icc=icc)


def _spread(stored: np.ndarray, top: int) -> np.ndarray:
    """Values up to `top`, over the whole of 16 bits."""
    if top == 65535:
        return stored.astype(np.uint16)
    return ((np.minimum(stored, top).astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)
