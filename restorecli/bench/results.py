"""What was measured: frozen data, to JSON and back. No torch here.

PSNR is None where two images are equal (it is infinite, which JSON does not know), and so is a mean with one
of them. The mean of the other images would be of another set than that of the row beside it: it is not given;
`exact` says how many are equal.

`worse` counts the images whose result is further from the target than their input is, by more than WORSE dB.
An input that equals its target (PSNR infinite) has nothing to gain: every change of it counts.

A field that comes anew has a default, which means "from before it was measured", and FORMAT stays; it changes
where something that is there means something else.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from ..checked import CheckError, read_table
from ..errors import InputError
from ..tasks import TASKS, Card, Value
from ..wording import reason

FORMAT = 1
WORSE = 0.05  # dB: less than this nobody would call worse
AND = " + "  # between the ids of weights of which every image got its own
LASTING = 4  # places of figures that are kept: more of them change with the number of threads
MEANS = ("psnr", "psnr_input", "psnr_to_input", "psnr_luma")  # of images, where all have the figure


@dataclass(frozen=True, slots=True)
class ImageScore:
    """One image of one row of the table."""

    name: str
    height: int  # of the target
    width: int
    psnr: float | None
    ssim: float
    psnr_input: float | None  # of the input, where it can be compared with the target
    psnr_to_input: float | None  # how far the result is from its input: what is done to a clean photo
    psnr_luma: float | None  # as PSNR, but of Matlab's luma whatever the card says
    seconds: float | None = None
    worse: bool | None = None  # than the input; None where that cannot be compared


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the table: means over one set at one level."""

    task: str
    set: str
    protocol: str  # the name of a card
    level: Value
    model: str  # the name of a baseline, or the id of weights: of several, that of most images comes first
    kind: Literal["weights", "baseline"]
    psnr: float | None
    ssim: float
    psnr_input: float | None
    psnr_to_input: float | None
    psnr_luma: float | None
    images: int
    seconds_per_megapixel: float | None = None  # of result
    whole: bool = True  # False: only some of the set's images
    note: str = ""  # why it is not whole
    network: str = ""
    weights_sha256: str | None = None  # first 12 digits: which file was measured; of several weights each
    told: bool = False  # the level was told to a network that can be told
    precision: str = "fp32"
    device: str = "cpu"
    windows: str = "ours"
    tile: tuple[int, int] | None = None  # height, width of the largest
    ensemble: bool = False
    peak_memory: int | None = None  # bytes above what was there before; None where it cannot be measured
    published: float | None = None  # PSNR in dB, as the paper of these weights has it
    per_image: tuple[ImageScore, ...] = ()
    exact: int | None = None  # images whose result is the target; None in files from before it was counted
    worse: int | None = None  # images; None where inputs are not compared, and in files from before that

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the weights that were used: one, unless every image got its own."""
        return tuple(self.model.split(AND))

    @property
    def name(self) -> str:
        """The weights, with what was not as usual."""
        unusual = [
            self.precision if self.precision != "fp32" else "",
            "level told" if self.told else "",
            "paper's windows" if self.windows == "paper" else "",
            "x8" if self.ensemble else "",
        ]
        words = ", ".join(word for word in unusual if word)
        return f"{self.model} ({words})" if words else self.model

    @property
    def difference(self) -> float | None:
        """To the published figure; only a whole set can be compared."""
        if self.published is None or self.psnr is None or not self.whole:
            return None
        return self.psnr - self.published

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two rows the same measurement, on whatever machine."""
        return (
            self.task, self.set, self.protocol, self.level, self.model,
            self.told, self.precision, self.windows, self.ensemble,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """What a paper reports for a method on one of the sets, under a card like ours."""

    task: str
    set: str
    protocol: str
    level: Value
    method: str
    psnr: float


@dataclass(frozen=True, slots=True)
class Problem:
    """A set, or weights, of which there is no figure, and why."""

    what: str
    reasons: tuple[str, ...]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    system: str
    python: str
    torch: str
    device: str
    threads: int


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run of `restore bench`."""

    restorecli: str
    command: str
    machine: Machine | None  # None: left out
    protocols: tuple[Card, ...]  # every card that a score names
    scores: tuple[Score, ...]
    references: tuple[Reference, ...] = ()
    problems: tuple[Problem, ...] = ()
    format: int = FORMAT

    def lasting(self) -> "Results":
        """What is the same on every run and machine: no times, no memory, nothing of single images."""
        return replace(self, machine=None, scores=tuple(_lasting(score) for score in self.scores))

    def to_json(self) -> str:
        return json.dumps(self.as_data(), indent=1) + "\n"

    def as_data(self) -> dict[str, object]:
        data = asdict(self)
        for row, score in zip(data["scores"], self.scores, strict=True):
            row["difference"] = score.difference  # for readers; not read back
        return {key: _rounded(value) for key, value in data.items()}


def read_results(path: Path) -> Results:
    """Results that were stored; InputError where the file is not what `restore bench --json` wrote."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}", hint="restore bench --json > results.json") from error
    return from_data(document, str(path))


def from_data(document: object, where: str) -> Results:
    """The inverse of as_data."""
    hint = "restore bench --json > results.json"
    if not isinstance(document, dict) or not isinstance(document.get("scores"), list):
        raise InputError(f"{where}: not the results of restore bench", hint=hint)
    if document.get("format") != FORMAT:
        raise InputError(f"{where}: written by another version of restorecli", hint="measure again")
    rows = [
        {key: value for key, value in row.items() if key != "difference"} if isinstance(row, dict) else row
        for row in document["scores"]
    ]
    try:
        return read_table(Results, {**document, "scores": rows}, where)
    except CheckError as error:
        raise InputError(error.message, hint=hint) from error


def level_words(task: str, level: Value) -> str:
    """`sigma 25`, `x3`, `grbg`; nothing for a task without levels."""
    row = TASKS[task]
    if level is None:
        return ""
    if row.level is None or isinstance(level, str):
        return f"{level}"
    return f"x{level:g}" if row.enlarges else f"{row.level.name} {level:g}"


def _lasting(score: Score) -> Score:
    figures = {name: getattr(score, name) for name in ("ssim", *MEANS)}
    kept = {name: None if value is None else round(value, LASTING) for name, value in figures.items()}
    return replace(
        score, **kept, seconds_per_megapixel=None, peak_memory=None, tile=None, device="", per_image=()
    )


def _rounded(value: object) -> object:
    """Figures to 6 places: enough for every comparison, and the same on every run."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value
