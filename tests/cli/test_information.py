"""doctor, weights list, help and version: what is here, and what to type."""

import sys
from pathlib import Path

import pytest
from running import Run
from typer._completion_classes import BashComplete
from typer.main import get_command

from restorecli import __version__, registry
from restorecli.cli.app import app
from restorecli.spec import ModelSpec, WeightsEntry
from restorecli.tasks import TASKS

ROW = WeightsEntry(
    id="net-denoise",
    task="denoise",
    model=ModelSpec(network="net"),
    source="file",
    file="missing.safetensors",
    size=5_700_000,
    licence="MIT",
    default=True,
    level=25.0,
)


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entries", lambda: (ROW,))


def test_version(restore: Run):
    assert restore("--version", identity=False).lines == [f"restorecli {__version__}"]


def test_help_names_every_task(restore: Run):
    result = restore("--help", identity=False)
    assert (result.code, result.stderr) == (0, "")
    for task in TASKS.values():
        assert f"  {task.name} " in result.stdout.decode()
        assert task.summary in result.stdout.decode()
    assert restore(identity=False).stdout == result.stdout


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_each_command_has_its_own_help_examples_and_level(restore: Run, task):
    text = " ".join(restore(task.name, "--help", identity=False).stdout.decode().replace("│", " ").split())
    assert task.description.split(".")[0] in text
    for what, line in task.examples:
        assert line in text
        assert what in text
    levels = {other.level.name for other in TASKS.values() if other.level is not None}
    assert {level for level in levels if f"--{level} " in text} == (
        {task.level.name} if task.level else set()
    )


@pytest.mark.parametrize(
    "words", [["denoize", "a.png"], ["weights", "lits"], ["weights"], ["denoise", "--sigmma", "3"]]
)
def test_a_slip_of_the_finger_is_a_usage_error(restore: Run, words: list[str]):
    result = restore(*words, identity=False)
    assert result.code == 2
    assert "Traceback" not in result.stderr


def test_a_near_miss_gets_a_suggestion(restore: Run):
    assert "denoise" in restore("denoize", "a.png", identity=False).errors[0]
    assert "--sigma" in restore("denoise", "--sigmma", "3", identity=False).errors[0]


def test_doctor_finds_what_is_here(restore: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "entries", lambda: ())
    result = restore("doctor", "--json", identity=False)
    assert result.code == 0
    found = {(finding["section"], finding["name"]): finding for finding in result.json}
    assert found["versions", "restorecli"]["value"].startswith(__version__)
    assert found["versions", "Python"]["value"].endswith(sys.executable)
    for name in ("JPEG", "TIFF", "WebP", "AVIF"):
        assert found["formats", name]["good"]
    assert ": " in found["devices", "chosen by auto"]["value"]
    assert ("caches", "Hugging Face Hub") in found
    human = restore("doctor", identity=False)
    assert len(human.lines) >= len(result.json)


def test_a_broken_list_of_weights_takes_neither_help_nor_doctor_away(
    tmp_path: Path, restore: Run, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "bad.toml").write_text("x = [")
    monkeypatch.setenv("RESTORE_WEIGHTS_FILE", str(tmp_path / "bad.toml"))
    shown = restore("denoise", "--help", identity=False)
    assert (shown.code, b"--sigma" in shown.stdout) == (0, True)
    report = restore("doctor", identity=False)
    assert report.code == 3
    assert any(line.startswith("  --  list") and "bad.toml" in line for line in report.lines)
    assert any("torch" in line for line in report.lines)
    assert "bad.toml" in restore("denoise", tmp_path / "x.png", identity=False).errors[0]


def test_doctor_says_what_to_type_where_weights_are_missing(restore: Run, rows: None):
    result = restore("doctor", identity=False)
    assert result.code == 3
    place = next(number for number, line in enumerate(result.lines) if "net-denoise" in line)
    assert result.lines[place].startswith("  --  ")
    assert "restore weights info net-denoise" in result.lines[place + 1]


def test_a_bug_keeps_its_traceback_and_asks_for_a_report(restore: Run, monkeypatch: pytest.MonkeyPatch):
    def broken(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(registry, "entries", broken)
    result = restore("denoise", "a.png")
    assert result.code == 70
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert "test_information.py" in result.stderr
    assert "please report it" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "tasks"),
    [
        (["denoise", "--model"], ["denoise"]),
        (["upscale", "a.png", "-m"], ["upscale"]),
        (["compare", "--task", "derain", "--model"], ["derain"]),
        (["bench", "run", "dejpeg", "--model"], ["dejpeg"]),
        (["compare", "--model"], list(TASKS)),
        (["weights", "info"], list(TASKS)),
    ],
    ids=str,
)
def test_completion_offers_the_weights_that_the_command_takes(words: list[str], tasks: list[str]):
    complete = BashComplete(get_command(app), {}, "restore", "_RESTORE_COMPLETE")
    offered = {item.value for item in complete.get_completions(words, "")}
    assert {row.id for row in registry.entries() if row.task in tasks} == offered - {"auto", "identity"}
