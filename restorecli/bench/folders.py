"""Folders of images: which of them belong together, and whether all are there and whole.

clean images                       a folder of nothing else
pairs in two folders               input/ and target/, rainy/ and clean/, noisy/ and gt/, blur/ and sharp/
pairs in one folder                rain-001.png and norain-001.png, x_noisy.png and x_clean.png,
                                   x_real.jpg and x_mean.jpg
large and small images             HR/ and LR_x2/, LR_x3/, LR_x4/ (or LR_bicubic/X2/)
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import InputError, RestoreError, UsageError
from ..images import can_read, is_gray, read
from .sets import BenchSet, catalogue

_TARGETS = ("target", "targets", "gt", "clean", "sharp", "hr", "hq", "norain", "groundtruth", "reference")
_INPUTS = ("input", "inputs", "noisy", "rainy", "rain", "blur", "blurred", "lq", "jpeg", "degraded")
_SMALL = re.compile(r"(?:lr[_-]?(?:bicubic)?[_-]?)?x([234])", re.IGNORECASE)
# How the two images of a pair that lie in one folder are called, the input first; in brackets is the scene.
_SIDE_BY_SIDE = tuple(
    tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
    for patterns in (
        (r"rain-?(\d+)", r"norain-?(\d+)"),
        (r"(.+)_noisy", r"(.+)_clean"),
        (r"(.+)_real", r"(.+)_mean"),  # many shots' mean
    )
)
# What names of the two images of a pair have beside the scene's own: rain-3, norain-3; birdx2; img_SRF_2_LR.
_BESIDE_SCENE = re.compile(
    r"^(?:no)?rain-?|(?:_SRF_\d)?_(?:HR|LR)$|x[234]$|_(?:noisy|clean|real|mean)$", re.IGNORECASE
)

Groups = Mapping[str, tuple[Path, ...]]  # "target", "input", "LR_x2", ... to their images


@dataclass(frozen=True, slots=True)
class Item:
    """One scene: the clean image, and what is given of it beside that."""

    name: str
    target: Path
    input: Path | None = None  # of a pair
    small: Mapping[int, Path] = field(default_factory=dict)  # by scale


@dataclass(frozen=True, slots=True)
class ImageSet:
    """A set that can be measured on, with everything that is wrong with it."""

    title: str
    items: tuple[Item, ...]
    row: BenchSet | None = None  # of sets.toml, where it is one of those
    reasons: tuple[str, ...] = ()  # why it is not whole
    gray: bool = False
    shortened: str = ""  # how many of how many, where only some were asked for

    @property
    def is_pairs(self) -> bool:
        return any(item.input is not None for item in self.items)


def open_folder(folder: Path) -> ImageSet:
    """A folder of the user's, nothing of it read yet."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder", hint="--set-dir names a folder of images")
    return assemble(folder.resolve().name, groups_of(folder))


def groups_of(folder: Path) -> Groups:
    """The images of a folder by what they are."""
    groups: dict[str, tuple[Path, ...]] = {}
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        groups |= _named_groups(below)
    if not groups:
        groups |= _side_by_side(images_in(folder))
    if not groups.get("target"):
        raise InputError(
            f"{folder}: no images that could be the clean ones",
            hint="a folder of images, or one with input/ and target/ in it",
        )
    return groups


def _side_by_side(flat: tuple[Path, ...]) -> Groups:
    """Pairs, as soon as there is one: what has no partner is then named. Otherwise clean images."""
    for damaged, clean in _SIDE_BY_SIDE:
        scenes = {found[1] for path in flat if (found := damaged.fullmatch(path.stem))}
        if any((found := clean.fullmatch(path.stem)) and found[1] in scenes for path in flat):
            inputs = tuple(path for path in flat if damaged.fullmatch(path.stem))
            return {"input": inputs, "target": tuple(path for path in flat if path not in inputs)}
    return {"target": flat}


def _named_groups(folder: Path) -> Groups:
    name = folder.name.lower()
    small = _SMALL.fullmatch(folder.name)
    if small:
        return {f"LR_x{small[1]}": images_in(folder)}
    if name == "lr_bicubic":
        scales = [path for path in folder.iterdir() if path.is_dir() and _SMALL.fullmatch(path.name)]
        return {f"LR_x{path.name[-1]}": images_in(path) for path in sorted(scales)}
    role = "target" if name in _TARGETS else "input" if name in _INPUTS else None
    return {role: images_in(folder)} if role and images_in(folder) else {}


def images_in(folder: Path) -> tuple[Path, ...]:
    return tuple(
        sorted(path for path in folder.iterdir() if can_read(path) and not path.name.startswith("."))
    )


def assemble(title: str, groups: Groups) -> ImageSet:
    """Scenes out of groups of files; what has no partner is a reason."""
    reasons: list[str] = []
    targets = _by_scene(groups["target"])
    partners: dict[str, dict[str, Path]] = {}
    for role, paths in groups.items():
        if role == "target":
            continue
        partners[role] = _by_scene(paths)
        missing = [path.name for scene, path in targets.items() if scene not in partners[role]]
        extra = [path.name for scene, path in partners[role].items() if scene not in targets]
        reasons += [f"{name}: there is no {_kind(role)} for it" for name in missing]
        reasons += [f"{name}: there is no clean image for it" for name in extra]
    items = []
    for scene, target in targets.items():
        if "input" in partners and scene not in partners["input"]:
            continue
        small = {
            int(role[-1]): found[scene]
            for role, found in partners.items()
            if role.startswith("LR_x") and scene in found
        }
        items.append(Item(scene, target, partners.get("input", {}).get(scene), small))
    return ImageSet(title, tuple(items), reasons=tuple(reasons))


