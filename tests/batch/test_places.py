"""Where results go when names and folders are awkward: into no input, out of no folder, never twice."""

from pathlib import Path

import numpy as np
import pytest

from restorecli.batch.inputs import find_inputs
from restorecli.batch.naming import Naming
from restorecli.batch.pipeline import run_batch
from restorecli.batch.plan import Job, Plan, make_plan
from restorecli.engine.restorer import Restorer
from restorecli.errors import OutputError, UsageError
from restorecli.images import Image, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.png", "in/sub/b.png", "in/clean/a.png", "in/clean/sub/b.png", "in/clean/old.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def planned(*names: str, recursive: bool = False, **options) -> Plan:
    naming = Naming(**{"task": "denoise", "model": "net", **options})
    return make_plan(find_inputs(names, recursive=recursive, output_folder=naming.folder), naming)


@pytest.mark.parametrize("names", [("in",), ("in/a.png", "in/clean", "in/sub"), ("in/**/*.png",)])
def test_the_output_folder_is_no_input_however_it_is_reached(names: tuple[str, ...]):
    # The second is what a shell makes of in/* once there are results.
    plan = planned(*names, recursive=True, output="in/clean/")
    assert Path("in/a.png") in [job.source for job in plan.done]
    assert not any("clean" in str(job.source) for job in (*plan.jobs, *plan.done))


def test_a_pattern_inside_the_output_folder_is_meant(here: Path):
    plan = planned("in/clean/*.png", output="in/", template="{stem}-again.{ext}")
    assert [str(job.target) for job in plan.jobs] == ["in/a-again.png", "in/old-again.png"]


def test_standard_input_has_a_command_of_its_own():
    with pytest.raises(UsageError, match="standard input"):
        planned("-", "in/a.png")
    assert planned("-").jobs == (Job(None, None),)


def test_an_empty_name_is_not_this_folder():
    with pytest.raises(UsageError, match="empty name"):
        planned("")


def test_a_template_stays_in_its_folder_whatever_the_fields_become(here: Path):
    assert [job.target for job in planned("in/sub/../a.png", template="{parent}/{stem}.{ext}").jobs] == [
        Path("in/sub/../in/a.png")
    ]
    (here / "in" / "...png").write_bytes(b"x")  # its stem is ".."
    with pytest.raises(UsageError, match="leaves the output folder"):
        planned("in/...png", template="{stem}/{task}.png")


def test_in_place_goes_by_the_name_of_the_picture_itself(here: Path):
    (here / "link.png").symlink_to("in/a.png")
    (here / "bare").write_bytes(b"x")
    (here / "to_bare.png").symlink_to("bare")
    assert [job.target for job in planned("in/a.png", in_place=True).jobs] == [Path("in/a.png")]
    assert [job.target for job in planned("link.png", in_place=True).jobs] == [here / "in" / "a.png"]
    (problem,) = planned("to_bare.png", in_place=True).problems
    assert "a file without suffix cannot be written in place" in problem.error.message


def test_a_file_where_a_folder_must_be(here: Path):
    write(Image.from_array(np.zeros((4, 4, 3), np.uint8)), here / "photo.png")
    outcomes = []
    job = Job(Path("photo.png"), Path("in/a.png/result.png"))
    run_batch([job], Restorer("denoise", model="identity"), outcomes.append)
    assert isinstance(outcomes[0].error, OutputError)
    assert outcomes[0].error.message == "in/a.png/result.png: in/a.png is a file, not a folder"
