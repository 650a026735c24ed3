"""What a JPEG tells about itself, and how a JPEG is written."""

import io

import cv2
import numpy as np
import pytest
from independent import patches, photo
from PIL import Image as Pillow
from PIL import JpegImagePlugin

from restorecli.images import Image, WriteOptions, read, write
from restorecli.images.codecs import jpeg

PHOTO = photo(33, 47)
SAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


def jpeg_file(array: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    Pillow.fromarray(array).save(stream, "JPEG", **options)
    return stream.getvalue()


def written(image: Image, **options) -> JpegImagePlugin.JpegImageFile:
    stream = io.BytesIO()
    write(image, stream, WriteOptions(format="jpg", **options))
    picture = Pillow.open(stream)
    assert isinstance(picture, JpegImagePlugin.JpegImageFile)
    return picture


@pytest.mark.parametrize("kind", ["4:4:4", "4:2:2", "4:2:0", "gray"])
def test_every_quality_is_recognised(kind):
    for quality in range(1, 101):
        if kind == "gray":
            origin = read(jpeg_file(PHOTO[:, :, 0], quality=quality)).origin
            assert origin.subsampling is None
        else:
            origin = read(jpeg_file(PHOTO, quality=quality, subsampling=kind)).origin
            assert origin.subsampling == kind
        assert origin.quality == quality
        assert origin.lossless is False


@pytest.mark.parametrize("quality", [5, 20, 50, 75, 90, 98])
def test_opencv_writes_the_same_tables(quality):
    data = cv2.imencode(".jpg", PHOTO[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    assert read(data).origin.quality == quality


@pytest.mark.parametrize(("sampling", "words"), [(0x411111, "4:1:1"), (0x121111, "4:4:0")])
def test_rare_subsampling(sampling, words):
    data = cv2.imencode(".jpg", PHOTO, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling])[1].tobytes()
    image = read(data)
    assert image.origin.subsampling == words
    assert JpegImagePlugin.get_sampling(written(image)) == SAMPLINGS["4:4:4"]


def test_tables_of_other_programs_get_the_nearest_quality():
    for quality in (30, 60, 85):
        standard = Pillow.open(io.BytesIO(jpeg_file(PHOTO, quality=quality))).quantization
        random = np.random.default_rng(quality)
        other = {
            at: [max(1, round(value * random.uniform(0.93, 1.07))) for value in table]
            for at, table in standard.items()
        }
        found = jpeg.quality(other)
        assert found is not None
        assert abs(found - quality) <= 3


def test_broken_tables_have_no_quality():
    assert jpeg.quality({}) is None
    assert jpeg.quality({0: [1, 2, 3]}) is None


@pytest.mark.parametrize(("quality", "expected"), [(50, 92), (92, 92), (97, 97)])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_written_at_the_inputs_quality_or_92_with_the_inputs_chroma(quality, expected, sampling):
    picture = written(read(jpeg_file(PHOTO, quality=quality, subsampling=sampling)))
    assert jpeg.quality(picture.quantization) == expected
    assert JpegImagePlugin.get_sampling(picture) == SAMPLINGS[sampling]


def test_written_with_all_chroma_where_the_input_was_no_jpeg():
    assert JpegImagePlugin.get_sampling(written(Image.from_array(PHOTO))) == SAMPLINGS["4:4:4"]


def test_the_users_quality_wins():
    picture = written(read(jpeg_file(PHOTO, quality=95)), jpeg_quality=40)
    assert jpeg.quality(picture.quantization) == 40


def test_gray_stays_gray():
    picture = written(read(jpeg_file(PHOTO[:, :, 0])))
    assert picture.mode == "L"


def test_the_decoder_is_pillows():
    data = jpeg_file(patches(40, 56), quality=70)
    assert np.array_equal(read(data).pixels, np.asarray(Pillow.open(io.BytesIO(data))))


def test_several_pictures_in_one_file_are_said():
    stream = io.BytesIO()
    first, second = Pillow.fromarray(PHOTO), Pillow.fromarray(PHOTO[:10, :12])
    first.save(stream, "MPO", save_all=True, append_images=[second])
    image = read(stream.getvalue())
    assert (image.height, image.width) == PHOTO.shape[:2]
    assert image.notes == ("the first of 2 pictures in the file",)
    assert image.origin.format == "JPEG"
