"""From what the user names to the files that are meant, and to what each becomes."""

import os
import socket
from pathlib import Path

import pytest

from restorecli.batch import plan as planning
from restorecli.batch.inputs import find_inputs, maker_of, read_list
from restorecli.batch.naming import Naming
from restorecli.batch.plan import Plan, make_plan, sweep
from restorecli.errors import OutputError, UsageError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(folder: Path, *names: str | Path, **options) -> list[str]:
    inputs = find_inputs([os.fspath(name) for name in names], **options)
    assert not inputs.problems
    return [str(file.path.relative_to(folder)) for file in inputs.files if file.path is not None]


def planned(*names: str | Path, recursive: bool = False, listed: tuple[str, ...] = (), **options) -> Plan:
    naming = Naming(**{"task": "denoise", "model": "net", **options})
    names_of = [os.fspath(name) for name in names]
    return make_plan(find_inputs(names_of, listed, recursive=recursive, output_folder=naming.folder), naming)


def targets(folder: Path, plan: Plan) -> dict[str, str]:
    return {
        str(job.source.relative_to(folder)): str(job.target.relative_to(folder))
        for job in plan.jobs
        if job.source is not None and job.target is not None
    }


# ------------------------------------------------------------------------------------------ finding


def test_a_folder_is_flat_unless_asked(tmp_path: Path):
    touch(tmp_path, "b.png", "a.JPG", "sub/c.tiff", "notes.txt", "sub/deep/d.webp")
    assert found(tmp_path, tmp_path) == ["a.JPG", "b.png"]
    assert found(tmp_path, tmp_path, recursive=True) == ["a.JPG", "b.png", "sub/c.tiff", "sub/deep/d.webp"]


def test_files_that_are_not_taken_are_counted_by_kind(tmp_path: Path):
    touch(tmp_path, "a.png", "b.NEF", "c.nef", "notes.txt", "film.mp4", "sub/d.jxl", "README")
    touch(tmp_path, ".hidden.txt", ".a.png.12-0123456789abcd.restore-tmp", "a.denoise.png", "a.upscale.avifs")
    touch(tmp_path, "b.xmp", "c.NEF.xmp", "Thumbs.db", "desktop.ini", "IMG_1.AAE", "out/x.psd")
    (tmp_path / "album").symlink_to(tmp_path, target_is_directory=True)
    flat = {"nef": 2, "mp4": 1, "txt": 1, "without suffix": 1}
    assert find_inputs([str(tmp_path)]).not_taken == flat
    below = find_inputs(
        [str(tmp_path), str(tmp_path / "sub")], recursive=True, output_folder=tmp_path / "out"
    )
    assert below.not_taken == {"nef": 2, "jxl": 1, "mp4": 1, "txt": 1, "without suffix": 1}
    assert next(iter(below.not_taken)) == "nef"
    assert find_inputs([f"{tmp_path}/*.n*"]).not_taken == {"nef": 1}
    assert find_inputs([str(tmp_path), str(tmp_path / "notes.txt")]).not_taken == {
        kind: count for kind, count in flat.items() if kind != "txt"
    }
    assert planned(tmp_path).not_taken == flat


def test_a_walk_leaves_out_hidden_files_temporaries_own_results_and_the_output(tmp_path: Path):
    touch(tmp_path, "a.png", ".hidden.png", ".git/x.png", ".a.png.12-0123456789abcd.restore-tmp")
    touch(
        tmp_path,
        "a.denoise.png",
        "a.DEJPEG.PNG",
        "b.upscale.webp",
        "c.sharpen.png",
        "out/z.png",
        "other/y.png",
    )
    names = found(tmp_path, tmp_path, recursive=True, output_folder=tmp_path / "out")
    assert names == ["a.png", "c.sharpen.png", "other/y.png"]


@pytest.mark.parametrize(
    ("name", "own"),
    [("a.denoise.png", True), ("a.b.deblur.tiff", True), ("denoise.png", False), (".denoise.png", False)],
)
def test_own_results_are_told_by_their_names(name: str, own: bool):
    assert (maker_of(Path(name)) is not None) is own


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path):
    touch(tmp_path, ".hidden.png", "scan.dat", "a.denoise.png")
    names = [tmp_path / name for name in (".hidden.png", "scan.dat", "a.denoise.png")]
    assert found(tmp_path, *names) == [".hidden.png", "scan.dat", "a.denoise.png"]


def test_each_file_is_taken_once(tmp_path: Path):
    touch(tmp_path, "sub/a.png")
    twisted = f"{tmp_path}/sub/../sub/a.png"
    assert len(find_inputs([str(tmp_path / "sub"), twisted, str(tmp_path / "sub" / "a.png")]).files) == 1


