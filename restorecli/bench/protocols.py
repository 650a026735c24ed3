"""Protocol cards: how an input is made and how a result is scored. They decide the second decimal.

Every table names its cards; two figures can be compared where their cards are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..errors import UsageError
from ..ops.shots import SHOTS
from ..spec import TaskName
from ..tasks import TASKS


@dataclass(frozen=True, slots=True)
class Protocol:
    """One card."""

    name: str
    task: TaskName
    summary: str
    damage: str  # a name of DAMAGES; "pairs": the input is a file of the set
    followed_by: str = ""  # the papers whose tables are made like this
    levels: tuple[float | str, ...] = ()  # measured where none is asked for
    strength: float = 0.0  # what the damage gets where the task has no level
    seed: int | None = None  # of every image's own generator
    seed_per_image: bool = False  # the first image has `seed`, the second seed + 1, ...
    gray: Literal["", "rgb2gray", "rgb2ycbcr"] = (
        ""  # a colour image is taken as its luma, by Matlab's function
    )
    score: Literal["all channels", "luma"] = "all channels"
    luma: Literal["rgb", "bgr"] = "rgb"  # bgr: red and blue weigh as in the code of one paper, swapped
    crop: Literal["none", "scale"] = "none"  # what is cut off each border before scoring
    rounding: Literal["none", "8 bit"] = "none"  # of the result before scoring; it is always clamped
    ssim: Literal["valid", "replicated"] = "valid"  # Gaussian 11 / 1.5, where it fits; or edges repeated

    @property
    def in_colour(self) -> bool:
        """Whether the damage needs three colours: a gray image then goes in as three equal ones."""
        return self.damage in _IN_COLOUR

    def sentences(self) -> tuple[str, ...]:
        """The card for a reader."""
        scored = "all channels" if self.score == "all channels" else "Matlab's luma (16 to 235)"
        if self.luma == "bgr":
            scored += " with red and blue swapped"
        cut = "no border cut off" if self.crop == "none" else "as many border pixels as the scale cut off"
        rounded = "clamped" if self.rounding == "none" else "rounded to 8 bits"
        edges = "where its window fits" if self.ssim == "valid" else "edges repeated"
        lines = [
            self.summary,
            f"PSNR of {scored}, {cut}, the result {rounded}; SSIM Gaussian 11/1.5, {edges}",
        ]
        if self.followed_by:
            lines.append(f"as the tables of {self.followed_by}")
        return tuple(lines)


_IN_COLOUR = ("mosaic", *SHOTS)
_NOISE_LEVELS, _QUALITIES, _SCALES = (15.0, 25.0, 50.0), (10.0, 20.0, 30.0, 40.0), (2.0, 3.0, 4.0)

# Whose result is an image like its input, so that a good photo should come out as it went in.
_UNCHANGED_BY_NATURE: tuple[TaskName, ...] = ("denoise", "dejpeg", "derain", "deblur")

PROTOCOLS: Mapping[str, Protocol] = {
    card.name: card
    for card in (
        Protocol(
            "noise-gray", "denoise",
            "gray; Gaussian noise of torch's CPU generator, seeded with 1 for each image; float, not clipped",
            damage="noise", followed_by="DAGL (its very noise), DnCNN, FFDNet (other seeds)",
            levels=_NOISE_LEVELS, seed=1, gray="rgb2gray",
        ),
        Protocol(
            "noise-colour", "denoise",
            "Gaussian noise of torch's CPU generator, seeded with 1 for each image; float, not clipped",
            damage="noise", followed_by="DnCNN, FFDNet, DRUNet, Restormer (other seeds)",
            levels=_NOISE_LEVELS, seed=1,
        ),
        Protocol(
            "noise-8bit", "denoise",
            "Gaussian noise, seeded with 1 for each image; the noisy image rounded and clipped to 8 bits",
            damage="noise8", followed_by="RNAN, PANet (whose seeds are not known)",
            levels=(10.0, 30.0, 50.0, 70.0), seed=1, rounding="8 bit",
        ),
        Protocol(
            "noise-pairs", "denoise",
            "real noise, of which nothing is told: noisy photos of the set as they are stored, and the clean "
            "ones beside them (often the mean of many shots)",
            damage="pairs", rounding="8 bit",
        ),
        Protocol(
            "phone", "denoise",
            "a phone's JPEG, made by restorecli of a clean image: the noise of a small sensor, demosaicing, "
            "smoothing, JPEG 85 with halved chroma; wanted is the same photo without noise and "
            "JPEG; seeded with 1, 2, 3, ... image by image",
            damage="phone", seed=1, seed_per_image=True, rounding="8 bit",
        ),
        Protocol(
            "low-light", "denoise",
            "an evening's photo at high ISO, made by restorecli of a clean image: a quarter of the light, "
            "the noise of a large sensor, demosaicing, smoothing, JPEG 94; wanted is the same dark photo "
            "without noise and JPEG; seeded with 1, 2, 3, ... image by image",
            damage="low_light", seed=1, seed_per_image=True, rounding="8 bit",
        ),
        Protocol(
            "scan", "denoise",
            "scanned film, made by restorecli of a clean image: coarse grain and JPEG 92 with halved chroma; "
            "wanted is the clean image; seeded with 1, 2, 3, ... image by image",
            damage="scan", seed=1, seed_per_image=True, rounding="8 bit",
        ),
        Protocol(
            "phone-gray", "denoise",
            "the gray of a phone's JPEG, made by restorecli of a clean image as for the card phone, and then "
            "taken as its luma; wanted is the same without noise and JPEG; seeded with 1, 2, 3, ... image by "
            "image",
            damage="phone", seed=1, seed_per_image=True, gray="rgb2gray", rounding="8 bit",
        ),
        Protocol(
            "jpeg-gray", "dejpeg",
            "the luma, compressed as a gray JPEG by Pillow (pixel for pixel what Matlab writes)",
            damage="jpeg", followed_by="ARCNN, DnCNN, RNAN, PANet, DAGL",
            levels=_QUALITIES, gray="rgb2ycbcr", rounding="8 bit",
        ),
        Protocol(
            "jpeg-colour", "dejpeg", "compressed as a colour JPEG by Pillow, chroma halved (4:2:0)",
            damage="jpeg", levels=_QUALITIES, rounding="8 bit",
        ),
        Protocol(
            "jpeg-pairs", "dejpeg", "JPEGs of the set and what they were made of",
            damage="pairs", rounding="8 bit",
        ),
        Protocol(
            "mosaic-grbg", "demosaic",
            "Bayer mosaic GRBG with zeros where nothing was measured; no noise",
            damage="mosaic", followed_by="RNAN, PANet, DAGL", levels=("grbg",), rounding="8 bit",
        ),
        Protocol(
            "bicubic", "upscale",
            "made smaller by Matlab's bicubic, antialiased, in 8 bits (or the set's own small images)",
            damage="bicubic_down", followed_by="SRCNN, VDSR, EDSR, RNAN, PA-EDSR",
            levels=_SCALES, score="luma", crop="scale", rounding="8 bit",
        ),
        Protocol(
            "bicubic-luma", "upscale", "the luma, made smaller by Matlab's bicubic, antialiased, in float",
            damage="bicubic_down_float", followed_by="SRCNN, VDSR, and most for their bicubic rows",
            levels=_SCALES, gray="rgb2ycbcr", crop="scale", rounding="8 bit",
        ),
        Protocol(
            "rain-pairs", "derain", "rainy and clean images of the set",
            damage="pairs", followed_by="PReNet, MPRNet, Restormer", score="luma", rounding="8 bit",
        ),
        Protocol(
            "rain-mhnet", "derain", "rainy and clean images of the set",
            damage="pairs", followed_by="MHNet's own script", score="luma", luma="bgr", rounding="8 bit",
            ssim="replicated",
        ),
        Protocol(
            "rain-drawn", "derain", "streaks drawn by restorecli, seeded with 1, 2, 3, ... image by image",
            damage="rain", seed=1, seed_per_image=True, score="luma", rounding="8 bit",
        ),
        Protocol(
            "blur-pairs", "deblur", "blurred and sharp images of the set",
            damage="pairs", followed_by="the GoPro tables", rounding="8 bit",
        ),
        Protocol(
            "blur-drawn", "deblur",
            "shake, motion or defocus of at most 15 pixels and noise of sigma 1 drawn by restorecli, "
            "in 8 bits, seeded with 1, 2, 3, ... image by image",
            damage="blur", strength=15, seed=1, seed_per_image=True, rounding="8 bit",
        ),
        *(
            Protocol(
                f"clean-{task}", task, "nothing done to the image: what is left alone should stay as it is",
                damage="clean", rounding="8 bit",
            )
            for task in _UNCHANGED_BY_NATURE
        ),
    )
}  # fmt: skip

# What a task is measured by where nothing is said: a set of pairs, clean images, clean gray images. What
# users have comes first, then what papers measure.
_PAIRS: Mapping[TaskName, tuple[str, ...]] = {
    "denoise": ("noise-pairs",), "dejpeg": ("jpeg-pairs",), "upscale": ("bicubic",),
    "derain": ("rain-pairs",), "deblur": ("blur-pairs",),
}  # fmt: skip
_CLEAN: Mapping[TaskName, tuple[str, ...]] = {
    "denoise": ("phone", "low-light", "scan", "noise-colour"), "dejpeg": ("jpeg-colour",),
    "demosaic": ("mosaic-grbg",), "upscale": ("bicubic",), "derain": ("rain-drawn",),
    "deblur": ("blur-drawn",),
}  # fmt: skip
_GRAY: Mapping[TaskName, tuple[str, ...]] = {
    "denoise": ("phone-gray", "noise-gray"), "dejpeg": ("jpeg-gray",),
}  # fmt: skip


def usual_protocols(
    task: TaskName, *, pairs: bool, gray: bool, with_level: bool = False
) -> tuple[Protocol, ...]:
    """The cards for this task and kind of set; `with_level`: those that the asked levels are for."""
    if pairs and task not in _PAIRS:
        raise UsageError(f"{task} is not measured on pairs", hint="give a folder of clean images")
    if task == "demosaic" and gray:
        raise UsageError("a gray image has no mosaic", hint="demosaic is measured on colour images")
    names = _PAIRS[task] if pairs else (gray and _GRAY.get(task)) or _CLEAN[task]
    cards = tuple(PROTOCOLS[name] for name in names)
    levelled = tuple(card for card in cards if card.levels)
    return levelled if with_level and levelled else cards


def find_protocol(name: str, task: TaskName) -> Protocol:
    """A card by its name; `clean` is short for the task's own."""
    card = PROTOCOLS.get(f"clean-{task}" if name == "clean" else name)
    known = [card.name for card in PROTOCOLS.values() if card.task == task]
    if card is None or card.task != task:
        raise UsageError(f"there is no protocol {name!r} for {task}", hint=f"one of: {', '.join(known)}")
    return card


def checked_levels(card: Protocol, asked: tuple[float | str, ...]) -> tuple[float | str | None, ...]:
    """The levels to measure: those asked for, or the card's own; (None,) where there is none."""
    known = TASKS[card.task].level
    if not asked:
        return card.levels or (None,)
    if known is None or not card.levels:
        raise UsageError(f"{card.name} has no level to choose", hint="leave it out")
    for level in asked:
        if not known.accepts(level):
            raise UsageError(f"--{known.name} {level}: is not {known.describe()}")
    return asked
