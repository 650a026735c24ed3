"""The types that pass between the parts. Plain frozen data: no torch, no numpy, no files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

TaskName = str  # a key of TASKS
Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a network with given weights can do, as data.

    `halo` is the receptive radius of a local network. None says that the network attends over its whole
    tile, so that the tile size is part of the result.
    """

    network: str
    params: Mapping[str, object] = field(default_factory=dict)
    channels: Literal[1, 3] = 3  # 1: gray only; of a colour photo it takes the luma
    value_range: float = 1.0
    scale: int = 1
    multiple_of: int = 1
    tile: int = 512
    overlap: int = 32
    halo: int | None = None
    dtypes: tuple[Precision, ...] = ("fp32",)
    steerable: bool = False  # forward takes the level as a second argument
    finds_kernel: bool = False  # only for photos in which no single blur kernel is found


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that lies elsewhere, pinned, with what proves that it is the right one."""

    repo: str | None = None  # on the Hub: USER/NAME, with `revision` and `file`
    revision: str | None = None  # 40 hex digits
    file: str | None = None  # its path inside the repository
    repo_type: Literal["model", "dataset"] = "model"
    url: str | None = None  # anywhere else: a raw file at a commit
    sha256: str | None = None
    git_blob: str | None = None  # SHA-1 of b"blob <length>\0" + bytes
    size: int | None = None  # bytes

    @property
    def name(self) -> str:
        """The file's own name."""
        return (self.file or self.url or "").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of a paper: PSNR in dB on a set."""

    set: str
    psnr: float
    protocol: str = ""
    level: float | str | None = None


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One row of weights.toml."""

    id: str
    task: str
    model: ModelSpec
    source: Literal["none", "embedded", "file", "hub", "url", "manual"]
    # embedded: its path inside the package; file: a path; hub: its path in the repository;
    # manual: its name as its authors give it, or the folder it has inside their zip
    file: str | None = None
    repo: str | None = None  # hub
    revision: str | None = None  # hub: 40 hex digits
    url: str | None = None  # url: a raw file at a commit
    page: str | None = None  # where its authors publish it, to look at
    instructions: str = ""  # manual: what to do there
    sha256: str | None = None
    git_blob: str | None = None
    size: int | None = None  # bytes
    about_size: int | None = None  # bytes, to tell the user, where the exact size is not known
    licence: str = "unknown"
    default: bool = False  # the answer to --model auto for its task
    automatic: bool = True  # False: only where it is asked for by its id
    level: float | str | None = None  # the one level it was trained for; None: any
    white_noise: bool = False  # only for photos whose noise is white, where there are others for the rest
    trained_for: str = ""
    limits: str = ""
    published: tuple[Published, ...] = ()
    provenance: Mapping[str, object] = field(default_factory=dict)

    @property
    def photos(self) -> str:
        """The photos that these weights alone are for, in words; nothing where they are for any."""
        gray, noise = self.model.channels == 1, " with white noise" if self.white_noise else ""
        return f"{'gray ' if gray else ''}photos{noise}" if gray or noise else ""

    @property
    def remote(self) -> Remote | None:
        """Where the file is fetched from; None where it lies here, or is got by hand."""
        if self.source not in ("hub", "url"):
            return None
        file = self.file if self.source == "hub" else None
        return Remote(
            self.repo, self.revision, file, url=self.url,
            sha256=self.sha256, git_blob=self.git_blob, size=self.size,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that was chosen for the user, with the reason."""

    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """One tile's place in the padded image, in input pixels."""

    top: int
    left: int
    height: int
    width: int
