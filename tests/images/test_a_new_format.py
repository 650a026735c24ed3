"""A format is one value: with its row in the table it is found, read, repaired and written."""

import io
from typing import BinaryIO

import numpy as np
import pytest
from independent import photo

from restorecli.cli.app import main
from restorecli.images import CODECS, Codec, Image, Metadata, Origin, WriteOptions, lost_in_place, read, write
from restorecli.images.codec import Decoded, Header, begins, cut_off

MARK = b"TOY!"


def read_toy(stream: BinaryIO) -> Header:
    stream.seek(len(MARK))
    height, width = np.frombuffer(stream.read(8), "<u4").tolist()
    body = np.frombuffer(stream.read(), np.uint8)
    if body.size < height * width * 3:
        raise cut_off("pixels are missing")
    decoded = Decoded(body.reshape(height, width, 3).copy(), None)
    return Header(width, height, Origin("TOY", "RGB", 8), Metadata(), 1, lambda: decoded)


def write_toy(stream: BinaryIO, image: Image, _: int | None) -> None:
    pixels = np.broadcast_to(image.pixels, (image.height, image.width, 3))
    stream.write(MARK + np.array(pixels.shape[:2], "<u4").tobytes() + pixels.tobytes())


TOY = Codec(
    "TOY", suffixes=(".toy",), knows=begins(MARK), read=read_toy, encode=write_toy, holds=(), max_side=500
)


@pytest.fixture(autouse=True)
def _with_the_format(monkeypatch):
    monkeypatch.setitem(CODECS, "TOY", TOY)


def test_it_is_read_and_written():
    stream = io.BytesIO()
    receipt = write(photo(20, 30), stream, WriteOptions(format="toy"))
    assert receipt.format == "TOY"
    image = read(stream.getvalue())
    np.testing.assert_array_equal(image.pixels, photo(20, 30))
    assert lost_in_place(image.origin, ".toy") is None
    again = io.BytesIO()
    assert write(image, again).format == "TOY"  # a stream gets the format that the image came in
    assert again.getvalue() == stream.getvalue()


def test_what_it_cannot_hold_is_said():
    deep = Image.from_array(photo(9, 7, 4).astype(np.uint16) * 257)
    lost = write(deep, io.BytesIO(), WriteOptions(format="toy")).lost
    assert lost == ("alpha: TOY has none, put on white", "16 bit: TOY holds 8")


def test_the_command_takes_it(tmp_path):
    source, target = tmp_path / "x.toy", tmp_path / "y.toy"
    write(photo(20, 30), source)
    assert main(["denoise", str(source), "-o", str(target), "--model", "identity", "--quiet"]) == 0
    np.testing.assert_array_equal(read(target).pixels, photo(20, 30))
