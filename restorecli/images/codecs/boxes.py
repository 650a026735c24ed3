"""What AVIF and HEIF share: files of boxes, each with its length, of which the first names brands."""

from typing import BinaryIO

from ..codec import cut_off, size_of

AVIF_BRANDS = (b"avif", b"avis")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def brands(head: bytes) -> list[bytes]:
    """Which formats a file says that it follows, by its first bytes; none where it is no such file."""
    if head[4:8] != b"ftyp":
        return []
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]


def check_boxes(stream: BinaryIO) -> None:
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
