"""TIFF, of which Pillow loses without a word: 16 bits of colour, channels that lie apart, alpha.

Pillow does decode one gray channel in full, from every compression and byte order. So such files get a new
header that calls their strips gray: of each channel where they lie apart, else of one image that is as many
times wider as there are channels. Written here as well: strips packed on all cores.

Longer than its neighbours, as there is more to TIFF, and one file knows it all.
"""

import io
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from typing import Any, BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2, TiffImageFile

from ...errors import InputError, OutputError
from .. import iptc
from ..codec import Codec, Decoded, Header, begins, cut_off, damaged, size_of
from ..exif import as_stored, dots_per_inch, upright_metadata
from ..image import Image, Metadata, Origin
from ..pillow import decode, part_of_pillow
from ..pixels import on_all_cores, rows_of

Tags = Mapping[int, Any]

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_SAMPLES, _PLANAR, _PREDICTOR, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 277, 284, 317, 338, 339
_STRIP_ROWS, _STRIP_OFFSETS, _STRIP_LENGTHS = 278, 273, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_LENGTHS = 322, 323, 324, 325
_ORIENTATION, _X_DPI, _Y_DPI, _DPI_UNIT, _XMP, _ICC = 274, 282, 283, 296, 700, 34675
_EXIF_IFD, _GPS_IFD, _PHOTOSHOP, _IPTC = 34665, 34853, 34377, 33723
_SUBFILE_TYPE, _MAKE, _SUB_IFDS, _DNG_VERSION = 254, 271, 330, 50706

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_NAMES = {_RGB: "RGB", _PALETTE: "P", _CMYK: "CMYK", _YCBCR: "YCbCr", _LAB: "LAB"}
_COLOURS = {_RGB: 3, _CMYK: 4, _YCBCR: 3, _LAB: 3}  # channels; the others have one
_CAMERA_PHOTOMETRICS = (32803, 34892)
_PREMULTIPLIED, _UNASSOCIATED = 1, 2
_SEPARATE = 2
_HORIZONTAL = 2
_INCHES = 2
_DEFLATE, _OLD_DEFLATE = 8, 32946
_CR2 = b"CR"
_MOST_SAMPLES, _LARGEST_TILE, _MOST_DIRECTORIES = 16, 1 << 24, 16
_LOSSY_COMPRESSIONS = (6, 7, 34892, 50001)  # JPEG, old and new, and WebP
_BYTE, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 3, 4, 5, 7
_STRIP_BYTES = 1 << 20
_MAX_BYTES = (1 << 32) - (1 << 24)  # offsets have 32 bits; some room for the header
_DIVIDED = "premultiplied alpha divided out"

# Tags that describe how the file is stored, not the picture; the pixels are stored anew.
# fmt: off
_STORAGE_TAGS = frozenset((
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284,
    290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336,
    337, 338, 339, 340, 341, 342, 343, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532,
    700, 34377, 34675, 37724,  # XMP, ICC and Photoshop: kept on their own, or meaningless elsewhere
))
# fmt: on


def _read(stream: BinaryIO) -> Header:
    tags = _tags(stream)
    _check_supported(tags, stream)
    _check_strips(tags, stream)
    bits = max(_tuple(tags.get(_BITS, 1)))
    alpha, spare = _extra_channels(tags)
    colour = _NAMES.get(tags[_PHOTOMETRIC], "1" if bits == 1 else "L")
    mode = colour + "A" * alpha + ";16" * (bits == 16)
    lossless = tags.get(_COMPRESSION) not in _LOSSY_COMPRESSIONS
    left_out = (f"{spare} of {tags[_SAMPLES]} channels, neither colour nor alpha",) if spare else ()
    pages = _count_pages(stream)
    origin = Origin("TIFF", mode, bits, frames=pages, lossless=lossless, left_out=left_out)
    orientation = tags.get(_ORIENTATION, 1)
    orientation = orientation if orientation in range(1, 9) else 1
    metadata = upright_metadata(_metadata(tags, stream), orientation)
    if _needs_planes(tags, bits, spare):
        return Header(
            tags[_WIDTH], tags[_HEIGHT], origin, metadata, orientation, lambda: _decode_planes(tags, stream)
        )
    # Pillow turns what it decodes of a TIFF file upright itself.
    width, height = (tags[_WIDTH], tags[_HEIGHT])[:: -1 if orientation >= 5 else 1]
    return Header(width, height, origin, metadata, 1, lambda: _decode_by_pillow(tags, stream))


