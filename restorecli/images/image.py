"""Image: pixels in their own depth, with everything that has to come back with them; where one lies."""

import os
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Literal, get_args

import numpy as np

from ..errors import UsageError
from ..wording import printable

Source = str | os.PathLike[str] | bytes | BinaryIO
Target = str | os.PathLike[str] | BinaryIO
Subsampling = Literal["4:4:4", "4:2:2", "4:4:0", "4:2:0", "4:1:1"]
SUBSAMPLINGS: tuple[Subsampling, ...] = get_args(Subsampling)

_FARTHEST_FLOAT = 8.0  # a float array beyond this is not in [0, 1] with some noise: it is in 0..255


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says about its pixels, as the bytes that stood in it. None or empty: it had none."""

    icc: bytes | None = None  # colour profile of the pixels as they are
    exif: bytes | None = None  # the TIFF structure without "Exif\0\0"; orientation 1, no thumbnail
    xmp: bytes | None = None
    iptc: bytes | None = None
    comment: bytes | None = None  # of a JPEG
    dpi: tuple[float, float] | None = None
    png_chunks: tuple[tuple[bytes, bytes], ...] = ()  # (type, data): texts, gamma and the like, for PNG only

    def stripped(self) -> "Metadata":
        """Without what tells about the photographer; the colour profile and the print size stay."""
        return replace(self, exif=None, xmp=None, iptc=None, comment=None, png_chunks=())


@dataclass(frozen=True, slots=True)
class Origin:
    """How the image was stored."""

    format: str  # "PNG", "JPEG", "TIFF", ...; "ARRAY" where there was no file
    mode: str  # as Pillow names it: "CMYK", "P", "I;16", ...; "RGB;16" and the like where Pillow has no name
    bits: int  # per channel
    quality: int | None = None  # of a JPEG, measured from its quantisation tables
    subsampling: Subsampling | None = None  # of a colour JPEG
    frames: int = 1
    lossless: bool = True
    left_out: tuple[str, ...] = ()  # what the file holds beside this picture and what is not read, in words
    damage: str = ""  # what is wrong with its pixels, in words


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """An upright RGB or gray image.

    `pixels` is (H, W, 1 or 3), C-contiguous: uint8, uint16, or float32 in [0, 1].
    `alpha` is (H, W) of the same type, or None.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    metadata: Metadata
    origin: Origin
    notes: tuple[str, ...] = ()  # what had to be changed while reading, in words

    def __post_init__(self) -> None:
        pixels, alpha = self.pixels, self.alpha
        assert pixels.ndim == 3
        assert pixels.shape[2] in (1, 3)
        assert pixels.dtype in (np.uint8, np.uint16, np.float32)
        assert alpha is None or (alpha.shape == pixels.shape[:2] and alpha.dtype == pixels.dtype)

    @classmethod
    def from_array(cls, array: Any) -> "Image":
        """An image from HW or HWC pixels with 1 to 4 channels; 2 and 4 channels: the last one is alpha."""
        array = np.asarray(array)
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim != 3 or not 1 <= array.shape[2] <= 4 or 0 in array.shape:
            raise UsageError(
                f"not an image: an array of shape {array.shape}",
                hint="pass (height, width) or (height, width, channels) with 1 to 4 channels",
            )
        array = _in_own_depth(array)
        channels = array.shape[2]
        alpha = np.ascontiguousarray(array[:, :, -1]) if channels in (2, 4) else None
        pixels = np.ascontiguousarray(array[:, :, : channels - (alpha is not None)])
        mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
        return cls(pixels, alpha, Metadata(), Origin("ARRAY", mode, array.dtype.itemsize * 8))

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def channels(self) -> int:
        """Colour channels, without alpha: 1 or 3."""
        return self.pixels.shape[2]

    @property
    def bits(self) -> int:
        """Bits per channel of the pixels as they are now: 8, 16, or 32 for float."""
        return self.pixels.dtype.itemsize * 8

    def with_pixels(self, pixels: np.ndarray, alpha: np.ndarray | Literal["keep"] | None = "keep") -> "Image":
        """The same image with other pixels; the alpha channel stays unless another is given."""
        return replace(self, pixels=pixels, alpha=self.alpha if isinstance(alpha, str) else alpha)


def _in_own_depth(array: np.ndarray) -> np.ndarray:
    """uint8 and uint16 as they are, any float as float32; everything else is refused."""
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype in (np.uint8, np.uint16):
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise UsageError(
            f"pixels of type {array.dtype} are not supported",
            hint="pass uint8, uint16, or float in [0, 1]",
        )
    array = array.astype(np.float32, copy=False)
    low, high = float(array.min()), float(array.max())
    if not (low >= -_FARTHEST_FLOAT and high <= _FARTHEST_FLOAT):  # so that NaN is refused too
        raise UsageError(
            f"float pixels must lie in [0, 1], and these lie in [{low:g}, {high:g}]",
            hint="divide by 255 first, or pass uint8",
        )
    return array


def describe(place: Source | Target) -> str:
    """What a message calls the file, the bytes or the stream."""
    if isinstance(place, bytes):
        return f"{len(place)} bytes"
    if isinstance(place, (str, os.PathLike)):
        return printable(place)
    name = getattr(place, "name", None)
    return printable(name).strip("<>") if isinstance(name, str) else "stream"
