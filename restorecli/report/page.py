"""What a page holds. Pictures are (H, W, 3) uint8 arrays; everything else is text and numbers."""

from dataclasses import dataclass

import numpy as np

from ..spec import Window

Picture = tuple[str, np.ndarray]  # its label and its pixels


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are to be read; a column of numbers is set flush right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells under {len(self.columns)} columns")

    def used(self) -> "Table":
        """Without the columns in which nothing stands."""
        places = [place for place in range(len(self.columns)) if any(row[place] for row in self.rows)]
        rows = tuple(tuple(row[place] for place in places) for row in self.rows)
        return Table(tuple(self.columns[place] for place in places), rows, self.title)


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement in the plot; each group gets axes of its own, for its figures cannot be compared."""

    label: str
    seconds_per_megapixel: float
    psnr: float
    group: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Pictures of one scene, all of one size, and the spot to look at closely."""

    name: str
    pictures: tuple[Picture, ...]
    caption: str = ""
    worst: Window | None = None
    worst_title: str = "The largest error"
    icc: bytes | None = None  # the colour profile of the pixels; None: sRGB

    def __post_init__(self) -> None:
        if not self.pictures:
            raise ValueError(f"{self.name}: no pictures to compare")
        height, width, _ = shape = self.pictures[0][1].shape
        for label, pixels in self.pictures:
            if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
                raise ValueError(f"{self.name}: {label} is not (H, W, 3) uint8")
            if pixels.shape != shape:
                raise ValueError(f"{self.name}: {label} is {pixels.shape[:2]}, not {shape[:2]}")
        window = self.worst
        if window is not None and not (
            0 <= window.top <= window.top + window.height <= height
            and 0 <= window.left <= window.left + window.width <= width
            and window.height > 0
            and window.width > 0
        ):
            raise ValueError(f"{self.name}: {window} is not inside {(height, width)}")


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The whole page, from top to bottom."""

    title: str
    subtitle: str = ""
    tables: tuple[Table, ...] = ()
    points: tuple[Point, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    notes: tuple[str, ...] = ()  # what a reader must know to trust the figures and pictures
    footer: str = ""
