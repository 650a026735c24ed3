"""restore bench, from its words to its tables, files and exit codes."""

import csv
import io
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from running import Result, Run, make_picture, tree
from safetensors.torch import save_file

from restorecli.bench import plan as bench_plan
from restorecli.networks import NETWORKS
from restorecli.ops.windows import PAPER_WINDOWS, in_quad_tree
from restorecli.tasks import TASKS


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """Two small images of random pixels."""
    for seed in range(2):
        make_picture(tmp_path / f"clean/{seed + 1}.png", seed, size=(24, 40))
    return tmp_path / "clean"


def test_a_folder_is_measured_and_drawn(restore: Run, clean: Path):
    result = restore("bench", "denoise", "--set-dir", clean, "--sigma", "15,50")
    assert result.code == 0, result.stderr
    head, *rows = result.lines
    assert head.split()[:4] == ["set", "images", "level", "protocol"]
    assert [row.split()[2:4] for row in rows] == [["sigma", "15"]] * 4 + [["sigma", "50"]] * 4
    assert all("noise-colour" in row for row in rows)
    assert "noise-colour: Gaussian noise" in result.stderr


def test_the_level_says_the_task(restore: Run, clean: Path):
    result = restore("bench", "--quality", "10", "--set-dir", clean, "--json")
    assert {score["task"] for score in result.json["scores"]} == {"dejpeg"}


def cards(result: Result) -> list[str]:
    return list(dict.fromkeys(score["protocol"] for score in result.json["scores"]))


def test_photos_as_people_have_them_come_first_and_then_white_noise(restore: Run, clean: Path):
    words = ("bench", "denoise", "--set-dir", clean, "--baselines", "simple", "--json")
    result = restore(*words)
    assert cards(result) == ["phone", "low-light", "scan", "noise-colour"]
    assert [card["name"] for card in result.json["protocols"]] == cards(result)
    for path in clean.iterdir():
        Image.open(path).convert("L").save(path)
    assert cards(restore(*words)) == ["phone-gray", "noise-gray"]


def test_the_images_that_ship_are_measured_so_too(restore: Run):
    words = ("bench", "denoise", "--limit", "2", "--baselines", "none", "--csv")
    rows = list(csv.DictReader(io.StringIO(restore(*words).stdout.decode())))
    assert [row["protocol"] for row in rows] == ["phone", "low-light", "scan", *["noise-colour"] * 3]
    assert {row["set"] for row in rows} == {"mini"}


def test_real_pairs_side_by_side_are_measured_as_such(restore: Run, tmp_path: Path):
    for seed in range(2):
        make_picture(tmp_path / f"real/x{seed}_mean.png", seed, size=(24, 40))
        make_picture(tmp_path / f"real/x{seed}_real.png", seed + 5, size=(24, 40))
    result = restore("bench", "denoise", "--set-dir", tmp_path / "real")
    head, *rows = result.lines
    assert "worse" in head.split()
    names = ("input", "NLM (OpenCV), h 4", "identity")
    assert all(name in row and "noise-pairs" in row for name, row in zip(names, rows, strict=True))
    assert all("0 of 2" in row for row in (rows[0], rows[2]))
    assert "real noise, of which nothing is told" in result.stderr
    assert "by over 0.05 dB" in result.stderr


def test_short_can_be_asked_for_at_once(restore: Run, clean: Path):
    words = ("bench", "denoise", "--set-dir", clean, "--sigma", "15,25", "--baselines", "simple", "--short")
    head, row = restore(*words).lines
    assert " ".join(head.split()) == "task set protocol level weights PSNR SSIM worse beside it papers"
    assert "15 / 25" in row
    assert "0 / 0 of 2" in row
    assert restore(*words, "--markdown").lines[2].count("|") == 10
    without = restore(*words, "--model", "none")
    assert without.stdout == b""
    assert "no weights were measured" in without.stderr


def test_auto_is_what_the_command_does(restore: Run, clean: Path, tmp_path: Path):
    """Photo by photo: a gray one among coloured ones gets the weights that it gets from `restore denoise`."""
    Image.open(clean / "2.png").convert("L").save(clean / "2.png")
    told = restore("denoise", clean, "-o", tmp_path / "out", "--json", "--model", "auto")
    expected = [file["report"]["weights"] for file in told.json["files"]]
    words = ("bench", "denoise", "--set-dir", clean, "--protocol", "clean", "--baselines", "none", "--json")
    (score,) = restore(*words, "--model", "auto").json["scores"]
    assert sorted(score["model"].split(" + ")) == sorted(set(expected))
    assert len(set(expected)) == 2


