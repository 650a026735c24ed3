"""EXIF, changed in place.

Writing an EXIF block anew moves what maker notes point to and breaks them, so the block is kept as it is
and only the few values that become wrong are overwritten where they stand.
"""

import math
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image as Pillow

from .image import Metadata

ORIENTATION = 0x0112
_EXIF_IFD = 0x8769
_WIDTHS = (0x0100, 0xA002)  # ImageWidth in the first directory, PixelXDimension in the Exif directory
_HEIGHTS = (0x0101, 0xA003)
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _INCHES, _CENTIMETRES = 282, 283, 296, 2, 3
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202

_INTEGERS = {3: "H", 4: "L"}  # TIFF types SHORT and LONG
_MAX_FIELDS = 4096  # no camera writes as many; a broken block may claim 65535


@dataclass(frozen=True, slots=True)
class _Field:
    tag: int
    kind: int
    position: int  # of the value in the block; meant for single integers, which stand in the field itself


@dataclass(frozen=True, slots=True)
class _Directory:
    fields: tuple[_Field, ...]
    next_position: int  # where the offset of the next directory stands


def orientation(exif: bytes) -> int:
    """How the camera was held, 1 to 8; 1 (upright) where the block does not say or is broken."""
    found = integer(exif, ORIENTATION)
    return found if found is not None and 1 <= found <= 8 else 1


def integer(block: bytes, tag: int) -> int | None:
    """A whole number from the first directory."""
    order = _byte_order(block)
    directory = _directory(block, order, _first(block, order)) if order else None
    for field in directory.fields if directory else ():
        if field.tag == tag:
            return _value(block, order, field)
    return None


def upright(exif: bytes) -> bytes:
    """The block for pixels that were turned upright: orientation 1.

    The thumbnail goes as well: it still lies on its side, and it shows the picture before the repair.
    """
    return _without_thumbnail(_overwritten(exif, {ORIENTATION: 1}))


def resolution(exif: bytes) -> tuple[float, float] | None:
    """Dots per inch, across and down; None where the block does not say, or is broken."""
    try:
        tags = Pillow.Exif()
        tags.load(exif)
        across, down, unit = (tags.get(tag) for tag in (_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT))
        return dots_per_inch(across or 0, down or 0, unit or _INCHES)
    # The documented edge, as in is_sound.
    except Exception:
        return None


def dots_per_inch(across: Any, down: Any, unit: int) -> tuple[float, float] | None:
    """Of the values of TIFF and EXIF; None where only the ratio is known."""
    across, down = float(across), float(down)
    if not (0 < across < math.inf and 0 < down < math.inf) or unit not in (_INCHES, _CENTIMETRES):
        return None
    scale = 2.54 if unit == _CENTIMETRES else 1.0
    return across * scale, down * scale


class _Stored(str):
    """Text that Pillow took for Latin-1, so that nothing was lost; it would write it as ASCII, with ? for the
    rest. This gives it the bytes that stood in the file.
    """

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return super().encode("latin-1")


def as_stored(value: Any) -> Any:
    """A value that Pillow read from a directory, or all of one, so that it writes text as it was."""
    if isinstance(value, str):
        return _Stored(value)
    if isinstance(value, tuple):
        return tuple(map(as_stored, value))
    return {tag: as_stored(below) for tag, below in value.items()} if isinstance(value, dict) else value


def is_sound(exif: bytes) -> bool:
    """Whether the block can be taken apart and put together again, as some formats need it."""
    try:
        tags = Pillow.Exif()
        tags.load(exif)
        tags.tobytes()
    # The documented edge: on a broken block Pillow raises whatever its parsing stumbles over.
    except Exception:
        return False
    return True


def resized(exif: bytes, width: int, height: int) -> bytes:
    """The block for an image of this size."""
    sizes = {tag: size for tags, size in ((_WIDTHS, width), (_HEIGHTS, height)) for tag in tags}
    return _overwritten(exif, sizes)


def upright_metadata(metadata: Metadata, orientation: int) -> Metadata:
    """The metadata of the pixels after they were turned upright. XMP repeats the orientation."""
    block, xmp, dpi = metadata.exif, metadata.xmp, metadata.dpi
    return replace(
        metadata,
        exif=upright(block) if block else block,
        xmp=re.sub(rb'(tiff:Orientation\s*(?:=\s*["\']|>)\s*)[1-8]', rb"\g<1>1", xmp) if xmp else xmp,
        dpi=dpi[::-1] if dpi and orientation >= 5 else dpi,
    )


def _overwritten(exif: bytes, values: Mapping[int, int]) -> bytes:
    order = _byte_order(exif)
    if not order:
        return exif
    block = bytearray(exif)
    for field in _first_and_exif_fields(exif, order):
        code = _INTEGERS.get(field.kind)
        if code and field.tag in values and values[field.tag] < 1 << 8 * struct.calcsize("=" + code):
            struct.pack_into(order + code, block, field.position, values[field.tag])
    return bytes(block)


def _first_and_exif_fields(exif: bytes, order: str) -> Iterable[_Field]:
    first = _directory(exif, order, _first(exif, order))
    for field in first.fields if first else ():
        yield field
        offset = _value(exif, order, field) if field.tag == _EXIF_IFD else None
        below = _directory(exif, order, offset) if offset else None
        yield from below.fields if below else ()


def _without_thumbnail(exif: bytes) -> bytes:
    order = _byte_order(exif)
    first = _directory(exif, order, _first(exif, order)) if order else None
    if not first or first.next_position + 4 > len(exif):
        return exif
    (offset,) = struct.unpack_from(order + "L", exif, first.next_position)
    second = _directory(exif, order, offset) if offset else None
    if not second:
        return exif
    block = bytearray(exif)
    struct.pack_into(order + "L", block, first.next_position, 0)
    numbers = {field.tag: _value(exif, order, field) for field in second.fields}
    start, length = numbers.get(_THUMBNAIL_OFFSET), numbers.get(_THUMBNAIL_LENGTH)
    if start and length and start + length <= len(block):
        if start + length >= len(block) - 4:  # at the end, where nothing else can point behind it
            del block[start:]
        else:
            block[start : start + length] = bytes(length)
    return bytes(block)


def _byte_order(block: bytes) -> str:
    """The struct prefix of the block's byte order, or "" where it is no TIFF structure."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4], "") if len(block) >= 8 else ""


def _first(block: bytes, order: str) -> int:
    return struct.unpack_from(order + "L", block, 4)[0]


def _directory(block: bytes, order: str, start: int) -> _Directory | None:
    if start < 8 or start + 2 > len(block):
        return None
    (count,) = struct.unpack_from(order + "H", block, start)
    if count > _MAX_FIELDS or start + 2 + 12 * count > len(block):
        return None
    fields = []
    for position in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHL", block, position)
        if length == 1:
            fields.append(_Field(tag, kind, position + 8))
    return _Directory(tuple(fields), start + 2 + 12 * count)


def _value(block: bytes, order: str, field: _Field) -> int | None:
    code = _INTEGERS.get(field.kind)
    return struct.unpack_from(order + code, block, field.position)[0] if code else None