def test_links_to_folders_are_not_followed_so_loops_do_no_harm(tmp_path: Path):
    touch(tmp_path, "a.png", "sub/b.png")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "sub" / "c.png").symlink_to(tmp_path / "a.png")
    assert found(tmp_path, tmp_path, recursive=True) == ["a.png", "sub/b.png", "sub/c.png"]


def test_globs_that_the_shell_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    touch(tmp_path, "b1.png", "b2.png", "b3.txt", "sub/b4.png", "b1.denoise.png")
    monkeypatch.chdir(tmp_path)
    assert [str(file.path) for file in find_inputs(["b*"]).files] == ["b1.png", "b2.png"]
    plan = planned("**/*.png", output="out/")
    assert sorted(str(job.target) for job in plan.jobs) == ["out/b1.png", "out/b2.png", "out/sub/b4.png"]
    (problem,) = find_inputs(["z*.png"]).problems
    assert problem.error.message == "z*.png: no image matches"


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path):
    touch(tmp_path, "a[1].png", "a1.png")
    assert found(tmp_path, tmp_path / "a[1].png") == ["a[1].png"]


def test_what_cannot_be_read_becomes_a_problem_and_does_not_block(tmp_path: Path):
    touch(tmp_path, "good.png")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket.png"))
        inputs = find_inputs([str(tmp_path), str(tmp_path / "missing.png")])
    assert [file.path for file in inputs.files] == [tmp_path / "good.png"]
    reasons = {
        Path(problem.path).name: problem.error.message.rsplit(": ", 1)[1] for problem in inputs.problems
    }
    assert reasons == {
        "dangling.png": "a link that leads nowhere",
        "loop.png": "too many levels of symbolic links",
        "pipe.png": "not a regular file (a pipe, socket or device)",
        "socket.png": "not a regular file (a pipe, socket or device)",
        "missing.png": "no such file",
    }


def test_lists_are_separated_by_lines_or_nul():
    assert read_list(b"a.png\nb c.png\r\n\n  \nd.png") == ["a.png", "b c.png", "d.png"]
    assert read_list(b"a\nb.png\0c.png\0") == ["a\nb.png", "c.png"]
    assert read_list(b"\xef\xbb\xbfa.png\n") == ["a.png"]
    assert os.fsencode(read_list(b"caf\xe9.png\n")[0]) == b"caf\xe9.png"


def test_in_a_list_names_are_literal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    touch(tmp_path, "-", "a1.png")
    monkeypatch.chdir(tmp_path)
    inputs = find_inputs([], ["-", "a*.png"])
    assert [str(file.path) for file in inputs.files] == ["-"]
    assert [problem.error.message for problem in inputs.problems] == ["a*.png: no such file"]


# ------------------------------------------------------------------------------------------- naming


def test_results_stand_beside_their_input_or_mirrored_in_a_folder(tmp_path: Path):
    touch(tmp_path, "in/a.png", "in/sub/b.jpg", "in/c.gif")
    assert targets(tmp_path, planned(tmp_path / "in", recursive=True)) == {
        "in/a.png": "in/a.denoise.png",
        "in/sub/b.jpg": "in/sub/b.denoise.jpg",
        "in/c.gif": "in/c.denoise.png",
    }
    assert targets(tmp_path, planned(tmp_path / "in", recursive=True, output=f"{tmp_path}/out/")) == {
        "in/a.png": "out/a.png",
        "in/sub/b.jpg": "out/sub/b.jpg",
        "in/c.gif": "out/c.png",
    }


def test_a_repaired_jpeg_does_not_become_a_jpeg_again(tmp_path: Path):
    touch(tmp_path, "a.jpg")
    plan = planned(tmp_path / "a.jpg", task="dejpeg", lossless=True)
    assert targets(tmp_path, plan) == {"a.jpg": "a.dejpeg.png"}
    plan = planned(tmp_path / "a.jpg", task="dejpeg", lossless=True, output=str(tmp_path / "b.jpg"))
    assert targets(tmp_path, plan) == {"a.jpg": "b.jpg"}


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{stem}_clean.{ext}", "a_clean.jpg"),
        ("{stem}.webp", "a.webp"),
        ("{task}/{stem}-{model}-{level}.{ext}", "denoise/a-net-25.jpg"),
        ("{parent}_{stem}_{suffix}.png", "sub_a_jpg.png"),
    ],
)
def test_a_template_names_results(tmp_path: Path, template: str, name: str):
    touch(tmp_path, "sub/a.jpg")
    plan = planned(tmp_path / "sub" / "a.jpg", template=template, level="25")
    assert targets(tmp_path, plan) == {"sub/a.jpg": f"sub/{name}"}


