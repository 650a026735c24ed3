"""What a Restorer is asked for, whatever the task: each option declared once, with its words and its limits.

The command line makes its options of these fields, Python its keywords. Light: help reads it.
"""

import os
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Literal, TypedDict

from .errors import UsageError

RESTORING = "Restoring"
SPEED = "Speed and memory"

WINDOWS = ("ours", "paper")
MOST_TILES = 1_000_000  # at a time: more than any memory holds


@dataclass(frozen=True, slots=True)
class Option:
    """How a field is said on the command line."""

    help: str
    panel: str = SPEED
    names: tuple[str, ...] = ()  # where the field's own name does not do
    metavar: str = ""
    low: float | None = None
    high: float | None = None
    shown: str | bool = True  # the default, as help shows it


def _option(default: Any, help: str, **more: Any) -> Any:
    return field(default=default, metadata={"option": Option(help, **more)})


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that are the same for every task."""

    device: str = _option("auto", "auto, cpu, cuda, mps or xpu.", names=("--device", "-d"), metavar="NAME")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = _option("auto", "Of the network's numbers.")
    tile: int | str = _option("auto", "Pixels a side; 0: the whole image at once.", metavar="auto|N|0")
    overlap: int | None = _option(
        None, "Pixels that tiles share.", metavar="N", low=0, shown="by the weights"
    )
    # paper: those of the authors' test code
    windows: Literal["ours", "paper"] = _option("ours", "paper: as the network's authors cut images.")
    batch: int | None = _option(None, "Tiles at a time.", metavar="N", low=1, high=MOST_TILES, shown="auto")
    strength: float = _option(
        1.0, "How much of the repair to apply.", panel=RESTORING, metavar="N", low=0, high=1
    )
    ensemble: bool = _option(False, "Mean over 8 turned and flipped copies: 8 times slower.", panel=RESTORING)
    # False: the network alone, where a photo's own blur kernel may come first
    find_kernel: bool = _option(
        True,
        "Take back the one blur that explains the photo, if there is one; or the network alone.",
        panel=RESTORING,
        names=("--kernel/--no-kernel",),
    )

    def __post_init__(self) -> None:
        if self.tile != "auto" and not _is_count(self.tile, 0):
            raise UsageError(f"tile {self.tile!r} is neither auto nor a size", hint="--tile auto, 256, or 0")
        if self.overlap is not None and not _is_count(self.overlap, 0):
            raise UsageError(f"overlap {self.overlap!r} is not a number of pixels", hint="--overlap 32")
        if self.batch is not None and not _is_count(self.batch, 1):
            raise UsageError(f"batch {self.batch!r} is not a number of tiles", hint="--batch 1")
        if not (isinstance(self.strength, Real) and 0 <= self.strength <= 1):
            raise UsageError(f"strength {self.strength!r} is not in 0 to 1", hint="--strength 0.5")
        if self.windows not in WINDOWS:
            raise UsageError(
                f"windows {self.windows!r} are neither ours nor paper", hint="--windows ours, or paper"
            )
        if self.windows == "paper" and (self.tile != "auto" or self.overlap is not None):
            raise UsageError(
                "the paper's windows have their own size and overlap",
                hint="leave out --tile and --overlap, or --windows paper",
            )

    @property
    def exact(self) -> bool:
        """As the paper computed it: then auto does not take a lower precision either."""
        return self.windows == "paper"


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


class SettingsOptions(TypedDict, total=False):
    """The keywords of Restorer beside its own, for editors: the fields of Settings, and the tasks' levels."""

    device: object  # its name, or a torch.device
    precision: str
    tile: int | str
    overlap: int | None
    windows: str
    batch: int | None
    strength: float
    ensemble: bool
    find_kernel: bool
    sigma: float | None
    quality: int | None
    scale: int | None
    pattern: str | None


class Options(SettingsOptions, total=False):
    """The keywords of `restorecli.restore`."""

    model: str
    level: float | str | None
    weights_file: str | os.PathLike[str] | None
    license: str | None
