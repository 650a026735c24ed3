"""Dejpeg: the blocks and rings of JPEG compression."""

from .task import Baseline, Card, Level, Task, Usual, clean_card

_QUALITIES = (10.0, 20.0, 30.0, 40.0)

DEJPEG = Task(
    name="dejpeg",
    summary="Remove JPEG blocks and ringing.",
    description="Removes the artifacts of strong JPEG compression. The result is written as PNG, so "
    "that it is not damaged again; -o photo.jpg writes a JPEG.",
    level=Level(
        "quality", int, "JPEG quality the photo was saved with. Not given: whatever it was.", low=1, high=100
    ),
    lossless_output=True,
    idle="no JPEG blocks to mend",
    examples=(
        ("One photo, result beside it", "restore dejpeg photo.jpg"),
        ("A list of files", "find . -name '*.jpg' | restore dejpeg --from-file - -o repaired/"),
    ),
    cards=(
        Card(
            "jpeg-gray", "dejpeg",
            "the luma, compressed as a gray JPEG by Pillow (pixel for pixel what Matlab writes)",
            damage="jpeg", followed_by="ARCNN, DnCNN, RNAN, PANet, DAGL",
            levels=_QUALITIES, gray="rgb2ycbcr", rounding="8 bit",
        ),
        Card(
            "jpeg-colour", "dejpeg", "compressed as a colour JPEG by Pillow, chroma halved (4:2:0)",
            damage="jpeg", levels=_QUALITIES, rounding="8 bit",
        ),
        Card(
            "jpeg-pairs", "dejpeg", "JPEGs of the set and what they were made of",
            damage="pairs", rounding="8 bit",
        ),
        clean_card("dejpeg"),
    ),
    usual=Usual(pairs=("jpeg-pairs",), clean=("jpeg-colour",), gray=("jpeg-gray",)),
    baselines=(
        Baseline("input", "restorecli.bench.baselines:unchanged"),
        Baseline("total variation", "restorecli.bench.baselines:tv_for_jpeg", told=True),
    ),
    mixes={"jpeg": "restorecli.train.mixes:JpegMix"},
)  # fmt: skip