def _tags(stream: BinaryIO) -> Tags:
    stream.seek(0)
    directory = ImageFileDirectory_v2(stream.read(8))
    stream.seek(directory.next)
    directory.load(stream)
    if _WIDTH not in directory or _HEIGHT not in directory or _PHOTOMETRIC not in directory:
        raise cut_off("its header is incomplete")
    return dict(directory)


def _check_supported(tags: Tags, stream: BinaryIO) -> None:
    if _is_raw(tags, stream):
        raise InputError(
            "this is a camera raw file", hint="develop it to a 16-bit TIFF first, in a raw converter"
        )
    if set(_tuple(tags.get(_SAMPLE_FORMAT, 1))) != {1} or max(_tuple(tags.get(_BITS, 1))) > 16:
        raise InputError(
            "TIFF with float, signed or 32-bit pixels is not supported", hint="convert it to 16 bit first"
        )

    samples, area = tags.get(_SAMPLES, 1), tags[_WIDTH] * tags[_HEIGHT]
    if samples > _MOST_SAMPLES:
        raise InputError(f"TIFF with {samples} channels is not supported")
    if tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_HEIGHT, 0) > max(_LARGEST_TILE, 4 * area):
        raise damaged(f"tiles of {tags[_TILE_WIDTH]} x {tags[_TILE_HEIGHT]} pixels")


def _is_raw(tags: Tags, stream: BinaryIO) -> bool:
    """Whether the file is a camera's: what stands first in it is a preview then, not the photo."""
    stream.seek(8)
    if _DNG_VERSION in tags or stream.read(2) == _CR2:
        return True
    directories = [tags, *_other_directories(tags, stream)]
    if any(other.get(_PHOTOMETRIC) in _CAMERA_PHOTOMETRICS for other in directories):
        return True
    largest = max(other.get(_WIDTH, 0) * other.get(_HEIGHT, 0) for other in directories)
    return _SUB_IFDS in tags and _MAKE in tags and largest > tags[_WIDTH] * tags[_HEIGHT]


def _other_directories(tags: Tags, stream: BinaryIO) -> Iterator[Tags]:
    """Those beside the first: behind it, and those that it names. A damaged one is passed over."""
    stream.seek(0)
    head = stream.read(8)
    first = ImageFileDirectory_v2(head)
    stream.seek(first.next)
    first.load(stream)
    places = [first.next, *(place for place in _tuple(tags.get(_SUB_IFDS, ())) if isinstance(place, int))]
    for place in places[:_MOST_DIRECTORIES]:
        other = ImageFileDirectory_v2(head)
        with suppress(Exception):  # of Pillow's parsing, as in read.py
            if place:
                stream.seek(place)
                other.load(stream)
                yield dict(other)


def _damage(data: bytes) -> str | None:
    """Deflate keeps a checksum of every strip, at which libtiff does not look. Other codings have none."""
    tags = _tags(io.BytesIO(data))
    if tags.get(_COMPRESSION) not in (_DEFLATE, _OLD_DEFLATE):
        return None
    starts = _tuple(tags.get(_STRIP_OFFSETS, tags.get(_TILE_OFFSETS, ())))
    lengths = _tuple(tags.get(_STRIP_LENGTHS, tags.get(_TILE_LENGTHS, ())))
    pieces = list(zip(starts, lengths, strict=False))
    view = memoryview(data)
    bad = sum(on_all_cores(lambda piece: _is_bad(view[piece[0] : piece[0] + piece[1]]), pieces))
    return f"wrong checksum in {bad} of {len(pieces)} parts" if bad else None


def _is_bad(piece: memoryview) -> bool:
    stream = zlib.decompressobj()
    try:
        while piece and not stream.eof:
            stream.decompress(piece, _STRIP_BYTES)
            piece = memoryview(stream.unconsumed_tail)
    except zlib.error:
        return True
    return False


def _check_strips(tags: Tags, stream: BinaryIO) -> None:
    """Are all pieces named and in the file? The decoder forgives what is missing and leaves it black."""
    starts = _tuple(tags.get(_STRIP_OFFSETS, tags.get(_TILE_OFFSETS, ())))
    lengths = _tuple(tags.get(_STRIP_LENGTHS, tags.get(_TILE_LENGTHS, ())))
    places = zip(starts, lengths, strict=False)
    if len(starts) < _count_pieces(tags) or max(map(sum, places), default=0) > size_of(stream):
        raise cut_off("pixels are missing")


