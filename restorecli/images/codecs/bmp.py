"""BMP. Short, as Pillow does it all."""

from typing import BinaryIO

from PIL.BmpImagePlugin import BmpImageFile

from ..codec import Codec, begins
from ..image import Image
from ..pillow import reader, save


def _encode(stream: BinaryIO, image: Image, _: int | None) -> None:
    save(stream, image, "BMP")


BMP = Codec(
    "BMP",
    suffixes=(".bmp", ".dib"),
    knows=begins(b"BM"),
    read=reader(BmpImageFile, "BMP"),
    encode=_encode,
    holds=("dpi",),
)