def test_json_holds_everything_and_comes_back_as_a_table(restore: Run, clean: Path, tmp_path: Path):
    result = restore("bench", "denoise", "--set-dir", clean, "--sigma", "25", "--json")
    stored = tmp_path / "results.json"
    stored.write_bytes(result.stdout)
    scores = result.json["scores"]
    assert [score["model"] for score in scores] == ["input", "NLM (OpenCV)", "total variation", "identity"]
    assert [image["name"] for image in scores[0]["per_image"]] == ["1", "2"]
    assert result.json["protocols"][0]["name"] == "noise-colour"
    shown = restore("bench", "table", stored, "--markdown", identity=False)
    assert shown.lines[0].startswith("| set | images | level | protocol | weights | PSNR | SSIM |")
    assert f"{scores[0]['psnr']:.2f}" in shown.lines[2]
    short = restore("bench", "table", stored, "--markdown", "--short", identity=False)
    assert len(short.lines) == 3
    assert "input" in short.lines[2]


def test_figures_are_the_same_to_the_byte_on_every_run(
    restore: Run, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.argv", ["restore", "bench", "denoise"])
    words = (
        "bench",
        "denoise",
        "--set-dir",
        clean,
        "--sigma",
        "25",
        "--model",
        "auto",
        "--baselines",
        "simple",
        "--figures",
    )
    first, second = restore(*words).stdout, restore(*words).stdout
    assert first == second
    document = json.loads(first)
    assert document["command"] == "restore bench denoise"
    assert document["machine"] is None
    for score in document["scores"]:
        assert score["seconds_per_megapixel"] is score["peak_memory"] is None
        assert score["per_image"] == []
    for name in ("old", "new"):
        (tmp_path / f"{name}.json").write_bytes(first)
    found = restore("bench", "diff", tmp_path / "old.json", tmp_path / "new.json", identity=False)
    assert found.code == 0
    assert "2 the same, 0 changed" in found.stderr


def test_diff_shows_what_changed(restore: Run, clean: Path, tmp_path: Path):
    words = ("bench", "denoise", "--set-dir", clean, "--sigma", "25", "--baselines", "simple", "--figures")
    document = restore(*words).json
    (tmp_path / "old.json").write_text(json.dumps(document))
    document["scores"][1]["psnr"] += 0.5
    document["scores"][0]["model"] = "other"
    (tmp_path / "new.json").write_text(json.dumps(document))
    found = restore("bench", "diff", tmp_path / "old.json", tmp_path / "new.json", identity=False)
    assert "+0.5000" in found.lines[1]
    assert "only in before: input on clean" in found.stderr
    assert "only in after: other on clean" in found.stderr
    told = restore("bench", "diff", tmp_path / "old.json", tmp_path / "new.json", "--json", identity=False)
    assert [change["change"] for change in told.json["changes"]] == [0.5]


def test_csv_and_the_scores_of_every_image(restore: Run, clean: Path, tmp_path: Path):
    words = ("bench", "denoise", "--set-dir", clean, "--sigma", "25", "--baselines", "none")
    result = restore(*words, "--csv", "--per-image", tmp_path / "images.csv")
    (row,) = csv.DictReader(io.StringIO(result.stdout.decode()))
    images = list(csv.DictReader(io.StringIO((tmp_path / "images.csv").read_text())))
    assert [image["name"] for image in images] == ["1", "2"]
    mean = sum(float(image["psnr"]) for image in images) / 2
    assert float(row["psnr"]) == pytest.approx(mean, abs=1e-5)
    again = restore(*words, "--per-image", tmp_path / "images.csv")
    assert again.code == 1
    assert "is there already" in again.errors[0]


def test_the_page_has_the_table_and_the_pictures(restore: Run, clean: Path, tmp_path: Path):
    page = tmp_path / "page.html"
    result = restore("bench", "denoise", "--set-dir", clean, "--sigma", "25", "--report", page)
    assert result.code == 0, result.stderr
    text = page.read_text()
    assert "NLM (OpenCV)" in text
    assert text.count('<article class="comparison"') == 2
    assert 'class="plot"' in text
    assert "http" not in text.replace("http-equiv", "")


def test_baselines_alone(restore: Run, clean: Path):
    words = ("bench", "upscale", "--set-dir", clean, "--scale", "2", "--model", "none", "--json")
    assert [score["model"] for score in restore(*words).json["scores"]] == ["bicubic"]


def test_a_limit_is_said_in_the_table(restore: Run, clean: Path):
    words = ("bench", "denoise", "--set-dir", clean, "--sigma", "25", "--limit", "1", "--csv")
    rows = list(csv.DictReader(io.StringIO(restore(*words).stdout.decode())))
    assert {(row["images"], row["whole"], row["note"]) for row in rows} == {
        ("1", "False", "the first 1 of 2")
    }


# -------------------------------------------------------------------------------------------- bad sets


def test_a_bad_set_is_named_and_gives_no_average(restore: Run, clean: Path, tmp_path: Path):
    (clean / "3.png").write_bytes(b"no image")
    words = ("bench", "denoise", "--set-dir", clean, "--sigma", "25")
    result = restore(*words)
    assert result.code == 1
    assert result.stdout == b""
    (error,) = result.errors
    assert "clean: not measured: 3.png" in error
    assert "--partial" in result.stderr
    partial = restore(*words, "--partial")
    assert partial.code == 0
    assert all("clean, partial" in line and "3.png" in line for line in partial.lines[1:])


def test_every_fault_of_pairs_is_named(restore: Run, tmp_path: Path):
    for seed, name in enumerate(("a", "b", "c")):
        make_picture(tmp_path / f"pairs/target/{name}.png", seed, size=(24, 40))
    make_picture(tmp_path / "pairs/input/a.png", 7, size=(24, 40))
    make_picture(tmp_path / "pairs/input/b.png", 8, size=(24, 41))
    make_picture(tmp_path / "pairs/input/d.png", 9, size=(24, 40))
    words = ("bench", "derain", "--set-dir", tmp_path / "pairs")
    result = restore(*words)
    assert result.code == 1
    for fault in (
        "c.png: there is no input for it", "d.png: there is no clean image for it", "b.png: 41x24",
    ):  # fmt: skip
        assert any(fault in line for line in result.errors), fault
    scores = restore(*words, "--partial", "--json").json["scores"]
    assert [(score["images"], score["whole"]) for score in scores] == [(1, False)] * 2


def test_a_known_set_with_a_changed_pixel_is_not_it(restore: Run, clean: Path):
    result = restore("bench", "--set", f"set12={clean}", "--sigma", "25")
    assert result.code == 1
    assert any("its pixels are not those of Set12" in line for line in result.errors)
    assert any("01: is missing from Set12" in line for line in result.errors)


def test_a_set_that_is_not_fetched_says_where_it_is(restore: Run):
    result = restore("bench", "--set", "polyu")
    assert result.code == 1
    (error,) = result.errors
    assert "PolyU is not fetched: a copy of it has to be got by hand" in error
    assert "https://github.com/csjunxu/PolyU-Real-World-Noisy-Images-Dataset" in result.stderr
    assert "--set polyu=FOLDER" in result.stderr


# --------------------------------------------------------------------------------------- wrong questions


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["paint"], 2, "unknown task 'paint'"),
        (["denoise", "--set", "cbsd86"], 2, "there is no set 'cbsd86'"),
        (["denoise", "--set", "a,,b"], 2, "a name is missing"),
        (["denoise", "--set", "set12=nowhere"], 2, "nowhere: no such folder"),
        (["denoise", "--quality", "10"], 2, "--quality has no meaning for denoise"),
        (["--sigma", "10", "--quality", "10"], 2, "--quality has no meaning for denoise"),
        (["denoise", "--sigma", "strong"], 2, "--sigma strong: not numbers"),
        (["denoise", "--sigma", "300"], 2, "--sigma 300.0: is not 0 to 100"),
        (["derain", "--protocol", "rain"], 2, "there is no protocol 'rain' for derain"),
        (["--protocol", "rain-pairs"], 2, "a protocol of which task?"),
        (["--set-dir", "."], 2, "which task is the folder for?"),
        (["denoise", "--json", "--csv"], 2, "--json and --csv contradict each other"),
        (["table", "x.json", "--csv", "--short"], 2, "--csv and --short contradict each other"),
        (["denoise", "--json", "--short"], 2, "--json and --short contradict each other"),
        (["denoise", "--protocol", "low_light"], 2, "there is no protocol 'low_light' for denoise"),
        (["denoise", "--report", "page.pdf"], 2, "page.pdf: must end in .html or .htm"),
        (["denoise", "--report", "no/page.html"], 1, "no: there is no such folder"),
        (["denoise", "--model", "nonsense"], 3, "no weights named 'nonsense'"),
        (["--limit", "0"], 2, "--limit"),
    ],
)
def test_what_makes_no_sense_is_said_before_any_work(
    restore: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, message: str
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench_plan, "measure_all", lambda *_: pytest.fail("it ran"))
    result = restore("bench", *words, identity=False)
    assert result.code == code, result.stderr
    assert message in result.stderr
    assert len(result.errors) <= 1
    assert tree(tmp_path) == []