def _kind(role: str) -> str:
    return "input" if role == "input" else f"{role.removeprefix('LR_')} small image"


def _by_scene(paths: Iterable[Path]) -> dict[str, Path]:
    """By the scene's name; by the whole name where that does not tell them apart."""
    paths = tuple(paths)
    scenes = {_BESIDE_SCENE.sub("", path.stem) or path.stem: path for path in paths}
    if len(scenes) < len(paths):
        scenes = {path.stem: path for path in paths}
    if len(scenes) < len(paths):
        scenes = {path.name: path for path in paths}
    return dict(sorted(scenes.items(), key=lambda pair: _natural(pair[0])))


def _natural(name: str) -> list[tuple[int, str]]:
    """So that 2 comes before 10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def load(path: Path) -> np.ndarray:
    """Pixels (H, W, 1 or 3) in the file's depth; a gray image that is stored in colour has one channel."""
    try:
        pixels = read(path).pixels
    except RestoreError as error:
        raise InputError(f"{path.name}: {error.message.removeprefix(f'{path}: ')}") from error
    return pixels[:, :, :1] if is_gray(pixels) else pixels


def fingerprint(*images: np.ndarray) -> str:
    """What an image shows, or both of a pair, whatever files hold them: 12 digits."""
    digest = hashlib.sha256()
    for pixels in images:
        height, width, channels = pixels.shape
        digest.update(f"{height} {width} {channels} {pixels.dtype.name} ".encode())
        digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()[:12]


def inspect(images: ImageSet, limit: int | None = None) -> ImageSet:
    """Reads every image once: which are bad, whether the set is gray, and which set of sets.toml it is."""
    chosen = images.items if limit is None else images.items[:limit]
    reasons = list(images.reasons)
    sound: list[Item] = []
    prints: dict[str, str] = {}
    gray = True
    for item in chosen:
        try:
            pixels = load(item.target)
            pair = () if item.input is None else (load(item.input),)
            _check_partners(item, pixels, pair)
        except InputError as error:
            reasons.append(error.message)
            continue
        sound.append(item)
        prints[item.name] = fingerprint(pixels, *pair)
        gray = gray and pixels.shape[2] == 1
    shortened = "" if len(chosen) == len(images.items) else f"the first {len(chosen)} of {len(images.items)}"
    row = images.row
    if row is None and not shortened:
        row = _recognised(prints)
    title = row.title if row is not None else images.title
    if row is not None:
        reasons += _against_row(row, prints, len(images.items), shortened=bool(shortened))
    return replace(
        images, title=title, items=tuple(sound), row=row, reasons=tuple(dict.fromkeys(reasons)),
        gray=gray and bool(sound), shortened=shortened,
    )  # fmt: skip


def _check_partners(item: Item, target: np.ndarray, pair: tuple[np.ndarray, ...]) -> None:
    height, width = target.shape[:2]
    for given in pair:
        if given.shape[:2] != (height, width):
            assert item.input is not None
            size = f"{given.shape[1]}x{given.shape[0]}"
            raise InputError(f"{item.input.name}: {size}, but {item.target.name} is {width}x{height}")
    for scale, path in item.small.items():
        rows, columns = load(path).shape[:2]
        if (rows, columns) not in (
            (height // scale, width // scale),
            (-(-height // scale), -(-width // scale)),
        ):
            raise InputError(
                f"{path.name}: {columns}x{rows} is not {item.target.name} ({width}x{height}) x{scale} smaller"
            )


def _recognised(prints: Mapping[str, str]) -> BenchSet | None:
    """A folder of the user's may be one of the known sets, whatever its files are called."""
    found = sorted(prints.values())
    for row in catalogue().sets.values():
        if row.knows_all and sorted(row.pixels.values()) == found:
            return row
    return None


def _against_row(row: BenchSet, prints: Mapping[str, str], count: int, *, shortened: bool) -> list[str]:
    """What is missing, too much, or other than it should be."""
    there, known = set(prints.values()), set(row.pixels.values())
    strange = [
        name
        for name, digits in prints.items()
        if digits not in known and (row.knows_all or name in row.pixels)
    ]
    reasons = [
        f"{name}: its pixels are not those of {row.title}"
        + (" (the image of that name is another)" if name in row.pixels else " (it does not belong to it)")
        for name in strange
    ]
    if known and there and there.isdisjoint(known) and not strange:
        reasons.append(f"none of these images is known to be one of {row.title}")
    if shortened:
        return reasons
    if row.knows_all:
        missing = (name for name, digits in row.pixels.items() if digits not in there and name not in strange)
        return reasons + [f"{name}: is missing from {row.title}" for name in missing]
    if count != row.images:
        reasons.append(f"{row.title} has {row.images} images, and there are {count}")
    return reasons
