"""Demosaic: the one colour a pixel that a Bayer sensor measures to all three."""

from .task import Baseline, Card, Level, Task, Usual

DEMOSAIC = Task(
    name="demosaic",
    summary="Turn a raw Bayer mosaic into a colour image.",
    description="Takes the mosaic of a sensor, which measures one colour a pixel, and fills in the "
    "other two; not an ordinary photo. The mosaic is a PNG or TIFF of 8 or 16 bits, with one gray "
    "channel, or with three that hold zeros where nothing was measured.",
    level=Level(
        "pattern",
        str,
        "Colours of the mosaic's first two rows, left to right.",
        choices=("grbg", "rggb", "bggr", "gbrg"),
        default="grbg",
    ),
    mosaic_input=True,
    examples=(
        ("A 16-bit mosaic", "restore demosaic mosaic.tiff"),
        ("Another Bayer phase", "restore demosaic mosaic.png --pattern rggb"),
    ),
    cards=(
        Card(
            "mosaic-grbg", "demosaic",
            "Bayer mosaic GRBG with zeros where nothing was measured; no noise",
            damage="mosaic", followed_by="RNAN, PANet, DAGL", levels=("grbg",), rounding="8 bit",
        ),
    ),
    usual=Usual(clean=("mosaic-grbg",)),
    baselines=(
        Baseline("bilinear", "restorecli.bench.baselines:bilinear"),
        Baseline("Malvar", "restorecli.bench.baselines:malvar"),
    ),
    mixes={"mosaic": "restorecli.train.mixes:MosaicMix"},
)  # fmt: skip
