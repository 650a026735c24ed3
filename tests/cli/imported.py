"""Small networks as rows of a user's list, their authors' files, and what is looked at after an import."""

from functools import cache
from pathlib import Path

from running import Result
from saving import formula_state
from torch import Tensor

from restorecli import registry

# The published networks with fewer blocks: as rows of a user's own list.
SMALL = {
    "panet": '"panet"\nparams = { colors = 3, blocks = 4 }',
    "panet-gray": '"panet"\nparams = { colors = 1, blocks = 4 }\nchannels = 1',
    "rnan": '"rnan"\nparams = { colors = 3, groups = 3, features = 16 }\nvalue_range = 255\nmultiple_of = 2',
    "dagl": '"dagl"\nparams = { colors = 3, blocks = 4 }',
    "mhnet": '"mhnet"\nparams = { width = 8, group = 1, encoder = [1, 1, 1, 2] }\nmultiple_of = 16',
}
ROW = """
[[weights]]
id = "small-{name}"
task = "denoise"
source = "manual"
file = "{name}/model.pt"
page = "https://example.org/weights"
instructions = "Download it."

[weights.model]
network = {model}
"""
UPSCALER = """
[[weights]]
id = "small-paedsr"
task = "upscale"
level = 2
source = "manual"
page = "https://example.org/weights"
instructions = "Download it."
licence = "MIT"

[weights.model]
network = "paedsr"
params = { scale = 2, blocks = 4, features = 32 }
scale = 2
"""
PINNED = """
[[weights]]
id = "small-pinned"
task = "denoise"
source = "url"
url = "https://example.org/model.pt"
git_blob = "0123456789012345678901234567890123456789"

[weights.model]
network = "panet"
params = { colors = 3, blocks = 4 }
"""


def write_rows(config: Path) -> None:
    """The user's own list, in the config folder."""
    config.mkdir()
    rows = [ROW.format(name=name, model=model) for name, model in SMALL.items()]
    (config / "weights.toml").write_text("".join((*rows, UPSCALER, PINNED)))


def state_of(name: str) -> dict[str, Tensor]:
    return dict(_state(name))


@cache
def _state(id: str) -> dict[str, Tensor]:
    return formula_state(registry.find(id).model)


def refused(result: Result, *words: str) -> str:
    """One clear line and exit 3; the line."""
    assert result.code == 3, result.stderr
    assert result.stdout == b""
    (line,) = result.errors
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in line
    return line


def nothing_kept(own_folders: Path) -> bool:
    return not [path for path in (own_folders / "cache").rglob("*") if path.is_file()]
