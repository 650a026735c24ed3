"""Writes PNG: 8 and 16 bits, gray and RGB, with and without alpha, band by band on all cores."""

import os
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import numpy as np

from .metadata import Metadata

_COLOUR_TYPES = {(1, False): 0, (3, False): 2, (1, True): 4, (3, True): 6}
_AVERAGE = 3  # the filter type
_BAND_BYTES = 1 << 20
_METRES_PER_INCH = 0.0254
_ADLER_BASE = 65521
_MAX_THREADS = 8


def write_png(stream: BinaryIO, pixels: np.ndarray, alpha: np.ndarray | None, metadata: Metadata) -> None:
    """Writes uint8 or uint16 pixels (H, W, 1 or 3) and alpha (H, W)."""
    height, width, channels = pixels.shape
    bits = pixels.dtype.itemsize * 8
    colour_type = _COLOUR_TYPES[channels, alpha is not None]
    stream.write(b"\x89PNG\r\n\x1a\n")
    _write_chunk(stream, b"IHDR", struct.pack(">LLBBBBB", width, height, bits, colour_type, 0, 0, 0))
    for kind, data in _ancillary(metadata):
        _write_chunk(stream, kind, data)
    for data in _deflated(pixels, alpha):
        _write_chunk(stream, b"IDAT", data)
    _write_chunk(stream, b"IEND", b"")


def _write_chunk(stream: BinaryIO, kind: bytes, data: bytes) -> None:
    stream.write(struct.pack(">L", len(data)) + kind)
    stream.write(data)
    stream.write(struct.pack(">L", zlib.crc32(data, zlib.crc32(kind))))


def _ancillary(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    """The chunks that must stand before the pixels."""
    for kind, data in metadata.png_chunks:
        if not (kind == b"sRGB" and metadata.icc):  # they exclude each other
            yield kind, data
    if metadata.icc:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)
    if metadata.dpi:
        across, down = (round(dpi / _METRES_PER_INCH) for dpi in metadata.dpi)
        yield b"pHYs", struct.pack(">LLB", across, down, 1)
    if metadata.exif:
        yield b"eXIf", metadata.exif
    if metadata.xmp:
        yield b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp


def _deflated(pixels: np.ndarray, alpha: np.ndarray | None) -> Iterator[bytes]:
    """One zlib stream in pieces. The bands are compressed on their own, so several at once."""
    height, width, channels = pixels.shape
    row_bytes = width * (channels + (alpha is not None)) * pixels.dtype.itemsize
    rows = max(1, _BAND_BYTES // row_bytes)
    yield b"\x78\x01"  # zlib header: 32 KB window, fastest level
    checksum = 1

    def packed(top: int) -> tuple[bytes, int, int]:
        filtered = _filtered(pixels, alpha, top, min(top + rows, height))
        return _deflate(filtered), zlib.adler32(filtered.data), filtered.nbytes

    pool = ThreadPoolExecutor(max_workers=min(_MAX_THREADS, os.cpu_count() or 1))
    try:
        for data, band_checksum, length in pool.map(packed, range(0, height, rows)):
            checksum = _combined(checksum, band_checksum, length)
            yield data
    finally:
        pool.shutdown(cancel_futures=True)
    yield b"\x03\x00" + struct.pack(">L", checksum)  # an empty last block ends the stream


def _deflate(data: np.ndarray) -> bytes:
    """Raw deflate, ended on a byte boundary so that another piece can follow.

    Measured on a photo of 24 megapixels with a little grain (72 MB) on two cores: Pillow's default takes
    5.5 s for 41.0 MB, OpenCV 0.85 s for 43.2 MB, and this 0.65 s for 40.4 MB. Without grain the files are
    12 % larger than Pillow's; the best filter row by row would take that back for five times the time.
    """
    packer = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    return packer.compress(data.data) + packer.flush(zlib.Z_SYNC_FLUSH)


def _filtered(pixels: np.ndarray, alpha: np.ndarray | None, top: int, bottom: int) -> np.ndarray:
    """Rows as PNG stores them: the filter, then each byte less the average of its two neighbours."""
    rows = _row_bytes(pixels, alpha, max(top - 1, 0), bottom)
    if top == 0:  # above the first row lie zeros
        rows = np.concatenate([np.zeros_like(rows[:1]), rows])
    above, own = rows[:-1], rows[1:]
    step = rows.shape[1] // pixels.shape[1]
    left = np.zeros_like(own)
    left[:, step:] = own[:, :-step]
    filtered = np.empty((bottom - top, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _AVERAGE
    # (left + above) // 2 without leaving 8 bits
    np.subtract(own, (left & above) + ((left ^ above) >> 1), out=filtered[:, 1:])
    return filtered


def _row_bytes(pixels: np.ndarray, alpha: np.ndarray | None, top: int, bottom: int) -> np.ndarray:
    band = pixels[top:bottom]
    if alpha is not None:
        band = np.concatenate([band, alpha[top:bottom, :, None]], axis=2)
    if band.dtype == np.uint16:
        band = band.astype(">u2")
    return np.ascontiguousarray(band).view(np.uint8).reshape(bottom - top, -1)


def _combined(one: int, other: int, length: int) -> int:
    """The Adler-32 of two pieces, from the checksum of each and the length of the second."""
    low = (one & 0xFFFF) + (other & 0xFFFF) - 1
    high = (one >> 16) + (other >> 16) + (length % _ADLER_BASE) * ((one & 0xFFFF) - 1)
    return (high % _ADLER_BASE) << 16 | low % _ADLER_BASE
