"""Files that are no whole image: one clear line each, never a part of a picture."""

import io
import os
import subprocess
import sys
import tempfile
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from independent import make_png, photo
from PIL import Image as Pillow

from restorecli.errors import InputError
from restorecli.images import Image, WriteOptions, pillow, read, write


def _files() -> dict[str, bytes]:
    colours = Pillow.fromarray(photo(40, 56))
    deep = photo(40, 56, 3, np.uint16)
    files = {"png16": make_png(deep), "png16 by cv2": cv2.imencode(".png", deep)[1].tobytes()}
    files["tiff16 lzw"] = cv2.imencode(".tif", deep)[1].tobytes()
    for name, picture, format, options in (
        ("png", colours, "PNG", {}),
        ("png palette", colours.quantize(32), "PNG", {}),
        ("jpeg", colours, "JPEG", {}),
        ("jpeg progressive", colours, "JPEG", {"progressive": True}),
        ("jpeg gray", colours.convert("L"), "JPEG", {}),
        ("jpeg cmyk", colours.convert("CMYK"), "JPEG", {}),
        ("jpeg restarts", colours, "JPEG", {"restart_marker_rows": 1}),
        ("tiff", colours, "TIFF", {}),
        ("tiff lzw", colours, "TIFF", {"compression": "tiff_lzw"}),
        ("tiff deflate", colours, "TIFF", {"compression": "tiff_adobe_deflate"}),
        ("tiff packbits", colours, "TIFF", {"compression": "packbits"}),
        ("tiff jpeg", colours, "TIFF", {"compression": "jpeg"}),
        ("tiff fax", colours.convert("1"), "TIFF", {"compression": "group4"}),
        ("webp", colours, "WEBP", {}),
        ("webp lossless", colours, "WEBP", {"lossless": True}),
        ("avif", colours, "AVIF", {}),
        ("bmp", colours, "BMP", {}),
        ("bmp palette", colours.quantize(32), "BMP", {}),
        ("gif", colours, "GIF", {}),
        ("ppm", colours, "PPM", {}),
        ("tga", colours, "TGA", {}),
        ("tga run lengths", colours, "TGA", {"compression": "tga_rle"}),
    ):
        stream = io.BytesIO()
        picture.save(stream, format, **options)
        files[name] = stream.getvalue()
    stream = io.BytesIO()
    pillow_heif.from_pillow(colours).save(stream)
    files["heic"] = stream.getvalue()
    for format in ("png", "tiff"):
        stream = io.BytesIO()
        write(Image.from_array(photo(40, 56, 4)), stream, WriteOptions(format=format))
        files[f"our own {format}"] = stream.getvalue()
    return files


FILES = _files()


def read_bytes(name: str, data: bytes) -> Image:
    if not name.startswith("tga"):
        return read(data)
    with tempfile.TemporaryDirectory() as folder:  # TGA is known by its suffix only
        path = Path(folder, "a.tga")
        path.write_bytes(data)
        return read(path)


