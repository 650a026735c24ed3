"""Deblur: camera shake, motion and defocus."""

from .task import Baseline, Card, Task, Usual, clean_card

DEBLUR = Task(
    name="deblur",
    summary="Sharpen camera shake and defocus (experimental).",
    description="Looks for the one blur of up to 25 pixels (camera shake, motion, defocus) that the "
    "whole photo got, and takes it back. Where none is found, or with --no-kernel, a network "
    "sharpens a little; a sharp photo hardly changes. Blur that differs from place to place may "
    "get double edges. Experimental: look at the result.",
    idle="nothing to sharpen",
    first="restorecli.engine.deblurring:FIRST",
    caution="restorecli.ops.sharpness:caution_of_blur",
    examples=(
        ("One photo, result beside it", "restore deblur photo.jpg"),
        ("Half of the way", "restore deblur photo.jpg --strength 0.5"),
        ("The network alone", "restore deblur photo.jpg --no-kernel"),
    ),
    cards=(
        Card(
            "blur-pairs", "deblur", "blurred and sharp images of the set",
            damage="pairs", followed_by="the GoPro tables", rounding="8 bit",
        ),
        Card(
            "blur-drawn", "deblur",
            "shake, motion or defocus of at most 15 pixels and noise of sigma 1 drawn by restorecli, "
            "in 8 bits, seeded with 1, 2, 3, ... image by image",
            damage="blur", strength=15, seed=1, seed_per_image=True, rounding="8 bit",
        ),
        clean_card("deblur"),
    ),
    usual=Usual(pairs=("blur-pairs",), clean=("blur-drawn",)),
    baselines=(
        Baseline("input", "restorecli.bench.baselines:unchanged"),
        Baseline("unsharp mask", "restorecli.bench.baselines:unsharp"),
    ),
    mixes={"blur": "restorecli.train.mixes:BlurMix"},
)  # fmt: skip
