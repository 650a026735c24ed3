"""Which formats there are: one file each, one table of them, and what the table answers."""

from pathlib import PurePath
from typing import BinaryIO

from ...errors import InputError, UsageError
from ..codec import Codec
from .avif import AVIF
from .bmp import BMP
from .gif import GIF
from .heif import HEIF
from .jpeg import JPEG
from .png import PNG
from .ppm import PPM
from .tga import TGA
from .tiff import TIFF
from .webp import WEBP

# In the order in which a first reader meets them in messages.
CODECS: dict[str, Codec] = {
    codec.name: codec for codec in (PNG, JPEG, TIFF, WEBP, AVIF, BMP, HEIF, GIF, PPM, TGA)
}

# Files that are often taken for images we read, and what to do with them.
_CONVERT = "convert it to PNG or TIFF first"
_DEVELOP = "develop it to a 16-bit TIFF first, in a raw converter"
_KNOWN_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\x0a", "a JPEG XL image", _CONVERT),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image", _CONVERT),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image", _CONVERT),
    (b"%PDF", "a PDF document", "export its pages as PNG first"),
    (b"8BPS", "a Photoshop document", "export it as PNG or TIFF first"),
    (b"II+\0", "a BigTIFF image", _CONVERT),
    (b"MM\0+", "a BigTIFF image", _CONVERT),
    (b"II*\0\x10\0\0\0CR", "a camera raw file", _DEVELOP),
    (b"IIU\0", "a camera raw file", _DEVELOP),
    (b"IIRO", "a camera raw file", _DEVELOP),
    (b"FUJIFILMCCD-RAW", "a camera raw file", _DEVELOP),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
)


def sniff(stream: BinaryIO, suffix: str) -> Codec:
    """The format of the file, told by its first bytes; InputError where it is none that is read."""
    stream.seek(0)
    head = stream.read(512)
    if not head:
        raise InputError("the file is empty")
    for magic, what, advice in _KNOWN_OTHERS:
        if head.startswith(magic):
            raise InputError(f"this is {what}, which is not supported", hint=advice)
    for codec in CODECS.values():
        if codec.knows is not None and codec.knows(head):
            return codec
    if head[4:12] == b"ftypcrx ":
        raise InputError(
            "this is a camera raw file", hint="develop it to a 16-bit TIFF first, in a raw converter"
        )
    if head[4:8] == b"ftyp":
        raise InputError(
            "this is a video or another media file, not an image", hint="export a frame as PNG first"
        )
    named = _by_suffix(suffix)
    if named is not None and named.knows is None:
        return named
    text = head.lstrip().lower()
    if text.startswith((b"<?xml", b"<svg", b"<!doctype svg")) and b"<svg" in text:
        raise InputError("this is an SVG drawing, which has no pixels", hint="export it as PNG first")
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<svg")):
        raise InputError("not an image: this is a web page or XML text", hint="download the picture itself")
    if not head.strip(b"\0"):
        raise InputError("not an image: it begins with zeros only, as after a failed copy")
    raise InputError("not an image, or of a format that is not supported")


def can_read(path: PurePath) -> bool:
    """Whether the name says that it is an image we read."""
    return _by_suffix(path.suffix) is not None


def can_write(suffix: str) -> bool:
    codec = _by_suffix(suffix)
    return codec is not None and codec.encode is not None


def written_suffixes() -> list[str]:
    return sorted(suffix for codec in _written() for suffix in codec.suffixes)


def codec_named(name: str) -> Codec:
    """What a user calls "png", ".jpg" or "HEIC"; UsageError where it cannot be written."""
    suffix = "." + name.lower().lstrip(".")
    codec = _by_suffix(suffix)
    if codec is None or codec.encode is None:
        choices = ", ".join(codec.suffixes[0] for codec in _written())
        raise UsageError(f"cannot write {suffix[1:] or 'a file without a suffix'}", hint=f"use {choices}")
    return codec


def output_extension(path: PurePath, *, lossless: bool) -> str:
    """The suffix of the result: the input's own, unless we cannot write it or it would damage the result."""
    codec = _by_suffix(path.suffix)
    kept = codec is not None and codec.encode is not None and not (lossless and codec.brings_blocks)
    return path.suffix if kept else PNG.suffixes[0]


def _written() -> list[Codec]:
    return [codec for codec in CODECS.values() if codec.encode is not None]


def _by_suffix(suffix: str) -> Codec | None:
    suffix = suffix.lower()
    return next((codec for codec in CODECS.values() if suffix in codec.suffixes), None)