@pytest.mark.parametrize(
    "template",
    [
        "",
        "fixed",
        "{stem",
        "{}.png",
        "{stm}.{ext}",
        "{stem.x}.png",
        "{stem!r}.png",
        "{stem:>9}.png",
        "/x/{stem}.png",
        "../{stem}.png",
        "{stem}.xyz",
    ],
)
def test_a_template_that_makes_no_sense_is_a_usage_error(tmp_path: Path, template: str):
    touch(tmp_path, "a.jpg")
    with pytest.raises(UsageError) as caught:
        planned(tmp_path / "a.jpg", template=template)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "x.png"}, "-o x.png is one file, and there are several inputs"),
        ({"output": "-"}, "-o - writes one image"),
        ({"output": "x.png", "in_place": True}, "--in-place and --output contradict"),
        ({"template": "{stem}.png", "in_place": True}, "--in-place and --name contradict"),
        ({"template": "{stem}.png", "output": "x.png"}, "--name and --output FILE contradict"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, options: dict, message: str):
    touch(tmp_path, "a.png", "b.png")
    with pytest.raises(UsageError, match=message):
        planned(tmp_path / "a.png", tmp_path / "b.png", **options)


def test_one_file_can_be_given_its_name_or_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    touch(tmp_path, "a.png", "there/x.png")
    monkeypatch.chdir(tmp_path)
    assert planned("a.png", output="b.webp").jobs[0].target == Path("b.webp")
    assert planned("a.png", output="new/").jobs[0].target == Path("new/a.png")
    assert planned("a.png", output="there").jobs[0].target == Path("there/a.png")
    for output in ("b.xyz", "new"):
        with pytest.raises(UsageError, match=f"-o {output}"):
            planned("a.png", output=output)
    # A folder of pictures can only become a folder.
    assert planned("there", output="new").jobs[0].target == Path("new/x.png")


# ----------------------------------------------------------------------------------------- checking


def test_two_inputs_must_not_become_one_file(tmp_path: Path):
    touch(tmp_path, "a.png", "a.jpg", "sub/a.png")
    with pytest.raises(UsageError, match=r"a\.jpg and .*a\.png would both become .*a\.dejpeg\.png") as caught:
        planned(tmp_path, task="dejpeg", lossless=True)
    assert "{suffix}" in str(caught.value.hint)
    with pytest.raises(UsageError, match="would both become") as caught:
        planned(tmp_path / "a.png", tmp_path / "sub" / "a.png", output=f"{tmp_path}/out/")
    assert "{parent}" in str(caught.value.hint)
    with pytest.raises(UsageError, match="would both become"):
        planned(tmp_path / "a.png", tmp_path / "a.jpg", template="same.png")


def test_names_that_differ_in_case_only_collide_where_the_file_system_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    touch(tmp_path, "one/A.png", "two/a.png")
    files = [tmp_path / "one" / "A.png", tmp_path / "two" / "a.png"]
    monkeypatch.setattr(planning, "folds_case", lambda folder: False)
    assert len(planned(*files, output=f"{tmp_path}/out/").jobs) == 2
    monkeypatch.setattr(planning, "folds_case", lambda folder: True)
    with pytest.raises(UsageError, match="would both become"):
        planned(*files, output=f"{tmp_path}/out/")


def test_whether_a_file_system_folds_case_is_tried_out(tmp_path: Path):
    touch(tmp_path, "Name.png")
    expected = (tmp_path / "nAME.PNG").exists()
    assert planning.folds_case(tmp_path) is expected
    assert planning.folds_case(tmp_path / "not" / "there") is expected


@pytest.mark.parametrize("link", ["same", "symbolic", "hard"])
def test_a_result_never_replaces_an_input(tmp_path: Path, link: str):
    touch(tmp_path, "a.png")
    target = tmp_path / "a.png"
    if link == "symbolic":
        target = tmp_path / "b.png"
        target.symlink_to(tmp_path / "a.png")
    elif link == "hard":
        target = tmp_path / "b.png"
        os.link(tmp_path / "a.png", target)
    with pytest.raises(UsageError, match="the result would replace the input") as caught:
        planned(tmp_path / "a.png", output=str(target), overwrite=True)
    assert "--in-place" in str(caught.value.hint)


