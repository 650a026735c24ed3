"""A training that is killed and started again ends with the same numbers."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from training_tools import RECIPE, make_project, start_training

from restorecli.errors import DeviceError, InputError, OutputError, UsageError
from restorecli.train import checkpoint
from restorecli.train.export import curve
from restorecli.train.loop import Options, train
from restorecli.train.recipe import load_recipe


def run(folder: Path, out: str, **options) -> None:
    recipe = folder / "tiny.toml"
    train(
        load_recipe(recipe),
        recipe.read_text(),
        Options(data=folder / "data", out=folder / out, threads=1, **options),
        lambda row: None,
    )


def saved(folder: Path) -> dict:
    state = checkpoint.load(folder)
    assert state is not None
    return state


def assert_same(left: Any, right: Any) -> None:
    if isinstance(left, torch.Tensor):
        assert torch.equal(left, right)
    elif isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left.keys() - {"seconds"}:
            assert_same(left[key], right[key])
    elif isinstance(left, list):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
    else:
        assert left == right


def validations(folder: Path) -> list[tuple[int, float]]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [(row["step"], row["psnr"]["colour 25"]) for row in rows if row["event"] == "validation"]


def test_killed_and_resumed_is_the_same_to_the_last_bit(tmp_path):
    make_project(tmp_path, RECIPE.replace("steps = 24", "steps = 60"))
    # Saved after every step, so that the kill falls into the middle of the training, often of a save.
    killed = start_training(tmp_path, "killed", "--save-every", "0")
    index = tmp_path / "killed" / checkpoint.INDEX
    deadline = time.monotonic() + 60
    while not (index.exists() and json.loads(index.read_text())["step"] > 5):
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert 5 < saved(tmp_path / "killed")["step"] < 60
    run(tmp_path, "killed", part_bytes=20_000)
    run(tmp_path, "whole")
    assert saved(tmp_path / "whole")["step"] == 60
    assert_same(saved(tmp_path / "whole"), saved(tmp_path / "killed"))
    assert validations(tmp_path / "whole") == validations(tmp_path / "killed")


@pytest.mark.parametrize("optimiser", ["", "muon = true"])
def test_stopped_in_parts_is_the_same_too(tmp_path, optimiser):
    recipe = RECIPE.replace("steps = 24", f"steps = 4\n{optimiser}")
    make_project(tmp_path, recipe.replace("every_steps = 8", "every_steps = 2"))
    run(tmp_path, "whole")
    for _ in range(4):
        run(tmp_path, "parts", stop_after=0, part_bytes=20_000)
    assert_same(saved(tmp_path / "whole"), saved(tmp_path / "parts"))
    assert len(list((tmp_path / "parts").glob("*.part"))) > 1
    assert validations(tmp_path / "whole") == validations(tmp_path / "parts")


def test_a_recipe_that_changed_on_the_way_is_told(tmp_path):
    recipe = make_project(tmp_path, RECIPE.replace("steps = 24", "steps = 3"))
    run(tmp_path, "out", stop_after=0)
    assert saved(tmp_path / "out")["origin"] == ""
    first = saved(tmp_path / "out")["recipe_sha256"]
    recipe.write_text(recipe.read_text().replace("gray_share = 0.3", "gray_share = 0.4"))
    run(tmp_path, "out")
    assert saved(tmp_path / "out")["origin"] == f"random weights, with recipe {first[:12]} up to step 1"


def test_half_a_line_at_the_end_of_the_log_is_no_harm(tmp_path):
    make_project(
        tmp_path, RECIPE.replace("steps = 24", "steps = 4").replace("every_steps = 8", "every_steps = 2")
    )
    run(tmp_path, "out", stop_after=0)
    with (tmp_path / "out" / "log.jsonl").open("a") as log:
        log.write('{"event": "steps", "st')
    run(tmp_path, "out")
    assert [step for step, _ in validations(tmp_path / "out")] == [2, 4]
    assert "polyline" in curve(tmp_path / "out" / "log.jsonl")


def test_a_device_that_is_none_is_refused_at_once(tmp_path):
    make_project(tmp_path)
    with pytest.raises(DeviceError, match="unknown device 'foo'"):
        run(tmp_path, "out", device="foo")
    assert not (tmp_path / "out").exists()


def state_of(step: int) -> dict:
    return {"step": step, "tensor": torch.full((5,), float(step))}


def test_damaged_part_is_refused(tmp_path):
    checkpoint.save(tmp_path, state_of(1))
    (part,) = tmp_path.glob("*.part")
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match="damaged"):
        checkpoint.load(tmp_path)


def test_kill_before_the_index_is_replaced_leaves_the_old_state(tmp_path, monkeypatch):
    checkpoint.save(tmp_path, state_of(1))
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(tmp_path, state_of(2))
    assert saved(tmp_path)["step"] == 1
    monkeypatch.undo()
    checkpoint.save(tmp_path, state_of(3))
    assert saved(tmp_path)["step"] == 3
    assert len(list(tmp_path.glob("*.part"))) == 1


def test_sources_that_are_not_there_leave_no_folder_behind(tmp_path):
    make_project(tmp_path)
    (tmp_path / "data").rename(tmp_path / "moved")
    with pytest.raises(UsageError, match="no such folder"):
        run(tmp_path, "runs/out")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("out", "message"), [("tiny.toml", "this is a file"), ("tiny.toml/out", "cannot be written: not a dir")]
)
def test_a_folder_that_cannot_be_made_is_a_known_error(tmp_path, out, message):
    make_project(tmp_path)
    with pytest.raises(OutputError, match=f"{out}: {message}") as refused:
        run(tmp_path, out)
    assert refused.value.hint == "--out FOLDER names another"
    assert (tmp_path / "tiny.toml").read_text() == RECIPE


def test_another_recipe_in_the_same_folder_is_refused(tmp_path):
    make_project(tmp_path)
    run(tmp_path, "out", stop_after=0)
    (tmp_path / "tiny.toml").write_text(RECIPE.replace('"tiny"', '"other"'))
    with pytest.raises(UsageError, match="'tiny'"):
        run(tmp_path, "out")
