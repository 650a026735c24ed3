"""Denoise: noise of cameras, phones and scanners, and the white noise of papers."""

from .task import Baseline, Card, Level, Task, Usual, clean_card

_LEVELS = (15.0, 25.0, 50.0)
_SEEDS = "seeded with 1, 2, 3, ... image by image"

DENOISE = Task(
    name="denoise",
    summary="Remove camera noise and grain.",
    description="Removes the noise of cameras, phones and scanners, and film grain, however strong it "
    "is. With --sigma noise up to that strength is taken, and of stronger "
    "noise a part stays as grain; --strength mixes the result with the photo.",
    level=Level(
        "sigma",
        float,
        "Standard deviation of the noise on the 0-255 scale. Not given: as much as there is.",
        low=0,
        high=100,
    ),
    done="took noise of about sigma {:.1f} out",
    examples=(
        ("One photo, result beside it", "restore denoise photo.png"),
        ("A folder and all below it", "restore denoise holiday/ -r -o clean/"),
        ("Take only slight noise", "restore denoise photo.png --sigma 10"),
        ("Keep half of the grain", "restore denoise photo.png --strength 0.5"),
    ),
    cards=(
        Card(
            "noise-gray", "denoise",
            "gray; Gaussian noise of torch's CPU generator, seeded with 1 for each image; float, not clipped",
            damage="noise", followed_by="DAGL (its very noise), DnCNN, FFDNet (other seeds)",
            levels=_LEVELS, seed=1, gray="rgb2gray",
        ),
        Card(
            "noise-colour", "denoise",
            "Gaussian noise of torch's CPU generator, seeded with 1 for each image; float, not clipped",
            damage="noise", followed_by="DnCNN, FFDNet, DRUNet, Restormer (other seeds)",
            levels=_LEVELS, seed=1,
        ),
        Card(
            "noise-8bit", "denoise",
            "Gaussian noise, seeded with 1 for each image; the noisy image rounded and clipped to 8 bits",
            damage="noise8", followed_by="RNAN, PANet (whose seeds are not known)",
            levels=(10.0, 30.0, 50.0, 70.0), seed=1, rounding="8 bit",
        ),
        Card(
            "noise-pairs", "denoise",
            "real noise, of which nothing is told: noisy photos of the set as they are stored, and the clean "
            "ones beside them (often the mean of many shots)",
            damage="pairs", rounding="8 bit",
        ),
        Card(
            "phone", "denoise",
            "a phone's JPEG, made by restorecli of a clean image: the noise of a small sensor, demosaicing, "
            "smoothing, JPEG 85 with halved chroma; wanted is the same photo without noise and "
            f"JPEG; {_SEEDS}",
            damage="phone", seed=1, seed_per_image=True, rounding="8 bit",
        ),
        Card(
            "low-light", "denoise",
            "an evening's photo at high ISO, made by restorecli of a clean image: a quarter of the light, "
            "the noise of a large sensor, demosaicing, smoothing, JPEG 94; wanted is the same dark photo "
            f"without noise and JPEG; {_SEEDS}",
            damage="low_light", seed=1, seed_per_image=True, rounding="8 bit",
        ),
        Card(
            "scan", "denoise",
            "scanned film, made by restorecli of a clean image: coarse grain and JPEG 92 with halved chroma; "
            f"wanted is the clean image; {_SEEDS}",
            damage="scan", seed=1, seed_per_image=True, rounding="8 bit",
        ),
        Card(
            "phone-gray", "denoise",
            "the gray of a phone's JPEG, made by restorecli of a clean image as for the card phone, and then "
            f"taken as its luma; wanted is the same without noise and JPEG; {_SEEDS}",
            damage="phone", seed=1, seed_per_image=True, gray="rgb2gray", rounding="8 bit",
        ),
        clean_card("denoise"),
    ),
    usual=Usual(
        pairs=("noise-pairs",),
        clean=("phone", "low-light", "scan", "noise-colour"),
        gray=("phone-gray", "noise-gray"),
    ),
    baselines=(
        Baseline("input", "restorecli.bench.baselines:unchanged"),
        Baseline("NLM (OpenCV)", "restorecli.bench.baselines:nlm", told=True),
        Baseline("total variation", "restorecli.bench.baselines:tv_for_noise", told=True),
        Baseline("NLM (OpenCV), h 4", "restorecli.bench.baselines:nlm_untold", told=False),
    ),
    mixes={"noise": "restorecli.train.mixes:NoiseMix", "real": "restorecli.train.real_mix:RealMix"},
)  # fmt: skip
