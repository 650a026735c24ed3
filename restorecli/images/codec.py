"""Codec: everything there is to know about one format, as a value; and what its reader hands out."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from ..errors import InputError, OutputError
from .image import Image, Metadata, Origin

_AGAIN = "copy or download it again"
_LEFT = f"{_AGAIN}; --damaged restores what is left of it"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels as they stood in the file: not turned upright yet."""

    pixels: np.ndarray  # (H, W, 1 or 3)
    alpha: np.ndarray | None
    notes: tuple[str, ...] = ()
    icc: bytes | None = None  # the profile of these pixels, which is not always the file's


@dataclass(frozen=True, slots=True)
class Header:
    """An image whose pixels have not been decoded yet."""

    width: int
    height: int
    origin: Origin
    metadata: Metadata  # already for upright pixels
    orientation: int  # what the decoded pixels still have to be turned by
    decode: Callable[[], Decoded]


@dataclass(frozen=True, slots=True)
class Library:
    """What a codec needs and an installation may lack."""

    version: Callable[[], str | None]  # None: it is not there
    absent: str
    remedy: str  # what to type


@dataclass(frozen=True, slots=True, eq=False)
class Codec:
    """One format. Whatever differs between formats is a field here; nobody else compares names."""

    name: str  # as messages and receipts call it, in capitals
    suffixes: tuple[str, ...]  # the first is the one to recommend
    knows: Callable[[bytes], bool] | None  # such a file, by its first 512 bytes; None: by its suffix alone
    read: Callable[[BinaryIO], Header]  # InputError where bytes are missing that its decoder would not miss

    # What is wrong with the pixels of a file although its decoder would not say; None where nothing is found.
    damage: Callable[[bytes], str | None] | None = None
    completed: Callable[[bytes], bytes] | None = None  # one that is cut off, with an end

    # Writes 8 (or 16) bits, gray or RGB, with what the fields below allow; the number is the JPEG quality
    # that was asked for. None: the format is read only.
    encode: Callable[[BinaryIO, Image, int | None], None] | None = None
    deep: bool = False  # written with 16 bits
    alpha: bool = False
    holds: tuple[str, ...] = ()  # the fields of Metadata that are written
    most_bytes: Mapping[str, int] = field(default_factory=dict)  # of such a field
    rebuilds_exif: bool = False  # instead of copying it: a damaged block cannot be written
    max_side: int | None = None  # pixels
    brings_blocks: bool = False  # its losses are those that dejpeg takes away
    pages: bool = True  # what follows the first picture is a picture too, and would be missed

    title: str = ""  # as people write it, where that is not the name
    library: Library | None = None

    @property
    def words(self) -> str:
        return self.title or self.name


def begins(*marks: bytes) -> Callable[[bytes], bool]:
    """For `knows`: the file begins with one of these."""
    return lambda head: head.startswith(marks)


def cut_off(detail: str, *, readable: bool = False) -> InputError:
    """`readable`: what is left of it can be decoded."""
    return InputError(f"the file is cut off: {detail}", hint=_LEFT if readable else _AGAIN)


def damaged(detail: str, *, readable: bool = False) -> InputError:
    return InputError(f"the file is damaged: {detail}", hint=_LEFT if readable else _AGAIN)


def cannot_hold(image: Image, name: str, error: Exception) -> OutputError:
    """For encoders that say by any exception that a picture is too large for them."""
    size = f"{image.width} x {image.height}"
    return OutputError(f"{name} cannot hold these {size} pixels: {error}", hint="write PNG or TIFF")


def size_of(stream: BinaryIO) -> int:
    return stream.seek(0, os.SEEK_END)
