"""Writes TIFF: 8 and 16 bits, gray and RGB, with and without alpha, losslessly compressed."""

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from ..errors import OutputError
from .exif import as_stored
from .metadata import Metadata
from .tiff_read import IPTC_TAG, STORAGE_TAGS

_STRIP_BYTES = 1 << 20
_MAX_THREADS = 8
_MAX_BYTES = (1 << 32) - (1 << 24)  # offsets have 32 bits; some room for the header
_DEFLATE, _HORIZONTAL, _UNASSOCIATED_ALPHA, _INCHES = 8, 2, 2, 2
_BLACK_IS_ZERO, _RGB = 1, 2
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_SHORT, _LONG, _RATIONAL, _BYTE, _UNDEFINED = 3, 4, 5, 1, 7


def write_tiff(stream: BinaryIO, pixels: np.ndarray, alpha: np.ndarray | None, metadata: Metadata) -> None:
    """Writes uint8 or uint16 pixels (H, W, 1 or 3) and alpha (H, W)."""
    height, width, channels = pixels.shape
    samples = channels + (alpha is not None)
    rows = max(1, _STRIP_BYTES // (width * samples * pixels.dtype.itemsize))
    strips = _strips(pixels, alpha, rows)
    lengths = [len(strip) for strip in strips]
    if sum(lengths) > _MAX_BYTES:
        raise OutputError("the image does not fit into the 4 GB of a TIFF file", hint="write PNG")

    directory = _directory_with(metadata)
    for tag, kind, value in (
        (256, _LONG, width),
        (257, _LONG, height),
        (258, _SHORT, (pixels.dtype.itemsize * 8,) * samples),
        (259, _SHORT, _DEFLATE),
        (262, _SHORT, _RGB if channels == 3 else _BLACK_IS_ZERO),
        (273, _LONG, tuple(accumulate(lengths[:-1], initial=0))),  # Pillow adds the length of the header
        (277, _SHORT, samples),
        (278, _LONG, rows),
        (279, _LONG, tuple(lengths)),
        (317, _SHORT, _HORIZONTAL),
        *([(338, _SHORT, _UNASSOCIATED_ALPHA)] if alpha is not None else []),
    ):
        directory.tagtype[tag] = kind
        directory[tag] = value
    directory.save(stream)
    for strip in strips:
        stream.write(strip)


def _directory_with(metadata: Metadata) -> ImageFileDirectory_v2:
    """A directory that holds the metadata. EXIF is spread over the tags of the file itself."""
    directory = ImageFileDirectory_v2()
    if metadata.exif:
        block = Pillow.Exif()
        block.load(metadata.exif)
        for tag, value in block.items():
            if tag not in STORAGE_TAGS and not (tag == IPTC_TAG and metadata.iptc):
                below = block.get_ifd(tag) if tag in (_EXIF_IFD, _GPS_IFD) else None
                directory[tag] = as_stored(value if below is None else below)
    if metadata.dpi:
        for tag, kind, value in (
            (282, _RATIONAL, IFDRational(metadata.dpi[0])),
            (283, _RATIONAL, IFDRational(metadata.dpi[1])),
            (296, _SHORT, _INCHES),
        ):
            directory.tagtype[tag] = kind
            directory[tag] = value
    for tag, kind, data in (
        (700, _BYTE, metadata.xmp),
        (IPTC_TAG, _UNDEFINED, metadata.iptc),
        (34675, _UNDEFINED, metadata.icc),
    ):
        if data:
            directory.tagtype[tag] = kind
            directory[tag] = data
    return directory


def _strips(pixels: np.ndarray, alpha: np.ndarray | None, rows: int) -> list[bytes]:
    def packed(top: int) -> bytes:
        band = pixels[top : top + rows]
        if alpha is not None:
            band = np.concatenate([band, alpha[top : top + rows, :, None]], axis=2)
        differences = band.copy()
        differences[:, 1:] -= band[:, :-1]
        packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)  # as fast as in png.py
        return packer.compress(differences.astype(differences.dtype.newbyteorder("<")).data) + packer.flush()

    with ThreadPoolExecutor(max_workers=min(_MAX_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(packed, range(0, pixels.shape[0], rows)))
