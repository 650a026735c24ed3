"""What a task is, as data: a command, its level, what it is measured and trained by.

Light, because help and listings read it: parts that need torch go by name, `module:function`, and are loaded
where they are used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from numbers import Real
from typing import Any, Literal

Value = float | str | None  # of a level


@dataclass(frozen=True, slots=True)
class Level:
    """The one number or word that says how strong the damage is: --sigma, --quality, --scale, --pattern."""

    name: str
    kind: type[int] | type[float] | type[str]
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] | tuple[int, ...] = ()
    default: float | str | None = None  # None: not given means blind, or measured from the image

    def describe(self) -> str:
        """The values that are accepted, in words."""
        if self.choices:
            return ", ".join(str(choice) for choice in self.choices)
        return f"{self.low:g} to {self.high:g}"

    def accepts(self, value: float | str) -> bool:
        if self.choices:
            return value in self.choices
        assert self.low is not None
        assert self.high is not None
        if isinstance(value, (str, bool)) or not isinstance(value, Real):
            return False
        return self.low <= value <= self.high and (self.kind is not int or value == int(value))

    def as_kind(self, value: Value) -> Value:
        """In tables levels are floats; a quality or a scale is a whole number."""
        return int(value) if self.kind is int and isinstance(value, float) else value


# A camera takes photos in colour, and a mosaic has three: of a gray image they are three equal ones.
_IN_COLOUR = ("mosaic", "phone", "low_light", "scan")


@dataclass(frozen=True, slots=True)
class Card:
    """A protocol card: how an input is made and how a result is scored. It decides the second decimal.

    Every table names its cards; two figures can be compared where their cards are the same.
    """

    name: str
    task: str
    summary: str
    damage: str  # a name of ops/shots.DAMAGES, or module:function; "pairs": the input is a file of the set
    followed_by: str = ""  # the papers whose tables are made like this
    levels: tuple[float | str, ...] = ()  # measured where none is asked for
    strength: float = 0.0  # what the damage gets where the task has no level
    seed: int | None = None  # of every image's own generator
    seed_per_image: bool = False  # the first image has `seed`, the second seed + 1, ...
    # a colour image is taken as its luma, by Matlab's function
    gray: Literal["", "rgb2gray", "rgb2ycbcr"] = ""
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


def clean_card(task: str) -> Card:
    """For tasks whose result is an image like its input: a good photo should come out as it went in."""
    summary = "nothing done to the image: what is left alone should stay as it is"
    return Card(f"clean-{task}", task, summary, damage="clean", rounding="8 bit")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A classical method to stand beside the networks."""

    name: str
    run: str  # module:function, of an image (C, h, w) float32 in about [0, 1] and the level
    told: bool | None = None  # True: only where there is a level to tell; False: only where there is none


@dataclass(frozen=True, slots=True)
class Usual:
    """Names of the cards that a task is measured by where nothing is said; what users have comes first."""

    pairs: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    gray: tuple[str, ...] = ()  # of clean gray images; where there are none, `clean`


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of damage and the command that repairs it."""

    name: str
    summary: str  # one line, for the list of commands
    description: str  # what it repairs and what it does not, for its own help
    examples: tuple[tuple[str, str], ...]  # (what the user wants, the command line)
    level: Level | None = None
    lossless_output: bool = False  # a repaired JPEG is not written as a JPEG unless asked
    mosaic_input: bool = False  # the input is a raw mosaic, not a photo
    enlarges: bool = False  # the level says how many times
    done: str = ""  # what to say of a result that differs from its photo by {} levels of 255
    idle: str = ""  # why a photo came out as it went in, where nothing can be measured to say more
    first: str = ""  # module:name of what is tried on a photo before weights with `finds_kernel`
    caution: str = ""  # module:function, pixels -> a note on a photo that may not need this, or None
    cards: tuple[Card, ...] = ()
    usual: Usual = field(default_factory=Usual)
    baselines: tuple[Baseline, ...] = ()
    mixes: Mapping[str, str] = field(default_factory=dict)  # a recipe's table -> module:class

    @property
    def same_kind(self) -> bool:
        """Whether the result is an image like the input."""
        return not (self.enlarges or self.mosaic_input)


def part(name: str) -> Any:
    """What `module:name` stands for, imported now."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)
