"""read: a file, bytes or a stream to an Image; anything that is not a whole image to an InputError."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import BinaryIO, TypeVar

from ..errors import InputError
from ..wording import reason
from .decode import Decoded, turn_upright
from .formats import sniff
from .header import Header, pillow_header
from .image import Image
from .integrity import check_whole, cut_off
from .names import Source, describe
from .quiet import quiet_pillow
from .tiff_read import tiff_header

DEFAULT_MAX_PIXELS = 400_000_000

Wanted = TypeVar("Wanted")


def read(source: Source, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Image:
    """The first image in a file, a stream or the bytes of a file: upright, in its own depth."""
    return _assembled(*_read(source, max_pixels, lambda header: (header, header.decode())))


def read_size(source: Source, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> tuple[int, int]:
    """Height and width of the upright image, without decoding it."""
    return _read(source, max_pixels, _upright_size)


def _upright_size(header: Header) -> tuple[int, int]:
    turned = header.orientation >= 5
    return (header.width, header.height) if turned else (header.height, header.width)


def _read(source: Source, max_pixels: int, finish: Callable[[Header], Wanted]) -> Wanted:
    name = describe(source)
    try:
        with _opened(source) as stream, quiet_pillow:
            return _from_header(stream, PurePath(name).suffix, max_pixels, finish)
    except InputError as error:
        raise InputError(f"{name}: {error.message}", hint=error.hint) from error.__cause__


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """The source as a stream that can be read twice."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, (str, os.PathLike)):
        with _open_file(source) as stream:
            yield stream
    else:
        yield io.BytesIO(source.read())


def _open_file(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 (the caller closes it)
    except FileNotFoundError as error:
        raise InputError("there is no such file") from error
    except IsADirectoryError as error:
        raise InputError("this is a folder, not an image") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        if Path(path).is_dir():  # Windows says "permission denied" for folders
            raise InputError("this is a folder, not an image") from error
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot be opened: {why}") from error
    return stream if stream.seekable() else _held(stream)


def _held(stream: BinaryIO) -> BinaryIO:
    """A pipe or device, read to its end."""
    with stream:
        return io.BytesIO(stream.read())


def _from_header(
    stream: BinaryIO, suffix: str, max_pixels: int, finish: Callable[[Header], Wanted]
) -> Wanted:
    format = sniff(stream, suffix)
    try:
        check_whole(stream, format)
        header = tiff_header(stream) if format == "TIFF" else pillow_header(stream, format)
        _check_size(header, max_pixels)
        return finish(header)
    except (InputError, MemoryError):
        raise
    except OSError as error:
        raise _translated(error, format) from error
    # The documented edge: on broken files decoders raise whatever their parsing stumbles over.
    except Exception as error:
        raise InputError(f"the file is damaged: it cannot be decoded as {format}") from error


def _check_size(header: Header, max_pixels: int) -> None:
    width, height = header.width, header.height
    if width * height > max_pixels:
        raise InputError(
            f"{width} x {height} pixels are more than {_many(max_pixels)}",
            hint=f"--max-pixels {width * height} if you trust the file",
        )


def _many(pixels: int) -> str:
    return f"{pixels / 1e6:g} megapixels" if pixels >= 100_000 else f"{pixels} pixels"


def _assembled(header: Header, decoded: Decoded) -> Image:
    pixels, alpha, origin, notes = decoded.pixels, decoded.alpha, header.origin, decoded.notes
    held = pixels.dtype.itemsize * 8
    if origin.bits > held:
        notes = (*notes, f"{origin.bits} bits per channel read as {held}")
    notes = (*notes, *(f"left out: {what}" for what in origin.left_out))
    if origin.frames > 1:
        notes = (*notes, f"the first of {origin.frames} pictures in the file")
    return Image(
        turn_upright(pixels, header.orientation),
        None if alpha is None else turn_upright(alpha, header.orientation),
        replace(header.metadata, icc=decoded.icc),
        origin,
        notes,
    )


def _translated(error: OSError, format: str) -> InputError:
    if error.errno is not None:
        return InputError(f"cannot be read: {reason(error)}")
    if "truncated" in str(error):
        return cut_off("pixels are missing")
    return InputError(f"the file is damaged: it cannot be decoded as {format}")