def _count_pieces(tags: Tags) -> int:
    """How many strips or tiles the image consists of."""
    width, height = tags[_WIDTH], tags[_HEIGHT]
    planes = tags.get(_SAMPLES, 1) if tags.get(_PLANAR) == _SEPARATE else 1
    if _TILE_WIDTH in tags:
        return planes * math.ceil(width / tags[_TILE_WIDTH]) * math.ceil(height / tags[_TILE_HEIGHT])
    return planes * math.ceil(height / tags.get(_STRIP_ROWS, height))


def _count_pages(stream: BinaryIO) -> int:
    stream.seek(0)
    head = stream.read(8)
    order = "<" if head.startswith(b"II") else ">"
    seen: set[int] = set()
    (position,) = struct.unpack(order + "L", head[4:])
    while position and position not in seen:
        stream.seek(position)
        count = stream.read(2)
        if len(count) < 2:
            break
        seen.add(position)
        stream.seek(position + 2 + 12 * struct.unpack(order + "H", count)[0])
        following = stream.read(4)
        position = struct.unpack(order + "L", following)[0] if len(following) == 4 else 0
    return len(seen)


def _metadata(tags: Tags, stream: BinaryIO) -> Metadata:
    """A TIFF file is itself the structure that EXIF borrows: keep of it what describes the picture."""
    exif = Pillow.Exif()
    stream.seek(0)
    exif.load_from_fp(stream)
    resources, record = _bytes(tags.get(_PHOTOSHOP)), tags.get(_IPTC)
    if any(isinstance(part, int) for part in _tuple(record)):
        record = None  # some programs call it numbers: it stays among the other tags
    record = _bytes(record) or (iptc.from_resources(resources) if resources else None)
    for tag in list(exif):
        if tag in _STORAGE_TAGS or (tag == _IPTC and record):
            del exif[tag]
        else:
            exif[tag] = as_stored(exif.get_ifd(tag) if tag in (_EXIF_IFD, _GPS_IFD) else exif[tag])
    return Metadata(
        icc=_bytes(tags.get(_ICC)),
        exif=exif.tobytes().removeprefix(b"Exif\0\0") if len(exif) else None,
        xmp=_bytes(tags.get(_XMP)),
        iptc=record,
        dpi=dots_per_inch(tags.get(_X_DPI, 0), tags.get(_Y_DPI, 0), tags.get(_DPI_UNIT, _INCHES)),
    )


def _bytes(value: Any) -> bytes | None:
    if isinstance(value, tuple) and all(isinstance(part, bytes) for part in value):
        return b"".join(value) or None
    return bytes(value) if isinstance(value, (bytes, bytearray, tuple)) and value else None


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _extra_channels(tags: Tags) -> tuple[bool, int]:
    """Whether one of the channels is alpha, and how many are neither colour nor alpha."""
    extra = tags.get(_SAMPLES, 1) - _COLOURS.get(tags[_PHOTOMETRIC], 1)
    unsaid = _UNASSOCIATED if extra == 1 else 0
    alpha = extra > 0 and _tuple(tags.get(_EXTRA_SAMPLES, unsaid))[0] in (_PREMULTIPLIED, _UNASSOCIATED)
    return alpha, max(0, extra - alpha)


def _needs_planes(tags: Tags, bits: int, spare: int) -> bool:
    if tags[_PHOTOMETRIC] not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) or bits not in (8, 16):
        return False
    apart = tags.get(_SAMPLES, 1) > 1 and tags.get(_PLANAR) == _SEPARATE
    return (bits == 16 or apart or spare > 0) and tags.get(_COMPRESSION) not in _LOSSY_COMPRESSIONS