def assert_clear(error: InputError) -> None:
    assert "\n" not in error.message
    assert len(error.message) < 160


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_refused_unless_all_pixels_are_there(name):
    data = FILES[name]
    whole = read_bytes(name, data)
    random = np.random.default_rng(len(data))
    near_the_end = {len(data) - n for n in (1, 2, 3, 4, 5, 8, 9, 12, 13, 20, 27)}
    refused = 0
    for length in {0, 1, len(data) // 2, *near_the_end, *random.integers(0, len(data), 25).tolist()}:
        try:
            image = read_bytes(name, data[:length])
        except InputError as error:
            assert_clear(error)
            refused += 1
        else:  # only what stands behind the pixels was missing
            assert length > len(data) - 28
            assert np.array_equal(image.pixels, whole.pixels)
            assert np.array_equal(image.alpha, whole.alpha) or image.alpha is whole.alpha is None
    assert refused >= 20


@given(name=st.sampled_from(sorted(FILES)), data=st.data())
def test_wrong_bytes_never_crash(name, data):
    file = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = read_bytes(name, bytes(file))
    except InputError as error:
        assert_clear(error)
    else:
        assert image.pixels.ndim == 3


@given(st.binary(max_size=200), st.sampled_from([b"", *(data[:24] for data in FILES.values())]))
def test_rubbish_is_refused(rubbish, head):
    with pytest.raises(InputError) as caught:
        read(head + rubbish)
    assert_clear(caught.value)


def test_a_wrong_bit_in_the_pixels_of_a_png_is_found():
    file = bytearray(FILES["png16"])
    file[len(file) // 2] ^= 1
    with pytest.raises(InputError, match="checksum"):
        read(bytes(file))


def test_a_wrong_byte_in_the_name_of_a_chunk_is_told_in_one_line():
    with pytest.raises(InputError, match="checksum") as caught:
        read(FILES["our own png"].replace(b"IHDR", b"\nHDR", 1))
    assert_clear(caught.value)


@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_a_tiff_with_fewer_strips_or_tiles_than_its_size_needs_is_refused(tile):
    tifffile.imwrite(
        stream := io.BytesIO(), photo(32, 48), photometric="rgb", tile=tile, rowsperstrip=None if tile else 8
    )
    data = bytearray(stream.getvalue())
    assert read(bytes(data)).height == 32
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        at = file.pages[0].tags[257].valueoffset
    data[at : at + 2] = (100).to_bytes(2, "little")
    with pytest.raises(InputError, match="pixels are missing"):
        read(bytes(data))


def test_a_jpeg_whose_end_was_filled_with_zeros_is_refused():
    data = FILES["jpeg"]
    with pytest.raises(InputError, match="cut off"):
        read(data[:-100] + bytes(100))


def test_the_thumbnail_of_a_cut_jpeg_does_not_end_it():
    stream = io.BytesIO()
    Pillow.fromarray(photo(64, 64)).save(stream, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xd9")
    data = stream.getvalue()
    assert read(data).width == 64
    with pytest.raises(InputError, match="cut off"):
        read(data[:-200])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (b"  \n<html>", "web page"),
        (b"hello", "not an image"),
        (bytes(1000), "zeros"),
        (b"%PDF-1.7", "PDF"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"II*\0\x10\0\0\0CR\2\0", "raw"),
        (b"PK\3\4", "zip"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video"),
    ],
)
def test_what_is_no_image_is_called_by_its_name(tmp_path, content, words):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read(path)
    assert caught.value.message.startswith(f"{path}: ")
    assert_clear(caught.value)


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is very large."""
    data = bytearray(make_png(photo(1, 1)))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    with pytest.raises(InputError, match="30000 x 30000 pixels are more than 400 megapixels") as caught:
        read(bomb(30000, 30000))
    assert caught.value.hint == "--max-pixels 900000000 if you trust the file"


def test_the_limit_of_pixels_is_the_users():
    data = make_png(photo(10, 11))
    assert read(data, max_pixels=110).width == 11
    with pytest.raises(InputError, match="11 x 10 pixels are more than 109 pixels"):
        read(data, max_pixels=109)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_images_beyond_pillows_own_limit_are_read(format, monkeypatch):
    stream = io.BytesIO()
    Pillow.fromarray(photo(50, 60)).save(stream, format)
    deep = io.BytesIO()
    write(Image.from_array(photo(50, 60, 3, np.uint16)), deep, WriteOptions(format=format.lower()))
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 100)
    monkeypatch.setattr(pillow, "_BAND_PIXELS", 60)  # one row: bands are far below the real limit too
    assert read(stream.getvalue()).width == 60
    assert read(deep.getvalue()).bits == 16


def test_camera_raw_is_not_taken_for_its_thumbnail(tmp_path):
    path = tmp_path / "IMG_1.dng"
    tifffile.imwrite(
        path, photo(20, 30), photometric="rgb", extratags=[(50706, "B", 4, bytes([1, 4, 0, 0]), True)]
    )
    with pytest.raises(InputError, match="raw"):
        read(path)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint32])
def test_tiff_with_other_numbers_is_refused_and_not_squeezed_into_8_bits(dtype):
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((5, 6, 3), dtype), photometric="rgb")
    with pytest.raises(InputError, match="not supported") as caught:
        read(stream.getvalue())
    assert caught.value.hint == "convert it to 16 bit first"


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "none.png")
    with pytest.raises(InputError, match="folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="cannot be opened"):
        read("a\0b.png")


def test_a_file_without_permission_is_named():
    """In a process without root's rights, which no permission stops."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "secret.png")
        path.write_bytes(make_png(photo(3, 3)))
        path.chmod(0)
        script = (
            "import os, sys; from restorecli.images import read; from restorecli.errors import InputError\n"
            "if os.getuid() == 0: os.setuid(65534)\n"
            "try: read(sys.argv[1])\n"
            "except InputError as error: print(error.message)\n"
        )
        run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
        assert run.stdout.strip() == f"{path}: cannot be opened: permission denied"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf_8_works_and_can_be_printed(tmp_path):
    folder = os.fsencode(tmp_path)
    name = os.fsdecode(folder + b"/caf\xe9\n\xf0.png")
    write(Image.from_array(photo(4, 5)), name)
    assert b"caf\xe9\n\xf0.png" in os.listdir(folder)  # noqa: PTH208 (Path knows no bytes)
    assert read(name).width == 5
    with pytest.raises(InputError) as caught:
        read(name + ".none")
    assert r"caf\xe9\n\xf0.png.none: there is no such file" in caught.value.message
    caught.value.message.encode("utf-8")


def test_names_beyond_ascii(tmp_path):
    path = tmp_path / "Müller 写真 🙂.png"
    deep = photo(4, 5, 3, np.uint16)
    write(Image.from_array(deep), path)
    assert np.array_equal(read(path).pixels, deep)


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
def test_a_pipe_is_read_as_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = make_png(photo(30, 20))
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    assert read(pipe).height == 30
    writer.join()


def test_streams_are_named_in_messages(tmp_path):
    with pytest.raises(InputError, match=r"^stream: the file is empty"):
        read(io.BytesIO())
    path = tmp_path / "x.bin"
    path.write_bytes(b"hello")
    with path.open("rb") as stream, pytest.raises(InputError, match=r"x\.bin: not an image"):
        read(stream)


def test_without_the_extra_heic_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError) as caught:
        read(FILES["heic"])
    assert caught.value.hint == "pip install 'restorecli[heic]'"
