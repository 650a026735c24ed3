"""From an opened Pillow picture to arrays: every mode to gray or RGB with alpha, in its own depth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from ..errors import InputError
from .profiles import to_srgb

_BAND_PIXELS = 1 << 22  # converted at a time, so that a large image is never held twice by Pillow

Convert = Callable[[Pillow.Image], Pillow.Image]


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels as they stood in the file: not turned upright yet."""

    pixels: np.ndarray  # (H, W, 1 or 3)
    alpha: np.ndarray | None
    notes: tuple[str, ...] = ()
    icc: bytes | None = None  # the profile of these pixels, which is not always the file's


_PLAIN = {
    "1": "L",
    "L": "L",
    "LA": "LA",
    "La": "LA",
    "RGB": "RGB",
    "RGBX": "RGB",
    "RGBA": "RGBA",
    "RGBa": "RGBA",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
_NOTES = {
    "1": "1 bit read as 8-bit gray",
    "YCbCr": "YCbCr converted to RGB",
    "HSV": "HSV converted to RGB",
}


def decode(picture: Pillow.Image, icc: bytes | None) -> Decoded:
    """All pixels of the picture. Broken data raises whatever the decoder raises; the caller translates."""
    mode = picture.mode
    if mode.startswith("I;16"):
        return Decoded(_gather(picture, lambda band: band), None, icc=icc)
    if mode == "I":
        return _decode_integers(picture, icc)
    if mode in ("CMYK", "LAB"):
        convert, note, profile = to_srgb(mode, icc)
        return Decoded(_gather(picture, convert), None, (note,), profile)
    if mode in ("P", "PA"):
        target = "RGBA" if picture.has_transparency_data else "RGB"
    elif mode in _PLAIN:
        target = _PLAIN[mode]
        if "transparency" in picture.info and target in ("L", "RGB"):  # one colour that stands for nothing
            target = {"L": "LA", "RGB": "RGBA"}[target]
    else:
        raise InputError(f"pixels of type {mode} are not supported", hint="convert it to 8 or 16 bit first")
    array = _gather(picture, lambda band: band if band.mode == target else band.convert(target))
    notes = (_NOTES[mode],) if mode in _NOTES else ()
    return _without_alpha(array, target, notes, icc)


def _without_alpha(array: np.ndarray, mode: str, notes: tuple[str, ...], icc: bytes | None) -> Decoded:
    if mode not in ("LA", "RGBA"):
        return Decoded(array, None, notes, icc)
    pixels, alpha = array[:, :, :-1], array[:, :, -1]
    return Decoded(np.ascontiguousarray(pixels), np.ascontiguousarray(alpha), notes, icc)


def _decode_integers(picture: Pillow.Image, icc: bytes | None) -> Decoded:
    if picture.format != "PPM":
        raise InputError("32-bit pixels are not supported", hint="convert it to 16 bit first")
    wide = _gather(picture, lambda band: band)  # 16-bit PGM, which Pillow scales to 0..65535
    return Decoded(wide.astype(np.uint16), None, icc=icc)


def _gather(picture: Pillow.Image, convert: Convert) -> np.ndarray:
    """(H, W, C) of the converted picture, band by band."""
    picture.load()
    width, height = picture.size
    rows = max(1, _BAND_PIXELS // width)
    pixels: np.ndarray | None = None
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        band = np.asarray(convert(picture.crop((0, top, width, bottom))))
        band = band[:, :, None] if band.ndim == 2 else band
        if pixels is None:
            pixels = np.empty((height, width, band.shape[2]), band.dtype.newbyteorder("="))
        pixels[top:bottom] = band
    assert pixels is not None
    picture.im = Pillow.new("L", (1, 1)).im  # frees the decoded picture now, and not when its header goes
    return pixels


def is_gray(pixels: np.ndarray) -> bool:
    """Whether all channels are the same."""
    return all(np.array_equal(pixels[:, :, 0], pixels[:, :, c]) for c in range(1, pixels.shape[2]))


_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}


def turn_upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """The array as it is meant to be seen, for the EXIF orientations 1 to 8."""
    return np.ascontiguousarray(_TURNS[orientation](array))
