"""Upscale: an image two, three or four times larger."""

from .task import Baseline, Card, Level, Task, Usual

_SCALES = (2.0, 3.0, 4.0)

UPSCALE = Task(
    name="upscale",
    summary="Make an image 2, 3 or 4 times larger.",
    description="Enlarges with edges sharper than plain resizing gives. Noise and JPEG blocks grow "
    "with it (slight ones do not at 3 and 4 times), so let restore denoise or restore dejpeg take them "
    "away first.",
    level=Level("scale", int, "How many times larger.", choices=(2, 3, 4), default=2),
    enlarges=True,
    examples=(
        ("Twice as large", "restore upscale photo.png"),
        ("Four times as large", "restore upscale photo.png --scale 4"),
    ),
    cards=(
        Card(
            "bicubic", "upscale",
            "made smaller by Matlab's bicubic, antialiased, in 8 bits (or the set's own small images)",
            damage="bicubic_down", followed_by="SRCNN, VDSR, EDSR, RNAN, PA-EDSR",
            levels=_SCALES, score="luma", crop="scale", rounding="8 bit",
        ),
        Card(
            "bicubic-luma", "upscale", "the luma, made smaller by Matlab's bicubic, antialiased, in float",
            damage="bicubic_down_float", followed_by="SRCNN, VDSR, and most for their bicubic rows",
            levels=_SCALES, gray="rgb2ycbcr", crop="scale", rounding="8 bit",
        ),
        Card(
            "small-photo", "upscale",
            "a small photo as the web has them, made by restorecli of a clean image: the mean of the pixels "
            "that become one, noise of sigma 2, JPEG 80 with halved chroma; seeded with 1, 2, 3, ... image "
            "by image",
            damage="photo_down", levels=_SCALES, seed=1, seed_per_image=True, crop="scale",
            rounding="8 bit",
        ),
    ),
    usual=Usual(pairs=("bicubic",), clean=("bicubic",)),
    baselines=(Baseline("bicubic", "restorecli.bench.baselines:bicubic"),),
    mixes={"down": "restorecli.train.mixes:DownMix"},
)  # fmt: skip
