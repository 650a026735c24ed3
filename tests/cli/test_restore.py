"""restore TASK: files in, files out, and what is said about them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running import Run, make_picture, pixels_of, tree

from restorecli import __version__
from restorecli.tasks import TASKS


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --------------------------------------------------------------------------------------- where it goes


@pytest.mark.parametrize("task", [name for name in TASKS if name not in ("upscale", "demosaic")])
def test_the_result_stands_beside_the_photo(here: Path, restore: Run, task: str):
    make_picture(here / "photo.png")
    result = restore(task, "photo.png")
    assert (result.code, result.stderr) == (0, "")
    assert result.lines[0].startswith(f"photo.png -> photo.{task}.png   30x20, ")
    np.testing.assert_array_equal(pixels_of(here / f"photo.{task}.png"), pixels_of(here / "photo.png"))


def test_a_mosaic_and_its_pattern(here: Path, restore: Run):
    Image.fromarray(np.full((16, 16), 90, np.uint8)).save("mosaic.png")
    assert restore("demosaic", "mosaic.png", "--pattern", "rggb").code == 0
    make_picture(here / "photo.png")
    result = restore("demosaic", "photo.png")
    assert result.code == 1
    assert len(result.errors) == 1
    assert "hint: " in result.stderr


def test_a_file_a_folder_or_standard_output(here: Path, restore: Run):
    photo = make_picture(here / "photo.png")
    assert restore("denoise", photo, "-o", "result.webp").code == 0
    assert restore("denoise", photo, "-o", "new/").code == 0
    assert restore("denoise", photo, "-o", "deep/er/result.png").code == 0
    assert tree(here) == ["deep/er/result.png", "new/photo.png", "photo.png", "result.webp"]
    result = restore("denoise", photo, "-o", "-")
    assert result.stdout == (here / "new" / "photo.png").read_bytes()
    assert result.stderr == ""


def test_standard_input_goes_to_standard_output_unless_told_otherwise(here: Path, restore: Run):
    data = make_picture(here / "photo.png").read_bytes()
    piped = restore("denoise", "-", stdin=data)
    assert restore("denoise", "-", "-o", "named.png", stdin=data).code == 0
    assert piped.stdout == (here / "named.png").read_bytes()
    assert restore("denoise", "-", "-o", "folder/", stdin=data).code == 2
    bad = restore("denoise", "-", stdin=b"not an image")
    assert (bad.code, bad.stdout) == (1, b"")
    assert len(bad.errors) == 1


def test_a_template(here: Path, restore: Run):
    make_picture(here / "photo.jpg")
    assert restore("dejpeg", "photo.jpg", "--name", "{stem}-{task}-q{level}.{ext}", "--quality", 40).code == 0
    assert tree(here) == ["photo-dejpeg-q40.png", "photo.jpg"]
    result = restore("dejpeg", "photo.jpg", "--name", "{stom}.png")
    assert result.code == 2
    assert "unknown field {stom}" in result.stderr


def test_in_place(here: Path, restore: Run):
    make_picture(here / "photo.png")
    pixels = pixels_of(here / "photo.png")
    assert restore("denoise", "photo.png", "-o", "photo.png", "--overwrite").code == 2
    before = (here / "photo.png").stat().st_ino
    assert restore("denoise", "photo.png", "--in-place").code == 0
    assert (here / "photo.png").stat().st_ino != before
    np.testing.assert_array_equal(pixels_of(here / "photo.png"), pixels)
    assert tree(here) == ["photo.png"]


def test_in_place_takes_nothing_away(here: Path, restore: Run):
    """Pages, frames, depth and format: a file that would come back as less is left as it is."""
    one = Image.new("RGB", (30, 20), "red")
    others = [Image.new("RGB", (30, 20), colour) for colour in ("green", "blue")]
    one.save("pages.tif", save_all=True, append_images=others)
    one.save("frames.webp", save_all=True, append_images=others)
    Image.fromarray(np.full((20, 30), 40_000, np.uint16)).save("deep.png")
    Path("deep.png").rename("named.jpg")
    one.save("photo.png")
    before = {name: (here / name).read_bytes() for name in tree(here)}
    result = restore("denoise", ".", "--in-place")
    assert result.code == 1
    left = {name for name in before if (here / name).read_bytes() == before[name]}
    assert left == {"pages.tif", "frames.webp", "named.jpg"}
    assert "pages.tif: not replaced: a file of 3 pictures, and only the first would be left" in result.stderr
    assert "named.jpg: not replaced: a PNG by its content, and would become a JPEG" in result.stderr
    assert restore("denoise", "pages.tif").code == 0  # beside it there is nothing to lose


# ------------------------------------------------------------------------------------------- many files


@pytest.fixture
def album(here: Path) -> Path:
    for number, name in enumerate(["a.png", "b.jpg", "sub/c.png", "sub/deep/d.webp"]):
        make_picture(here / "album" / name, seed=number)
    (here / "album" / "notes.txt").write_text("no image")
    return here / "album"


def test_a_folder_flat_recursive_and_mirrored(here: Path, album: Path, restore: Run):
    assert restore("denoise", album, "-o", "flat/").code == 0
    assert tree(here / "flat") == ["a.png", "b.jpg"]
    assert restore("denoise", album, "-r", "-o", "all").code == 0
    assert tree(here / "all") == ["a.png", "b.jpg", "sub/c.png", "sub/deep/d.webp"]
    np.testing.assert_array_equal(
        pixels_of(here / "all" / "sub" / "c.png"), pixels_of(album / "sub" / "c.png")
    )


def test_results_of_ours_in_a_folder_are_named_where_they_may_be_meant(here: Path, restore: Run):
    make_picture(here / "photos" / "a.png")
    make_picture(here / "photos" / "a.denoise.png")
    make_picture(here / "own" / "a.denoise.png")
    assert "left out" not in restore("denoise", "photos").stderr
    result = restore("derain", "photos")
    assert result.code == 0
    assert "1 file left out: results of other tasks" in result.stderr
    result = restore("derain", "own")
    assert result.code == 1
    assert "only results of restorecli in own" in result.stderr
    assert "restore derain own/a.denoise.png" in result.stderr


def test_an_output_folder_inside_the_input_is_left_out(here: Path, album: Path, restore: Run):
    for skipped in (0, 4):
        result = restore("denoise", album, "-r", "-o", album / "out/", "--json")
        assert result.code == 0
        assert result.json["summary"]["skipped"] == skipped
    assert tree(album / "out") == ["a.png", "b.jpg", "sub/c.png", "sub/deep/d.webp"]


def test_done_files_are_skipped_counted_and_redone_when_asked(album: Path, restore: Run):
    assert "2 restored in " in restore("denoise", album).stderr
    result = restore("denoise", album)
    assert (result.code, result.stdout) == (0, b"")
    assert "0 restored, 2 skipped in " in result.stderr
    assert "--overwrite" in result.stderr
    assert "2 restored in " in restore("denoise", album, "-f").stderr
    assert [name for name in tree(album) if "denoise" in name] == ["a.denoise.png", "b.denoise.jpg"]


def test_one_file_that_is_done_is_refused(here: Path, restore: Run):
    make_picture(here / "photo.png")
    assert restore("denoise", "photo.png").code == 0
    result = restore("denoise", "photo.png")
    assert result.code == 1
    assert result.stderr == "error: photo.denoise.png is there already\nhint: --overwrite replaces it\n"


@pytest.mark.parametrize("separator", ["\n", "\0", "\r\n"])
def test_a_list_of_files(here: Path, album: Path, restore: Run, separator: str):
    names = separator.join(["album/a.png", "album/sub/c.png", ""])
    assert restore("denoise", "--from-file", "-", "-o", "one/", stdin=names.encode()).code == 0
    (here / "list.txt").write_bytes(names.encode())
    assert restore("denoise", "album/b.jpg", "--from-file", "list.txt", "-o", "two/").code == 0
    assert (tree(here / "one"), tree(here / "two")) == (["a.png", "c.png"], ["a.png", "b.jpg", "c.png"])


def test_a_bad_file_is_reported_and_passed_over(here: Path, restore: Run):
    for name in ("a.png", "c.png"):
        make_picture(here / name)
    (here / "b.png").write_bytes(b"not an image")
    result = restore("denoise", "a.png", "b.png", "missing.png", "c.png")
    assert result.code == 1
    assert [line.split(" -> ")[0] for line in result.lines] == ["a.png", "c.png"]
    assert [line.split(": ")[1] for line in result.errors] == ["missing.png", "b.png"]
    assert "2 restored, 2 failed in " in result.stderr


def test_fail_fast_stops(here: Path, restore: Run):
    (here / "a.png").write_bytes(b"not an image")
    make_picture(here / "b.png")
    result = restore("denoise", here, "--fail-fast")
    assert result.code == 1
    assert tree(here) == ["a.png", "b.png"]
    assert restore("denoise", "b.png", "missing.png", "--fail-fast").code == 1
    assert tree(here) == ["a.png", "b.png"]


def test_collisions_are_refused_before_any_work(here: Path, restore: Run):
    make_picture(here / "a.png")
    make_picture(here / "a.jpg")
    result = restore("dejpeg", "a.png", "a.jpg")
    assert (result.code, len(result.errors)) == (2, 1)
    assert tree(here) == ["a.jpg", "a.png"]
    hint = result.stderr.split('--name "')[1].split('"')[0]
    assert restore("dejpeg", "a.png", "a.jpg", "--name", hint).code == 0
    assert tree(here) == ["a-jpg.dejpeg.png", "a-png.dejpeg.png", "a.jpg", "a.png"]


def test_nothing_to_restore(here: Path, restore: Run):
    assert restore("denoise").code == 2
    (here / "sub").mkdir()
    make_picture(here / "sub" / "a.png")
    result = restore("denoise", ".")
    assert result.code == 1
    assert (
        result.stderr
        == "error: no images found in .\nhint: -r looks into folders below: restore denoise . -r\n"
    )


# ------------------------------------------------------------------------------------- what is printed


def test_json_is_one_document(here: Path, restore: Run):
    make_picture(here / "a.png")
    make_picture(here / "b.png")
    make_picture(here / "b.denoise.png")
    (here / "c.png").write_bytes(b"not an image")
    result = restore("denoise", "a.png", "b.png", "c.png", "--json")
    assert result.code == 1
    document = result.json
    assert (document["restorecli"], document["task"]) == (__version__, "denoise")
    assert [choice["name"] for choice in document["choices"]] == ["device", "precision", "tile", "weights"]
    assert all(choice["reason"] for choice in document["choices"])
    by_status = {file["status"]: file for file in document["files"]}
    assert by_status["restored"]["source"] == "a.png"
    assert by_status["restored"]["target"] == "a.denoise.png"
    assert by_status["restored"]["receipt"]["format"] == "PNG"
    assert by_status["restored"]["report"]["weights"] == "identity"
    assert by_status["skipped"]["target"] == "b.denoise.png"
    assert by_status["failed"]["source"] == "c.png"
    assert by_status["failed"]["error"]["kind"] == "InputError"
    assert {name: document["summary"][name] for name in ("restored", "failed", "skipped")} == {
        "restored": 1,
        "failed": 1,
        "skipped": 1,
    }
    assert len(result.stderr.splitlines()) == 1


def test_a_refused_command_is_a_document_too(here: Path, restore: Run):
    result = restore("derain", "a.png", "--json", "--model", "nothing")
    assert result.code == 3
    assert result.json["error"]["kind"] == "WeightsError"
    assert result.json["error"]["exit_code"] == 3


def test_quiet_prints_paths_and_errors_only(here: Path, restore: Run):
    make_picture(here / "a.png")
    result = restore("denoise", "a.png", "missing.png", "-q")
    assert result.lines == ["a.denoise.png"]
    assert result.stderr == "error: missing.png: no such file\n"


def test_verbose_says_what_was_chosen_and_why(here: Path, restore: Run):
    make_picture(here / "a.png")
    stderr = restore("denoise", "a.png", "-v", "--device", "cpu").stderr
    assert "device: cpu (asked for)" in stderr
    assert "weights: identity (" in stderr
    # Nobody falls back to the CPU in silence.
    (line,) = restore("denoise", "a.png", "-f", "--device", "auto").stderr.splitlines()
    assert line.startswith("identity on ")
    assert line.count("(") == line.count(")") >= 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--json", "--quiet"], "--json and --quiet contradict"),
        (["-o", "-", "--json"], "no --json"),
        (["--sigma", "101"], "--sigma"),
        (["--sigma", "strong"], "--sigma"),
        (["--strength", "2"], "--strength"),
        (["--tile", "big"], "--tile big"),
        (["--precision", "fp8"], "--precision"),
        (["--device", "cuda"], "cuda is not available"),
        (["--device", "tpu"], "unknown device"),
        (["--quality", "10"], "--quality"),
        (["--from-file", "missing.txt"], "--from-file missing.txt"),
        (["--jpeg-quality", "0"], "--jpeg-quality"),
        (["--batch", "1" + 20 * "0"], "--batch"),
    ],
)
def test_usage_errors(here: Path, restore: Run, words: list[str], message: str):
    make_picture(here / "a.png")
    result = restore("denoise", "a.png", *words)
    assert result.code == 2
    assert result.stdout == b"" or "--json" in words
    assert message in result.errors[0]
    assert "hint: " in result.stderr
    assert tree(here) == ["a.png"]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_without_weights_says_what_to_type(here: Path, restore: Run, task: str, monkeypatch):
    monkeypatch.setattr("restorecli.registry.entries", lambda _=None: ())
    result = restore(task, "a.png", identity=False)
    assert result.code == 3
    assert result.errors == [f"error: no weights for {task} yet"]
    assert "restore weights list" in result.stderr


def test_what_had_to_be_changed_is_a_warning(here: Path, restore: Run):
    Image.fromarray(np.zeros((8, 8, 4), np.uint8), mode="CMYK").save("print.jpg")
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 200)]
    frames[0].save("film.webp", save_all=True, append_images=frames[1:], lossless=True)
    result = restore("denoise", ".")
    assert result.code == 0
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert any(line.startswith("warning: print.jpg: ") and "CMYK" in line for line in warnings)
    assert any(line.startswith("warning: film.webp: ") and "first of 2" in line for line in warnings)


def test_options_reach_reading_and_writing(here: Path, restore: Run):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x010E] = "a caption"
    image.save("a.jpg", quality=70, exif=exif)
    for name, words in {
        "high": ["--jpeg-quality", "98"],
        "low": ["--jpeg-quality", "30"],
        "bare": ["--strip"],
    }.items():
        assert restore("denoise", "a.jpg", "-o", f"{name}.jpg", *words).code == 0
    assert (here / "high.jpg").stat().st_size > 2 * (here / "low.jpg").stat().st_size
    assert b"a caption" in (here / "high.jpg").read_bytes()
    assert b"a caption" not in (here / "bare.jpg").read_bytes()
    result = restore("denoise", "a.jpg", "--max-pixels", "100")
    assert result.code == 1
    assert "--max-pixels" in result.stderr
    assert restore("denoise", "a.jpg", "--max-pixels", "100", "--dry-run").code == 1


def test_a_dry_run_writes_nothing_and_tells_what_it_would_cost(here: Path, restore: Run):
    make_picture(here / "a.png", size=(300, 200))
    make_picture(here / "b.png")
    (here / "c.png").write_bytes(b"not an image")
    result = restore("denoise", ".", "--dry-run", "--tile", 128)
    assert result.code == 1
    assert "a.denoise.png   200x300, " in result.lines[0]
    assert " tiles, about " in result.lines[0]
    assert "dry run: 2 planned, 1 failed; about " in result.stderr
    assert tree(here) == ["a.png", "b.png", "c.png"]
    document = restore("denoise", "a.png", "--dry-run", "--json").json
    assert document["files"][0]["estimate"]["tiles"] >= 1
    assert tree(here) == ["a.png", "b.png", "c.png"]


# ------------------------------------------------------------------------------------------ odd names


NAMES = [
    b"caf\xe9.png",
    b"new\nline.png",
    b"\x1b[31mred.png",
    "naïve 東京 🎨.png".encode(),
    b"-dash.png",
    b"[red].png",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_file_name_works_in_every_mode(here: Path, restore: Run, name: bytes):
    folder = here / "in"
    path = make_picture(folder / os.fsdecode(name))
    target = folder / os.fsdecode(name.replace(b".png", b".denoise.png"))
    human = restore("denoise", folder, "-v")
    assert human.code == 0
    assert target.exists()
    assert b"\x1b[31m" not in human.stdout
    assert len(human.lines) == 1
    quiet = restore("denoise", path, "-q", "-f")
    assert quiet.stdout == os.fsencode(target) + b"\n"
    document = restore("denoise", path, "--json", "-f").json
    assert os.fsencode(document["files"][0]["target"]) == os.fsencode(target)
    path.write_bytes(b"not an image")
    broken = restore("denoise", path, "-f", "--json")
    assert broken.code == 1
    assert len(broken.errors) == 1
    assert "\x1b[31m" not in broken.stderr
    assert os.fsencode(broken.json["files"][0]["source"]) == os.fsencode(path)


def test_a_name_from_the_shell_that_is_not_utf8(here: Path):
    variables = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "0", "LC_ALL": "C"}
    words = [sys.executable, "-m", "restorecli", "denoise", b"caf\xe9.png", "--model", "identity", "--json"]
    ran = subprocess.run(words, cwd=here, env=os.environ | variables, capture_output=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr == b"error: caf\\xe9.png: no such file\n"
    assert os.fsencode(json.loads(ran.stdout)["files"][0]["source"]) == b"caf\xe9.png"
