"""Images to what a page shows of them, and those pixels to data URIs, exactly."""

import base64
import io

import cv2
import numpy as np
from PIL import Image as Pillow

from ..images import Image, flattened, to_8_bit
from ..images.codecs.webp import MAX_SIDE

# Higher methods take several times as long for a few per cent.
_WEBP_METHOD = 2


def data_uri(pixels: np.ndarray, icc: bytes | None = None) -> str:
    """(H, W, 3) uint8 as a lossless WebP inside a URI; PNG where WebP is too small for the picture."""
    height, width = pixels.shape[:2]
    stream = io.BytesIO()
    image = Pillow.fromarray(np.ascontiguousarray(pixels))
    kind = "webp" if max(height, width) <= MAX_SIDE else "png"
    if kind == "webp":
        image.save(stream, "WEBP", lossless=True, quality=0, method=_WEBP_METHOD, icc_profile=icc or b"")
    else:
        image.save(stream, "PNG", icc_profile=icc or b"")
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"


def shown(image: Image) -> np.ndarray:
    """The image as (H, W, 3) uint8: gray repeated, deeper pixels rounded, transparency on white."""
    pixels = to_8_bit(image.pixels)
    if image.alpha is not None:
        pixels = flattened(pixels, to_8_bit(image.alpha))
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def profile(image: Image) -> bytes | None:
    """The colour profile that fits what is shown of the image."""
    icc = image.metadata.icc
    return icc if icc and icc[16:20] == b"RGB " and image.channels == 3 else None


def enlarged(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The picture at a larger size, every pixel repeated: nothing is made up."""
    rows = np.arange(shape[0]) * pixels.shape[0] // shape[0]
    columns = np.arange(shape[1]) * pixels.shape[1] // shape[1]
    return pixels if pixels.shape == shape else pixels[rows[:, None], columns]


def reduced(pixels: np.ndarray, longest: int) -> np.ndarray:
    """The picture with at most that many pixels on its longer side: means of areas, so that nothing rings."""
    height, width = pixels.shape[:2]
    if max(height, width) <= longest:
        return pixels
    factor = longest / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
