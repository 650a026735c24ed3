"""Is the file whole? Decoders forgive a missing end, and the picture would be restored with its gray rest."""

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ..errors import InputError

_CUT_OFF = "the file is cut off"
_HINT = "copy or download it again"
_READ_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a PNG file."""

    kind: bytes
    start: int  # of its data
    length: int


def cut_off(detail: str) -> InputError:
    return InputError(f"{_CUT_OFF}: {detail}", hint=_HINT)


def check_whole(stream: BinaryIO, format: str) -> None:
    """InputError where bytes are missing that the decoder would not miss."""
    check = _CHECKS.get(format)
    if check:
        check(stream)
    stream.seek(0)


def size_of(stream: BinaryIO) -> int:
    return stream.seek(0, os.SEEK_END)


def png_chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """The chunks of a PNG file up to its end chunk."""
    size = size_of(stream)
    position = 8
    while True:
        stream.seek(position)
        head = stream.read(8)
        length = int.from_bytes(head[:4], "big")
        if len(head) < 8 or position + 12 + length > size:
            raise cut_off("the end of the image is missing")
        yield Chunk(head[4:], position + 8, length)
        if head[4:] == b"IEND":
            return
        position += 12 + length


def _check_png(stream: BinaryIO) -> None:
    for chunk in png_chunks(stream):
        if chunk.kind[0] & 0x20 == 0:  # upper case: without it the image cannot be shown
            stream.seek(chunk.start)
            checksum, left = zlib.crc32(chunk.kind), chunk.length
            while left:
                data = stream.read(min(left, _READ_AT_ONCE))
                if not data:
                    raise cut_off("it became shorter while it was read")
                checksum, left = zlib.crc32(data, checksum), left - len(data)
            if checksum != int.from_bytes(stream.read(4), "big"):
                name = ascii(chunk.kind.decode("latin-1"))[1:-1]  # damaged, it can hold anything
                raise InputError(f"the file is damaged: wrong checksum in its {name} data", hint=_HINT)


def _check_jpeg(stream: BinaryIO) -> None:
    """The end marker stands behind the pixels. libjpeg itself fills what is missing with gray."""
    jpeg_end(stream.read())


def jpeg_end(data: bytes) -> int:
    """Where the end marker of the first picture stands."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise InputError("the file is damaged: no marker where one must stand", hint=_HINT)
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
    raise cut_off("the end of the image is missing")


def _check_webp(stream: BinaryIO) -> None:
    head = stream.read(8)
    if int.from_bytes(head[4:8], "little") + 8 > size_of(stream):
        raise cut_off("the end of the image is missing")


def webp_kinds(stream: BinaryIO) -> list[bytes]:
    """The kinds of the chunks of a WebP file: VP8L holds lossless pixels, "VP8 " others."""
    size, position, kinds = size_of(stream), 12, []
    while position + 8 <= size:
        stream.seek(position)
        head = stream.read(8)
        kinds.append(head[:4])
        length = int.from_bytes(head[4:], "little")
        position += 8 + length + length % 2
    return kinds


def _check_boxes(stream: BinaryIO) -> None:
    """AVIF and HEIF are rows of boxes, each with its length."""
    size, position = size_of(stream), 0
    while position < size:
        stream.seek(position)
        head = stream.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # up to the end of the file
            return
        if length < 8 or len(head) < 8 or position + length > size:
            raise cut_off("the end of the image is missing")
        position += length


_CHECKS: dict[str, Callable[[BinaryIO], None]] = {
    "PNG": _check_png,
    "JPEG": _check_jpeg,
    "WEBP": _check_webp,
    "AVIF": _check_boxes,
    "HEIF": _check_boxes,
}
