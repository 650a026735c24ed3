"""read: a file, bytes or a stream to an Image; anything that is not a whole image to an InputError."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import BinaryIO, TypeVar

import numpy as np

from ..errors import InputError
from ..wording import reason
from .codec import Codec, Decoded, Header, cut_off
from .codec import damaged as is_damaged
from .codecs import sniff
from .image import Image, Source, describe
from .pillow import quiet_pillow

DEFAULT_MAX_PIXELS = 400_000_000

Wanted = TypeVar("Wanted")
Finish = Callable[[Codec, Header, BinaryIO], Wanted]

_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}


def read(source: Source, *, max_pixels: int = DEFAULT_MAX_PIXELS, damaged: bool = False) -> Image:
    """The first image in a file, a stream or the bytes of a file: upright, in its own depth.

    Of a file that is damaged, where its format can tell, InputError says what is wrong; with `damaged` what
    is left of it is read, and noted.
    """

    def decoded(codec: Codec, header: Header, stream: BinaryIO) -> Image:
        problem = None
        if codec.damage is not None:
            stream.seek(0)
            problem = codec.damage(stream.read())
        if problem is not None and not damaged:
            raise is_damaged(problem, readable=True)
        return _assembled(header, header.decode(), problem)

    return _read(source, max_pixels, decoded, damaged=damaged)


def read_size(source: Source, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> tuple[int, int]:
    """Height and width of the upright image, without decoding it."""
    return _read(source, max_pixels, _upright_size)


def _upright_size(_codec: Codec, header: Header, _stream: BinaryIO) -> tuple[int, int]:
    turned = header.orientation >= 5
    return (header.width, header.height) if turned else (header.height, header.width)


def _read(source: Source, max_pixels: int, finish: Finish[Wanted], *, damaged: bool = False) -> Wanted:
    name = describe(source)
    try:
        with _opened(source) as stream, quiet_pillow:
            return _from_header(stream, PurePath(name).suffix, max_pixels, finish, damaged)
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
    stream: BinaryIO, suffix: str, max_pixels: int, finish: Finish[Wanted], damaged: bool
) -> Wanted:
    codec = sniff(stream, suffix)
    try:
        if damaged and codec.completed is not None:
            stream.seek(0)
            stream = io.BytesIO(codec.completed(stream.read()))
        header = codec.read(stream)
        _check_size(header, max_pixels)
        return finish(codec, header, stream)
    except (InputError, MemoryError):
        raise
    except OSError as error:
        raise _translated(error, codec.name) from error
    # The documented edge: on broken files decoders raise whatever their parsing stumbles over.
    except Exception as error:
        raise InputError(f"the file is damaged: it cannot be decoded as {codec.name}") from error


def _check_size(header: Header, max_pixels: int) -> None:
    width, height = header.width, header.height
    if width * height > max_pixels:
        raise InputError(
            f"{width} x {height} pixels are more than {_many(max_pixels)}",
            hint=f"--max-pixels {width * height} if you trust the file",
        )


def _many(pixels: int) -> str:
    return f"{pixels / 1e6:g} megapixels" if pixels >= 100_000 else f"{pixels} pixels"


def _assembled(header: Header, decoded: Decoded, damage: str | None) -> Image:
    pixels, alpha, origin, notes = decoded.pixels, decoded.alpha, header.origin, decoded.notes
    if damage is not None:
        origin = replace(origin, damage=damage)
        notes = (*notes, f"the file is damaged: {damage}; what is left of it was restored")
    held = pixels.dtype.itemsize * 8
    if origin.bits > held:
        notes = (*notes, f"{origin.bits} bits per channel read as {held}")
    notes = (*notes, *(f"left out: {what}" for what in origin.left_out))
    if origin.frames > 1:
        notes = (*notes, f"the first of {origin.frames} pictures in the file")
    return Image(
        _turned(pixels, header.orientation),
        None if alpha is None else _turned(alpha, header.orientation),
        replace(header.metadata, icc=decoded.icc),
        origin,
        notes,
    )


def _turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """The array as it is meant to be seen, for the EXIF orientations 1 to 8."""
    return np.ascontiguousarray(_TURNS[orientation](array))


def _translated(error: OSError, format: str) -> InputError:
    if error.errno is not None:
        return InputError(f"cannot be read: {reason(error)}")
    if "truncated" in str(error):
        return cut_off("pixels are missing")
    return InputError(f"the file is damaged: it cannot be decoded as {format}")
