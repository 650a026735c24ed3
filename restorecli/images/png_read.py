"""PNG, of which Pillow loses without a word: 16 bits of colour, and metadata behind the pixels."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

import cv2
import numpy as np

from ..errors import InputError
from .decode import Decoded
from .integrity import png_chunks

_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_KEPT = (*_TEXTS, b"cICP", b"gAMA", b"cHRM", b"sRGB", b"mDCV", b"cLLI")  # what changes how colours look
_MAX_CHUNK = 1 << 24
_XMP_KEY = b"XML:com.adobe.xmp"
_RAW_PROFILE_KEY = b"Raw profile type "  # ImageMagick's way to write EXIF and the like

Chunks = tuple[tuple[bytes, bytes], ...]


def png_mode(stream: BinaryIO) -> str:
    """The colour type, which Pillow does not always tell."""
    stream.seek(25)
    return _MODES[stream.read(1)[0]]


def png_metadata(stream: BinaryIO) -> tuple[bytes | None, bytes | None, Chunks]:
    """EXIF, XMP, and the chunks that are kept as they are."""
    exif = xmp = None
    kept = []
    for kind, data in _chunks(stream):
        keyword, text = _text(kind, data) if kind in _TEXTS else (b"", b"")
        if kind == b"eXIf":
            exif = data
        elif keyword == _XMP_KEY:
            xmp = text
        elif keyword in (_RAW_PROFILE_KEY + b"exif", _RAW_PROFILE_KEY + b"APP1"):
            exif = exif or _from_hexadecimal(text)
        elif kind in _KEPT and not keyword.startswith(_RAW_PROFILE_KEY):
            kept.append((kind, data))
    return exif, xmp, tuple(kept)


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    for chunk in png_chunks(stream):
        if (chunk.kind == b"eXIf" or chunk.kind in _KEPT) and chunk.length <= _MAX_CHUNK:
            stream.seek(chunk.start)
            yield chunk.kind, stream.read(chunk.length)


def _text(kind: bytes, data: bytes) -> tuple[bytes, bytes]:
    """Keyword and text of the three kinds of text chunk; a broken one is empty."""
    keyword, _, text = data.partition(b"\0")
    packed = kind == b"zTXt"
    if packed:
        text = text[1:]  # the method: there is only one
    elif kind == b"iTXt":
        packed = text[:1] == b"\1"
        text = text[2:].partition(b"\0")[2].partition(b"\0")[2]  # language and translated keyword
    if packed:
        try:
            text = zlib.decompressobj().decompress(text, _MAX_CHUNK)
        except zlib.error:
            text = b""
    return keyword, text


def _from_hexadecimal(text: bytes) -> bytes | None:
    """ImageMagick writes a name, a length, and lines of hexadecimal."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return None


def decode_png_16(stream: BinaryIO, clear: object, icc: bytes | None) -> Decoded:
    """`clear` is the one colour that stands for nothing, as Pillow reads it from the header."""
    stream.seek(0)
    array = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.dtype != np.uint16:
        raise InputError(
            "the file is damaged: its pixels cannot be decoded", hint="copy or download it again"
        )
    array = array[:, :, None] if array.ndim == 2 else array
    gray = "L" in png_mode(stream)  # OpenCV makes four channels of gray with alpha
    pixels = np.ascontiguousarray(array[:, :, :1] if gray else array[:, :, 2::-1])
    alpha = np.ascontiguousarray(array[:, :, 3]) if array.shape[2] == 4 else None
    if alpha is None and isinstance(clear, int):  # OpenCV sees to the clear colour, but not to the clear gray
        alpha = np.where(pixels[:, :, 0] == clear, 0, 65535).astype(np.uint16)
    return Decoded(pixels, alpha, icc=icc)
