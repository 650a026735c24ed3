"""WebP, AVIF, HEIC, BMP, GIF, PPM, TGA: read and written, against Pillow and OpenCV."""

import io

import cv2
import numpy as np
import pillow_heif
import pytest
from independent import patches, photo
from PIL import Image as Pillow

from restorecli.errors import InputError, OutputError
from restorecli.images import Image, WriteOptions, read, write

ALPHA = np.kron(np.array([[0, 80], [160, 255]]), np.ones((16, 16))).astype(np.uint8)


needs_avif_in_opencv = pytest.mark.skipif(
    not cv2.haveImageWriter("a.avif"), reason="this OpenCV was built without AVIF"
)


def saved(picture: Pillow.Image, format: str, **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def written(image: Image, format: str) -> bytes:
    stream = io.BytesIO()
    write(image, stream, WriteOptions(format=format))
    return stream.getvalue()


def rgba() -> np.ndarray:
    return np.dstack([patches(32, 32), ALPHA])


@pytest.mark.parametrize("channels", [3, 4])
def test_lossless_webp_stays_lossless(channels):
    array = rgba()[:, :, :channels]
    image = read(saved(Pillow.fromarray(array), "WEBP", lossless=True, exact=True))
    assert image.origin.lossless
    assert np.array_equal(image.pixels, array[:, :, :3])
    again = written(image, "webp")
    assert b"VP8L" in again[:40]
    decoded = cv2.imdecode(np.frombuffer(again, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(decoded[:, :, [2, 1, 0, 3][:channels]], array)


def test_lossy_webp_stays_lossy_with_exact_alpha():
    image = read(saved(Pillow.fromarray(rgba()), "WEBP", quality=95, alpha_quality=100))
    assert not image.origin.lossless
    assert np.array_equal(image.alpha, ALPHA)
    again = written(image, "webp")
    assert b"VP8L" not in again
    decoded = read(again)
    assert np.array_equal(decoded.alpha, ALPHA)
    assert np.abs(decoded.pixels[ALPHA > 0].astype(int) - image.pixels[ALPHA > 0]).mean() < 3


def test_animations_give_their_first_frame_and_a_note():
    frames = [Pillow.fromarray(photo(20, 30, seed=seed)) for seed in range(3)]
    for format in ("WEBP", "GIF", "PNG", "AVIF"):
        data = saved(
            frames[0],
            format,
            save_all=True,
            append_images=frames[1:],
            **({"lossless": True} if format == "WEBP" else {}),
        )
        image = read(data)
        assert image.notes[-1] == "the first of 3 pictures in the file"
        if format in ("WEBP", "PNG"):
            assert np.array_equal(image.pixels, photo(20, 30, seed=0))


def test_gif_is_read_and_not_written():
    picture = Pillow.fromarray(photo(20, 30)).quantize(32)
    image = read(saved(picture, "GIF"))
    assert np.array_equal(image.pixels, np.asarray(picture.convert("RGB")))
    assert (image.origin.format, image.origin.mode) == ("GIF", "P")
    stream = io.BytesIO()
    assert write(image, stream).format == "PNG"


def test_a_transparent_gif_has_alpha():
    indices = np.random.default_rng(0).integers(0, 4, (10, 12)).astype(np.uint8)
    picture = Pillow.fromarray(indices).convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120])
    image = read(saved(picture, "GIF", transparency=2))
    assert np.array_equal(image.alpha == 0, indices == 2)


@pytest.mark.parametrize("channels", [1, 3])
def test_bmp_in_and_out(channels):
    array = photo(21, 33, channels)
    data = written(Image.from_array(array), "bmp")
    flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR
    assert np.array_equal(
        cv2.imdecode(np.frombuffer(data, np.uint8), flag).reshape(array.shape)[:, :, ::-1], array
    )
    image = read(data)
    assert np.array_equal(image.pixels, array)


def test_bmp_by_opencv_and_with_palette():
    array = photo(21, 33)
    assert np.array_equal(read(cv2.imencode(".bmp", array[:, :, ::-1])[1].tobytes()).pixels, array)
    picture = Pillow.fromarray(array).quantize(16)
    assert np.array_equal(read(saved(picture, "BMP")).pixels, np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("top", [255, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_ppm(text, top, channels):
    dtype = np.uint8 if top == 255 else np.uint16
    array = photo(9, 11, channels, dtype)
    kind = {(False, 1): 5, (False, 3): 6, (True, 1): 2, (True, 3): 3}[text, channels]
    values = array.ravel()
    body = (
        " ".join(map(str, values)).encode()
        if text
        else values.astype(values.dtype.newbyteorder(">")).tobytes()
    )
    image = read(b"P%d\n# a comment\n11 9\n%d\n" % (kind, top) + body)
    assert image.pixels.dtype == dtype
    assert np.array_equal(image.pixels, array)


def test_binary_ppm_with_an_odd_white_is_spread_and_a_cut_one_refused():
    array = (photo(9, 11, 3, np.uint16) // 64).astype(np.uint16)
    data = b"P6 # dcraw\n11 9\n1023\n" + array.astype(">u2").tobytes()
    image = read(data)
    assert image.pixels.dtype == np.uint16
    assert np.array_equal(np.rint(image.pixels / 65535 * 1023), array)
    with pytest.raises(InputError, match="cut off"):
        read(data[:-1])


@pytest.mark.parametrize("compression", [None, "tga_rle"])
def test_tga(tmp_path, compression):
    for array in (photo(9, 11), rgba(), photo(9, 11, 1)[:, :, 0]):
        path = tmp_path / "a.tga"
        path.write_bytes(saved(Pillow.fromarray(array), "TGA", compression=compression))
        image = read(path)
        samples = image.pixels if image.alpha is None else np.dstack([image.pixels, image.alpha])
        assert np.array_equal(samples.reshape(array.shape), array)


@pytest.mark.parametrize("format", ["avif", "heic"])
def test_modern_formats_keep_alpha_exactly_and_colours_nearly(format):
    data = written(Image.from_array(rgba()), format)
    image = read(data)
    assert np.array_equal(image.alpha, ALPHA)
    assert np.abs(image.pixels.astype(int) - patches(32, 32)).max() <= 8
    assert not image.origin.lossless
    if format == "heic":
        file = pillow_heif.read_heif(data)  # keeps the memory that the array looks at
        other = np.asarray(file)[:, :, :3]
    elif cv2.haveImageWriter("a.avif"):
        other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[:, :, [2, 1, 0]]
    else:
        other = np.asarray(Pillow.open(io.BytesIO(data)))[:, :, :3]
    assert np.abs(image.pixels.astype(int) - other).max() <= 1


def test_gray_avif_stays_gray():
    array = patches(32, 48)[:, :, :1]
    image = read(written(Image.from_array(array), "avif"))
    assert image.pixels.shape == array.shape
    assert np.abs(image.pixels.astype(int) - array).max() <= 8


def ten_bit_avif() -> bytes:
    options = [cv2.IMWRITE_AVIF_DEPTH, 10]
    return cv2.imencode(".avif", patches(32, 48).astype(np.uint16) * 4, options)[1].tobytes()


@needs_avif_in_opencv
def test_avif_keeps_its_10_bits():
    image = read(ten_bit_avif())
    assert image.origin.bits == 10
    assert image.pixels.dtype == np.uint16
    assert image.notes == ()
    assert np.abs(image.pixels / 65535 - patches(32, 48)[:, :, ::-1] * (4 / 1023)).mean() < 0.01


@needs_avif_in_opencv
def test_avif_that_opencv_does_not_see_alike_is_read_with_8_bits_and_said(monkeypatch):
    data = ten_bit_avif()
    for other in (None, np.zeros((48, 32, 3), np.uint16), np.zeros((32, 48, 3), np.uint16)):
        monkeypatch.setattr(cv2, "imdecode", lambda *_, other=other: other)
        image = read(data)
        assert image.pixels.dtype == np.uint8
        assert image.notes == ("10 bits per channel read as 8",)


def test_heic_keeps_its_10_bits():
    slope = np.add.outer(np.arange(32) * 900, np.arange(48) * 700)
    deep = np.dstack([slope, slope + 500, 60000 - slope]).astype(np.uint16)
    picture = pillow_heif.from_bytes("RGB;16", (48, 32), deep.tobytes())
    stream = io.BytesIO()
    picture.save(stream, quality=-1, chroma=444)
    image = read(stream.getvalue())
    assert image.origin.bits == 10
    assert image.pixels.dtype == np.uint16
    assert np.abs(image.pixels.astype(int) - deep).mean() < 60  # of 65535; 8 bits alone would be 64 away
    assert len(np.unique(image.pixels)) > 256


def test_formats_with_a_limit_of_size_say_so():
    wide = Image.from_array(np.zeros((1, 17000), np.uint8))
    with pytest.raises(OutputError, match="do not fit into WebP") as caught:
        write(wide, io.BytesIO(), WriteOptions(format="webp"))
    assert caught.value.hint == "write PNG or TIFF"
    with pytest.raises(OutputError, match="do not fit into JPEG"):
        write(Image.from_array(np.zeros((1, 65501), np.uint8)), io.BytesIO(), WriteOptions(format="jpg"))