def _decode_by_pillow(tags: Tags, stream: BinaryIO) -> Decoded:
    stream.seek(0)
    decoded = decode(_with_memory(_opened(stream), tags), _bytes(tags.get(_ICC)))
    if decoded.pixels.dtype == np.uint16:  # 12 bits, which Pillow leaves in 0..4095
        return replace(decoded, pixels=(decoded.pixels.astype(np.uint32) * 65535 // 4095).astype(np.uint16))
    if decoded.alpha is not None and _tuple(tags.get(_EXTRA_SAMPLES))[0] == _PREMULTIPLIED:
        return replace(decoded, notes=(_DIVIDED,))
    return decoded


def _opened(stream: BinaryIO) -> TiffImageFile:
    try:
        return TiffImageFile(stream)
    except SyntaxError as error:
        if "unknown pixel mode" not in str(error):
            raise
        raise InputError(
            "TIFF with such channels is not supported", hint="convert it to 8 or 16 bit RGB first"
        ) from error


def _with_memory(picture: TiffImageFile, tags: Tags) -> TiffImageFile:
    """Memory of our own for the pixels, or Pillow would refuse large ones by its own limit."""
    picture.info.pop("xmp", None)  # by which Pillow would turn pixels that the file itself calls upright
    picture.im = Pillow.new(picture.mode, (tags[_WIDTH], tags[_HEIGHT])).im
    return picture


def _decode_planes(tags: Tags, stream: BinaryIO) -> Decoded:
    samples = tags.get(_SAMPLES, 1)
    colours = 3 if tags[_PHOTOMETRIC] == _RGB else 1
    if samples < colours:
        raise damaged("too few channels")
    stream.seek(0)
    data = stream.read()
    if tags.get(_PLANAR) == _SEPARATE:
        array = np.concatenate([_plane(tags, data, at, samples) for at in range(samples)], axis=2)
    else:
        array = _plane(tags, data, 0, 1, interleaved=samples)
    pixels = np.ascontiguousarray(array[:, :, :colours])
    if tags[_PHOTOMETRIC] == _WHITE_IS_ZERO:
        pixels = np.iinfo(pixels.dtype).max - pixels
    icc = _bytes(tags.get(_ICC))
    has_alpha, _ = _extra_channels(tags)
    if not has_alpha:
        return Decoded(pixels, None, icc=icc)
    alpha = np.ascontiguousarray(array[:, :, colours])
    if _tuple(tags.get(_EXTRA_SAMPLES))[0] == _PREMULTIPLIED:
        return Decoded(_divided(pixels, alpha), alpha, (_DIVIDED,), icc)
    return Decoded(pixels, alpha, icc=icc)


def _plane(tags: Tags, data: bytes, plane: int, planes: int, interleaved: int = 1) -> np.ndarray:
    """(H, W, interleaved): strips of one plane, or of all channels as one gray image that is wider."""
    kept = (_HEIGHT, _COMPRESSION, _FILL_ORDER, _STRIP_ROWS, _TILE_HEIGHT)
    header = {tag: tags[tag] for tag in kept if tag in tags}
    # What was predicted from the pixel to the left is not the neighbour in the wider image: undone below.
    predicted = interleaved > 1 and tags.get(_PREDICTOR) == _HORIZONTAL
    header |= {_WIDTH: tags[_WIDTH] * interleaved, _BITS: max(_tuple(tags[_BITS])), _SAMPLES: 1}
    header |= {_PHOTOMETRIC: _BLACK_IS_ZERO, _PREDICTOR: 1 if predicted else tags.get(_PREDICTOR, 1)}
    if _TILE_WIDTH in tags:
        header[_TILE_WIDTH] = tags[_TILE_WIDTH] * interleaved
    in_strips = _STRIP_OFFSETS in tags
    offsets, lengths = (_STRIP_OFFSETS, _STRIP_LENGTHS) if in_strips else (_TILE_OFFSETS, _TILE_LENGTHS)
    each = len(tags[offsets]) // planes
    mine = slice(plane * each, (plane + 1) * each)
    header |= {offsets: tags[offsets][mine], lengths: tags[lengths][mine]}
    array = _decode_gray(header, data).reshape(tags[_HEIGHT], tags[_WIDTH], interleaved)
    return _undo_prediction(array, tags.get(_TILE_WIDTH, tags[_WIDTH])) if predicted else array


def _decode_gray(header: dict[int, Any], data: bytes) -> np.ndarray:
    # The new header goes in front of the whole old file, and its length has to be added to every offset:
    # for strips Pillow does so itself, as the pixels of its own files follow their header.
    if _TILE_OFFSETS in header:
        length = len(_packed(header, data[:2]))
        header = header | {_TILE_OFFSETS: tuple(offset + length for offset in header[_TILE_OFFSETS])}
    picture = TiffImageFile(io.BytesIO(_packed(header, data[:2]) + data))
    _with_memory(picture, header).load()
    array = np.asarray(picture)
    return array.astype(array.dtype.newbyteorder("="))  # a copy that can be written to


def _packed(tags: Tags, byte_order: bytes) -> bytes:
    directory = ImageFileDirectory_v2(prefix=byte_order)
    for tag, value in tags.items():
        _put(directory, (tag, _LONG if isinstance(value, tuple) or value > 65535 else _SHORT, value))
    packed = io.BytesIO()
    directory.save(packed)
    return packed.getvalue()


def _undo_prediction(array: np.ndarray, tile_width: int) -> np.ndarray:
    """Each pixel was stored as the difference to its left neighbour in the same tile."""
    for left in range(0, array.shape[1], tile_width):
        tile = array[:, left : left + tile_width]
        np.cumsum(tile, axis=1, dtype=array.dtype, out=tile)
    return array


def _divided(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    top = np.iinfo(pixels.dtype).max
    opacity = np.maximum(alpha, 1)[:, :, None].astype(np.float32) / top
    return np.minimum(np.rint(pixels / opacity), top).astype(pixels.dtype)


def _encode(stream: BinaryIO, image: Image, _: int | None) -> None:
    pixels, alpha = image.pixels, image.alpha
    samples = image.channels + (alpha is not None)
    rows = max(1, _STRIP_BYTES // (image.width * samples * pixels.dtype.itemsize))

    def packed(top: int) -> bytes:
        band = rows_of(pixels, alpha, top, top + rows)
        differences = band.copy()
        differences[:, 1:] -= band[:, :-1]
        packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)  # as fast as in png.py
        return packer.compress(differences.astype(differences.dtype.newbyteorder("<")).data) + packer.flush()

    strips = list(on_all_cores(packed, range(0, image.height, rows)))
    lengths = [len(strip) for strip in strips]
    if sum(lengths) > _MAX_BYTES:
        raise OutputError("the image does not fit into the 4 GB of a TIFF file", hint="write PNG")

    directory = _directory_with(image.metadata)
    _put(
        directory,
        (_WIDTH, _LONG, image.width),
        (_HEIGHT, _LONG, image.height),
        (_BITS, _SHORT, (pixels.dtype.itemsize * 8,) * samples),
        (_COMPRESSION, _SHORT, _DEFLATE),
        (_PHOTOMETRIC, _SHORT, _RGB if image.channels == 3 else _BLACK_IS_ZERO),
        (
            _STRIP_OFFSETS,
            _LONG,
            tuple(accumulate(lengths[:-1], initial=0)),
        ),  # Pillow adds the header's length
        (_SAMPLES, _SHORT, samples),
        (_STRIP_ROWS, _LONG, rows),
        (_STRIP_LENGTHS, _LONG, tuple(lengths)),
        (_PREDICTOR, _SHORT, _HORIZONTAL),
        *([(_EXTRA_SAMPLES, _SHORT, _UNASSOCIATED)] if alpha is not None else []),
    )
    directory.save(stream)
    for strip in strips:
        stream.write(strip)


def _put(directory: ImageFileDirectory_v2, *entries: tuple[int, int, Any]) -> None:
    for tag, kind, value in entries:
        directory.tagtype[tag] = kind
        directory[tag] = value


def _directory_with(metadata: Metadata) -> ImageFileDirectory_v2:
    """A directory that holds the metadata. EXIF is spread over the tags of the file itself."""
    directory = ImageFileDirectory_v2()
    if metadata.exif:
        block = Pillow.Exif()
        block.load(metadata.exif)
        for tag, value in block.items():
            if tag not in _STORAGE_TAGS and not (tag == _IPTC and metadata.iptc):
                below = block.get_ifd(tag) if tag in (_EXIF_IFD, _GPS_IFD) else None
                directory[tag] = as_stored(value if below is None else below)
    if metadata.dpi:
        across, down = map(IFDRational, metadata.dpi)
        _put(directory, (_X_DPI, _RATIONAL, across), (_Y_DPI, _RATIONAL, down), (_DPI_UNIT, _SHORT, _INCHES))
    for tag, kind, data in (
        (_XMP, _BYTE, metadata.xmp),
        (_IPTC, _UNDEFINED, metadata.iptc),
        (_ICC, _UNDEFINED, metadata.icc),
    ):
        if data:
            _put(directory, (tag, kind, data))
    return directory


TIFF = Codec(
    "TIFF",
    suffixes=(".tif", ".tiff"),
    knows=begins(b"II*\0", b"MM\0*"),
    read=_read,
    damage=_damage,
    encode=_encode,
    deep=True,
    alpha=True,
    holds=("icc", "exif", "xmp", "iptc", "dpi"),
    rebuilds_exif=True,
    library=part_of_pillow("libtiff"),
)
