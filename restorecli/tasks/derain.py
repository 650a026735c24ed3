"""Derain: streaks of falling rain."""

from .task import Baseline, Card, Task, Usual, clean_card

DERAIN = Task(
    name="derain",
    summary="Remove rain streaks (experimental).",
    description="Removes streaks of falling rain, and leaves a dry photo nearly as it is. Rain hides "
    "in noise: of a noisy photo, remove that first. Experimental: look at the result.",
    idle="no rain found",
    caution="restorecli.ops.estimate:caution_of_rain",
    examples=(("One photo, result beside it", "restore derain photo.jpg"),),
    cards=(
        Card(
            "rain-pairs", "derain", "rainy and clean images of the set",
            damage="pairs", followed_by="PReNet, MPRNet, Restormer", score="luma", rounding="8 bit",
        ),
        Card(
            "rain-mhnet", "derain", "rainy and clean images of the set",
            damage="pairs", followed_by="MHNet's own script", score="luma", luma="bgr", rounding="8 bit",
            ssim="replicated",
        ),
        Card(
            "rain-drawn", "derain", "streaks drawn by restorecli, seeded with 1, 2, 3, ... image by image",
            damage="rain", seed=1, seed_per_image=True, score="luma", rounding="8 bit",
        ),
        clean_card("derain"),
    ),
    usual=Usual(pairs=("rain-pairs",), clean=("rain-drawn",)),
    baselines=(Baseline("input", "restorecli.bench.baselines:unchanged"),),
    mixes={"rain": "restorecli.train.mixes:RainMix"},
)  # fmt: skip