def test_a_result_never_replaces_another_input(tmp_path: Path):
    touch(tmp_path, "a.png", "a_1.png")
    with pytest.raises(UsageError, match=r"the result of .*a\.png would replace .*a_1\.png"):
        planned(tmp_path / "a.png", tmp_path / "a_1.png", template="{stem}_1.{ext}", overwrite=True)
    with pytest.raises(UsageError, match="would replace the input"):
        planned(tmp_path, output=str(tmp_path), overwrite=True)


def test_in_place_replaces_the_picture_and_leaves_a_link_a_link(tmp_path: Path):
    touch(tmp_path, "a.png", "b.gif")
    (tmp_path / "link.png").symlink_to("a.png")
    plan = planned(tmp_path / "link.png", in_place=True)
    assert plan.jobs[0].target == tmp_path / "a.png"
    (problem,) = planned(tmp_path / "b.gif", in_place=True).problems
    assert "cannot be written in place" in problem.error.message


def test_in_place_a_picture_is_restored_once_however_many_links_lead_to_it(tmp_path: Path):
    touch(tmp_path, "in/t.png", "in/sub/far.png")
    (tmp_path / "in" / "l.png").symlink_to("t.png")
    for name in ("one.png", "two.png"):
        (tmp_path / "in" / name).symlink_to(tmp_path / "in" / "sub" / "far.png")
    plan = planned(tmp_path / "in", in_place=True)
    assert [job.source.name for job in plan.jobs if job.source] == ["one.png", "t.png"]
    assert [path.name for path in plan.left_out] == ["l.png", "two.png"]


def test_two_dots_behind_a_link_are_another_folder(tmp_path: Path):
    touch(tmp_path, "p.png", "x/y/other.png", "x/p.png")
    (tmp_path / "l").symlink_to("x/y")
    assert (
        len(planned(tmp_path / "p.png", f"{tmp_path}/l/../p.png", template="{stem}-{parent}.{ext}").jobs) == 2
    )
    assert len(planned(tmp_path / "x" / "p.png", f"{tmp_path}/l/../p.png").jobs) == 1


def test_results_of_other_tasks_are_left_out_but_not_in_silence(tmp_path: Path):
    touch(tmp_path, "a.png", "a.denoise.png", "b.upscale.png")
    plan = planned(tmp_path)
    assert [job.source.name for job in (*plan.jobs, *plan.done) if job.source] == ["a.png"]
    assert [path.name for path in plan.left_out] == ["a.denoise.png"]
    assert [path.name for path in plan.of_other_tasks] == ["b.upscale.png"]


def test_the_second_run_of_a_shell_glob_leaves_its_results_out(tmp_path: Path):
    touch(tmp_path, "a.png", "b.png", "a.denoise.png")
    names = [tmp_path / name for name in ("a.denoise.png", "a.png", "b.png")]
    plan = planned(*names)
    assert [job.source.name for job in plan.jobs if job.source] == ["b.png"]
    assert [job.source.name for job in plan.done if job.source] == ["a.png"]
    assert [path.name for path in plan.left_out] == ["a.denoise.png"]
    # Other names of ours, in a folder, are told by what the plan itself makes.
    touch(tmp_path, "x/c.png", "x/c_clean.png")
    plan = planned(tmp_path / "x", template="{stem}_clean.{ext}")
    assert (len(plan.jobs), len(plan.done), len(plan.left_out)) == (0, 1, 1)


def test_one_file_that_is_done_is_refused_and_several_are_skipped(tmp_path: Path):
    touch(tmp_path, "a.png", "b.png", "a.denoise.png")
    with pytest.raises(OutputError, match=r"a\.denoise\.png is there already") as caught:
        planned(tmp_path / "a.png")
    assert "--overwrite" in str(caught.value.hint)
    assert len(planned(tmp_path / "a.png", tmp_path / "b.png").done) == 1
    assert len(planned(tmp_path).done) == 1
    assert not planned(tmp_path, overwrite=True).done
    assert len(planned(listed=(str(tmp_path / "a.png"),)).done) == 1


def test_what_killed_runs_left_is_swept(tmp_path: Path):
    touch(tmp_path, "in/a.png", "in/sub/b.png", "in/c.png", "in/c.denoise.png")
    left = [
        tmp_path / "in" / place / ".x.png.1-abcdef01234567.restore-tmp" for place in (".", "sub", "other")
    ]
    for path in left:
        touch(tmp_path, str(path.relative_to(tmp_path)))
        os.utime(path, (0, 0))
    assert sweep(planned(tmp_path / "in" / "a.png", output=f"{tmp_path}/new/")) == 0
    assert sweep(planned(tmp_path / "in", recursive=True)) == 2
    assert [path.exists() for path in left] == [False, False, True]