def test_ctrl_c_ends_it_and_leaves_nothing(
    restore: Run, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    real = bench_plan.measure_all

    def interrupted(*words):
        for row in real(*words):
            os.kill(os.getpid(), signal.SIGINT)
            yield row

    monkeypatch.setattr(bench_plan, "measure_all", interrupted)
    words = ("bench", "denoise", "--set-dir", clean, "--sigma", "25", "--json")
    result = restore(*words, "--report", tmp_path / "page.html")
    assert (result.code, result.stdout) == (130, b"")
    assert "page.html" not in tree(tmp_path)


def test_help_shows_how_it_is_typed(restore: Run):
    result = restore("bench", "--help", identity=False)
    usage = next(line for line in result.lines if "Usage:" in line)
    assert usage.split("Usage:")[1].split()[-3:] == ["bench", "[OPTIONS]", "[TASK]"]
    assert restore("bench", "denoise", "--help", identity=False).code == 0
    for task in TASKS.values():
        assert task.name in " ".join(result.lines)
        if task.level is not None:
            assert (f"--{task.level.name} " in " ".join(result.lines)) == (task.level.kind is not str)


# ---------------------------------------------------------------------------------------------- windows


def test_the_windows_of_the_papers_go_through_bench(restore: Run, clean: Path, tmp_path: Path):
    torch.manual_seed(0)
    network = NETWORKS["rnan"](groups=3, features=8).eval()
    save_file(network.state_dict(), tmp_path / "shallow.safetensors")
    rows = tmp_path / "own.toml"
    rows.write_text(
        f'[[weights]]\nid = "shallow"\ntask = "denoise"\nsource = "file"\nlevel = 25\n'
        f'file = "{(tmp_path / "shallow.safetensors").as_posix()}"\n'
        '[weights.model]\nnetwork = "rnan"\nparams = { groups = 3, features = 8 }\nvalue_range = 255\n'
        "multiple_of = 2\ntile = 48\noverlap = 16\n"
    )
    words = ("bench", "denoise", "--set-dir", clean, "--sigma", "25", "--model", "shallow")
    more = ("--weights-file", rows, "--protocol", "noise-8bit", "--windows", "paper", "--json")
    (*_, score) = restore(*words, *more).json["scores"]
    assert (score["model"], score["windows"]) == ("shallow", "paper")
    expected = []
    for name in ("1", "2"):
        pixels = torch.from_numpy(np.array(Image.open(clean / f"{name}.png"))).permute(2, 0, 1).float()
        noise = torch.empty(pixels.shape).normal_(generator=torch.Generator().manual_seed(1))
        noisy = ((pixels / 255 + noise * (25 / 255)).clamp(0, 1) * 255).round()
        with torch.inference_mode():
            restored = in_quad_tree(network, noisy[None], PAPER_WINDOWS["rnan", "denoise"])[0]
        error = (restored.clamp(0, 255).round() - pixels).double().square().mean()
        expected.append(-10 * float(torch.log10(error / 255**2)))
    assert [image["psnr"] for image in score["per_image"]] == pytest.approx(expected, abs=2e-3)
