"""Which formats there are: by their suffixes, and by the first bytes of a file."""

from pathlib import PurePath
from typing import BinaryIO

from ..errors import InputError, UsageError

_SUFFIXES = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "BMP": (".bmp", ".dib"),
    "HEIF": (".heic", ".heif"),  # with the extra restorecli[heic]
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "TGA": (".tga",),
}
_READ_ONLY = ("GIF", "PPM", "TGA")

READABLE_SUFFIXES: frozenset[str] = frozenset(
    suffix for suffixes in _SUFFIXES.values() for suffix in suffixes
)
WRITABLE: dict[str, str] = {
    suffix: name for name, suffixes in _SUFFIXES.items() if name not in _READ_ONLY for suffix in suffixes
}
DEEP_FORMATS = frozenset({"PNG", "TIFF"})  # written with 16 bits
ALPHA_FORMATS = frozenset({"PNG", "TIFF", "WEBP", "AVIF", "HEIF"})

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    *((b"P%d" % kind + space, "PPM") for kind in range(1, 7) for space in (b"\n", b" ", b"\r", b"\t", b"#")),
)
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
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def sniff(stream: BinaryIO, suffix: str) -> str:
    """The format of the file, told by its first bytes; InputError where it is none that is read."""
    stream.seek(0)
    head = stream.read(512)
    stream.seek(0)
    if not head:
        raise InputError("the file is empty")
    for magic, what, advice in _KNOWN_OTHERS:
        if head.startswith(magic):
            raise InputError(f"this is {what}, which is not supported", hint=advice)
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if suffix.lower() == ".tga":  # has no magic bytes: the name has to say it
        return "TGA"
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<svg")):
        raise InputError("not an image: this is a web page or XML text", hint="download the picture itself")
    if not head.strip(b"\0"):
        raise InputError("not an image: it begins with zeros only, as after a failed copy")
    raise InputError("not an image, or of a format that is not supported")


def _of_brands(head: bytes) -> str:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "AVIF"
        if brand in _HEIF_BRANDS and not any(other in _AVIF_BRANDS for other in brands):
            return "HEIF"
    raise InputError(
        "this is a video or another media file, not an image", hint="export a frame as PNG first"
    )


def format_named(name: str) -> str:
    """The format that a user calls "png", ".jpg" or "HEIC"; UsageError where it cannot be written."""
    suffix = "." + name.lower().lstrip(".")
    if suffix not in WRITABLE:
        raise UsageError(f"cannot write {suffix[1:] or 'a file without a suffix'}", hint=f"use {_choices()}")
    return WRITABLE[suffix]


def output_extension(path: PurePath, *, lossless: bool) -> str:
    """The suffix of the result: the input's own, unless we cannot write it or it would damage the result."""
    name = WRITABLE.get(path.suffix.lower())
    return ".png" if name is None or (lossless and name == "JPEG") else path.suffix


def _choices() -> str:
    return ", ".join(suffixes[0] for name, suffixes in _SUFFIXES.items() if name not in _READ_ONLY)
