"""restore denoise: gray and colour photos get weights of their own, and the user is told which."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running import Run, pixels_of, tree

BOTH = "compact-denoise (by the photo also -gray, -white, -gray-white)"
OWN = """
[[weights]]
id = "mine"
task = "denoise"
source = "url"
url = "https://example.org/mine.safetensors"
sha256 = "{0}"
default = true
size = 4000000

[weights.model]
network = "local"
params = {{ channels = 1 }}
channels = 1
halo = 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A colour photo, a gray one, the same saved as colour, and that with one pixel of another colour."""
    folder = tmp_path / "in"
    folder.mkdir()
    rows, columns = np.mgrid[:32, :48]
    colour = np.stack([120 + 90 * np.sin((rows + k * columns) / 9) for k in range(3)], axis=2).astype(
        np.uint8
    )
    gray = colour[:, :, 0]
    thrice = np.stack([gray] * 3, axis=2)
    nearly = thrice.copy()
    nearly[3, 5, 1] += 1
    for name, pixels in {"colour": colour, "gray": gray, "gray3": thrice, "nearly": nearly}.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def test_a_folder_of_both(folder: Path, tmp_path: Path, restore: Run):
    template = "{stem}-{model}.{ext}"
    words = ("denoise", folder, "--model", "auto", "-o", f"{tmp_path}/out/", "--name", template)
    result = restore(*words, "--json")
    assert result.code == 0, result.stderr
    names = {Path(file["source"]).stem: file["report"]["weights"] for file in result.json["files"]}
    gray, colour = "compact-denoise-gray", "compact-denoise"
    assert names == {"colour": colour, "gray": gray, "gray3": gray, "nearly": colour}
    assert not any(file["notes"] or file["report"]["notes"] for file in result.json["files"])
    assert result.json["choices"][3] == {
        "name": "weights", "value": BOTH, "reason": "the default for denoise"
    }  # fmt: skip
    out = tmp_path / "out"
    assert tree(out) == [f"{stem}-compact-denoise.png" for stem in ("colour", "gray", "gray3", "nearly")]
    gray, thrice = (pixels_of(out / f"{stem}-compact-denoise.png") for stem in ("gray", "gray3"))
    np.testing.assert_array_equal(thrice, np.stack([gray] * 3, axis=2))


def test_the_first_line_names_the_weights(folder: Path, restore: Run):
    result = restore("denoise", folder / "gray.png", "--model", "auto", "--device", "auto")
    assert result.code == 0, result.stderr
    assert result.stderr.startswith(f"{BOTH} on ")
    details = restore("denoise", folder / "gray3.png", "--model", "auto", "-v").stderr
    assert f"weights: {BOTH} (the default for denoise)" in details
    assert "weights compact-denoise-gray" in details
    assert "the default for denoise of gray photos, as the noise is not white" in details


def test_a_dry_run_tells_what_would_be_fetched_for_gray_photos(folder: Path, tmp_path: Path, restore: Run):
    own = tmp_path / "own.toml"
    own.write_text(OWN.format("0" * 64))
    words = ("denoise", folder, "--model", "auto", "--weights-file", own, "--tile", 96)
    result = restore(*words, "--dry-run", "--json")
    assert (result.code, result.json["summary"]["planned"]) == (0, 4)
    value = result.json["choices"][3]["value"]
    assert value == "compact-denoise (by the photo also mine, -white)"
    human = restore(*words, "--dry-run")
    assert "mine would be fetched, 4.0 MB, from https://example.org/mine.safetensors" in human.stderr


KINDS = ("yes, default  ", "default (gray)  ", "default (white)  ", "default (gray, white)  ")


def test_the_list_and_the_help_say_which_is_for_gray(restore: Run):
    lines = restore("weights", "list", "--task", "denoise", identity=False).lines
    assert [line.split()[0] for line in lines if "default" in line] == [
        "compact-denoise",
        "compact-denoise-gray",
        "compact-denoise-white",
        "compact-denoise-gray-white",
    ]
    assert [words in line for words, line in zip(KINDS, lines[1:5], strict=True)] == [True] * 4
    told = restore("weights", "info", "compact-denoise-gray", identity=False).lines
    assert "denoise, its default for gray photos" in told[1]
    help = " ".join(restore("denoise", "--help", identity=False).stdout.decode().split())
    assert (
        "some get weights of their own: compact-denoise-gray for gray photos; compact-denoise-white" in help
    )
    assert "compact-denoise-gray-white for gray photos with white noise." in help
    assert help.count("The default weights were trained for") == 1
