"""A few of the many pictures of a run, chosen while it goes on."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..images import Image
from ..report import Comparison, Picture, cut, enlarged, largest_error, shown, spots_of
from ..spec import Window

SCENES = 12  # on a page, all sets and levels together: each is a megabyte or two
PART = 512, 640  # height and width of what is shown of larger pictures

_ORDINALS = {2: "2nd", 3: "3rd"}


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One image of a set, restored. Pixels are (H, W, 1 or 3) uint8, uint16, or float in [0, 1]."""

    where: str  # set, card and level in words
    model: str
    name: str
    psnr: float | None  # None: equal to the truth
    psnr_input: float | None  # None too where the input cannot be compared
    input: np.ndarray
    output: np.ndarray
    truth: np.ndarray


OnImage = Callable[[Shot], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """What is kept of an image: the part around the spot where the first weights err most."""

    name: str
    psnr: float  # of the first weights
    size: tuple[int, int]  # of the whole
    part: Window
    worst: Window | None  # inside the part
    pictures: list[Picture]
    truth: Picture


@dataclass(slots=True)
class _Group:
    """One set at one level, and the images that the weights which came first restore worst and best."""

    judge: str
    seen: int = 0
    scenes: list[_Scene] = field(default_factory=list)


class Gallery:
    """Takes every restored image and keeps a few, so that memory does not grow with the sets.

    `groups` is the number of sets and levels that will come: they share the page.
    """

    def __init__(self, groups: int = 1) -> None:
        count = max(1, SCENES // max(1, groups))
        self._best = count // 3
        self._worst = count - self._best
        self._groups: dict[str, _Group] = {}

    def add(self, shot: Shot) -> None:
        group = self._groups.setdefault(shot.where, _Group(shot.model))
        if shot.model == group.judge:
            group.seen += 1
            group.scenes.append(_scene(shot))
            group.scenes.sort(key=lambda scene: scene.psnr)
            if len(group.scenes) > self._worst + self._best:
                del group.scenes[self._worst]  # as many are worse as are kept, and as many better
            return
        for scene in group.scenes:
            if scene.name == shot.name:
                scene.pictures.append((_label(shot.model, shot.psnr), _part(shot.output, scene)))

    def comparisons(self) -> tuple[Comparison, ...]:
        return tuple(
            Comparison(
                scene.name,
                (*scene.pictures, scene.truth),
                self._caption(where, group, place),
                scene.worst,
                f"The largest error of {group.judge}",
            )
            for where, group in self._groups.items()
            for place, scene in enumerate(group.scenes)
        )

    def _caption(self, where: str, group: _Group, place: int) -> str:
        scene, words = group.scenes[place], [where]
        if group.seen > 1:
            is_low = place < self._worst
            rank = place + 1 if is_low else len(group.scenes) - place
            order = "" if rank == 1 else f"{_ORDINALS.get(rank, f'{rank}th')} "
            words.append(f"{order}{'worst' if is_low else 'best'} of {group.seen} for {group.judge}")
        if scene.size != (scene.part.height, scene.part.width):
            words.append(f"a part of it, at {scene.part.left}, {scene.part.top}")
        return "; ".join(words)

    def note(self) -> str | None:
        """How the pictures were chosen; None where all are there."""
        groups = self._groups.values()
        if all(group.seen == len(group.scenes) for group in groups):
            return None
        judges = " or ".join(dict.fromkeys(group.judge for group in groups))
        best = f" and the {_times(self._best)} it restores best" if self._best else ""
        return (
            f"Pictures are shown of {_times(sum(len(group.scenes) for group in groups))} out of "
            f"{sum(group.seen for group in groups)}: of every set, protocol and level the "
            f"{_times(self._worst)} that {judges} restores worst{best}, by PSNR."
        )


def _times(count: int) -> str:
    return "one" if count == 1 else str(count)


def _scene(shot: Shot) -> _Scene:
    truth, output = _pixels(shot.truth), _pixels(shot.output)
    height, width = truth.shape[:2]
    anywhere = Window(0, 0, min(height, PART[0]), min(width, PART[1]))
    part = next(iter(spots_of([output, truth], 1, *PART)), anywhere)
    before = enlarged(_pixels(shot.input), truth.shape)
    repeated = "" if shot.input.shape[:2] == truth.shape[:2] else ", pixels repeated"
    truth_part, output_part = np.ascontiguousarray(cut(truth, part)), np.ascontiguousarray(cut(output, part))
    return _Scene(
        shot.name,
        math.inf if shot.psnr is None else shot.psnr,
        (height, width),
        part,
        largest_error(output_part, truth_part),
        [
            (_label(f"input{repeated}", shot.psnr_input), np.ascontiguousarray(cut(before, part))),
            (_label(shot.model, shot.psnr), output_part),
        ],
        ("truth", truth_part),
    )


def _part(pixels: np.ndarray, scene: _Scene) -> np.ndarray:
    return np.ascontiguousarray(cut(_pixels(pixels), scene.part))


def _pixels(array: np.ndarray) -> np.ndarray:
    return shown(Image.from_array(array))


def _label(name: str, psnr: float | None) -> str:
    return name if psnr is None else f"{name} · {psnr:.2f} dB"
