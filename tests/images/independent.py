"""Readers and makers of image files that share no code with the product."""

import struct
import zlib
from collections.abc import Iterable

import numpy as np

_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}


def png_pieces(data: bytes) -> list[tuple[bytes, bytes]]:
    """Type and data of every chunk, checksums verified."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    position, pieces = 8, []
    while position < len(data):
        (length,) = struct.unpack(">L", data[position : position + 4])
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(
            data[position + 8 + length : position + 12 + length], "big"
        )
        pieces.append((kind, body))
        position += 12 + length
    return pieces


def png_pixels(data: bytes) -> np.ndarray:
    """(H, W, samples) of a PNG file with 8 or 16 bits, decoded by the letter of the standard."""
    pieces = png_pieces(data)
    width, height, bits, colour_type, _, _, interlaced = struct.unpack(">LLBBBBB", pieces[0][1])
    assert interlaced == 0
    samples = _SAMPLES[colour_type]
    step = samples * bits // 8
    stream = zlib.decompress(b"".join(body for kind, body in pieces if kind == b"IDAT"))
    row_length = width * step + 1
    assert len(stream) == height * row_length
    above, rows = bytearray(row_length - 1), []
    for y in range(height):
        row = _unfiltered(stream[y * row_length : (y + 1) * row_length], above, step)
        rows.append(bytes(row))
        above = row
    kind = np.uint8 if bits == 8 else np.dtype(">u2")
    return (
        np.frombuffer(b"".join(rows), kind)
        .reshape(height, width, samples)
        .astype(np.uint16 if bits == 16 else kind)
    )


def _unfiltered(line: bytes, above: bytearray, step: int) -> bytearray:
    row = bytearray(line[1:])
    for i in range(len(row)):
        left = row[i - step] if i >= step else 0
        up = above[i]
        if line[0] == 1:
            row[i] = (row[i] + left) & 255
        elif line[0] == 2:
            row[i] = (row[i] + up) & 255
        elif line[0] == 3:
            row[i] = (row[i] + (left + up) // 2) & 255
        elif line[0] == 4:
            corner = above[i - step] if i >= step else 0
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda value: abs(guess - value))
            row[i] = (row[i] + nearest) & 255
    return row


def make_png(
    samples: np.ndarray,
    *,
    extra: tuple[tuple[bytes, bytes], ...] = (),
    after: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """A PNG file of (H, W, 1 to 4) uint8 or uint16, unfiltered, with more chunks around the pixels."""
    height, width, channels = samples.shape
    bits = samples.dtype.itemsize * 8
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    big_endian = samples.astype(">u2") if bits == 16 else samples
    rows = b"".join(b"\0" + big_endian[y].tobytes() for y in range(height))
    header = struct.pack(">LLBBBBB", width, height, bits, colour_type, 0, 0, 0)
    pieces = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), *after, (b"IEND", b"")]
    return join_pieces(pieces)


def join_pieces(pieces: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A PNG file of these chunks."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        for kind, body in pieces
    )


def make_exif(orientation: int | None = 1, *, order: str = "<", size: tuple[int, int] = (64, 48)) -> bytes:
    """A TIFF structure as cameras write it: maker, orientation, Exif directory, maker note, thumbnail."""
    maker, note, thumbnail = b"Maker\0", b"\x00NOTE with offsets\xff" * 3, b"\xff\xd8thumbnail\xff\xd9"
    first = [(0x010F, 2, len(maker), maker), (0x8769, 4, 1, None)]
    if orientation is not None:
        first.insert(1, (0x0112, 3, 1, orientation))
    exif = [(0x927C, 7, len(note), note), (0xA002, 4, 1, size[0]), (0xA003, 4, 1, size[1])]
    second = [(0x0201, 4, 1, None), (0x0202, 4, 1, len(thumbnail))]
    starts = [8]
    for directory in (first, exif, second):
        starts.append(
            starts[-1] + 2 + 12 * len(directory) + 4 + sum(len(v) for *_, v in directory if type(v) is bytes)
        )
    thumbnail_at = starts[3]
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    pointers = {0x8769: starts[1], 0x0201: thumbnail_at}
    for at, (directory, following) in enumerate(((first, starts[2]), (exif, 0), (second, 0))):
        block += _directory(directory, order, starts[at], following, pointers)
    return block + thumbnail


def _directory(fields: list, order: str, start: int, following: int, pointers: dict[int, int]) -> bytes:
    data_at = start + 2 + 12 * len(fields) + 4
    head, data = struct.pack(order + "H", len(fields)), b""
    for tag, kind, count, value in fields:
        value = pointers[tag] if value is None else value
        if isinstance(value, bytes):
            packed = struct.pack(order + "L", data_at + len(data))
            data += value
        else:
            packed = struct.pack(order + ("H" if kind == 3 else "L"), value).ljust(4, b"\0")
        head += struct.pack(order + "HHL", tag, kind, count) + packed
    return head + struct.pack(order + "L", following) + data


def photo(height: int, width: int, channels: int = 3, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """(H, W, channels): something between a photo and noise."""
    random = np.random.default_rng(seed)
    slope = np.add.outer(np.linspace(0, 0.6, height), np.linspace(0, 0.3, width))[:, :, None]
    noisy = np.clip(slope + random.normal(0.05, 0.03, (height, width, channels)), 0, 1)
    return np.rint(noisy * np.iinfo(dtype).max).astype(dtype)


def patches(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H, W, 3) of flat patches of 16 pixels, that lossy codecs keep to a few values."""
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 216, ((height + 15) // 16, (width + 15) // 16, 3))
    return np.kron(coarse, np.ones((16, 16, 1)))[:height, :width].astype(np.uint8)
