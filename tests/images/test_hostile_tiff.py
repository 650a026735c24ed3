"""TIFF that is damaged, monstrous, or a camera's: what a decoder would pass over."""

import io
import struct

import numpy as np
import pytest
import tifffile

from restorecli.errors import InputError
from restorecli.images import read, read_size

PIXELS = np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)


def tiff(**options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, PIXELS, photometric="rgb", **options)  # type: ignore[arg-type] - of several types
    return stream.getvalue()


@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_a_wrong_checksum_of_a_strip_is_said(tile: tuple[int, int] | None):
    whole = tiff(compression="zlib", rowsperstrip=None if tile else 16, tile=tile)
    np.testing.assert_array_equal(read(whole).pixels, PIXELS)
    with tifffile.TiffFile(io.BytesIO(whole)) as file:
        page = file.pages[0]
        start, length = page.dataoffsets[1], page.databytecounts[1]  # type: ignore[union-attr]
    for place in (start + length - 1, start + length // 2):
        data = bytearray(whole)
        data[place] ^= 0x10
        with pytest.raises(InputError, match=r"(wrong checksum in 1 of|cannot be decoded)"):
            read(bytes(data))


def with_tag(data: bytes, tag: int, value: int) -> bytes:
    """The value of a SHORT or LONG tag of the first directory, changed."""
    changed = bytearray(data)
    (directory,) = struct.unpack_from("<L", changed, 4)
    (count,) = struct.unpack_from("<H", changed, directory)
    for place in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from("<H", changed, place)[0] == tag:
            kind = "<H" if struct.unpack_from("<H", changed, place + 2)[0] == 3 else "<L"
            struct.pack_into(kind, changed, place + 8, value)
    return bytes(changed)


def test_a_header_cannot_ask_for_more_memory_than_the_image():
    whole = tiff(tile=(16, 16), byteorder="<")
    with pytest.raises(InputError, match="2000 channels"):
        read_size(with_tag(whole, 277, 2000))
    huge = with_tag(with_tag(whole, 322, 30000), 323, 20000)
    with pytest.raises(InputError, match="tiles of 30000 x 20000"):
        read_size(huge)


def test_a_cameras_file_is_never_its_preview():
    """The first image is a small one, and the photo stands behind it, as in NEF and ARW."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as file:
        small, large = PIXELS[:12, :16], np.zeros((64, 96), np.uint16)
        make = [(271, "s", 0, "NIKON CORPORATION", True)]
        file.write(small, photometric="rgb", subifds=1, extratags=make)
        file.write(
            large, photometric=32803, extratags=[(33421, "H", 2, (2, 2)), (33422, "B", 4, b"\0\1\1\2")]
        )
    with pytest.raises(InputError, match="camera raw file"):
        read(stream.getvalue())


def test_a_cr2_is_known_by_its_head():
    whole = tiff(byteorder="<")
    (directory,) = struct.unpack_from("<L", whole, 4)
    (count,) = struct.unpack_from("<H", whole, directory)
    copy = whole[directory : directory + 2 + 12 * count + 4]
    moved = whole[:4] + struct.pack("<L", len(whole)) + b"CR\2\0" + whole[12:] + copy
    with pytest.raises(InputError, match="camera raw file"):
        read(moved)
