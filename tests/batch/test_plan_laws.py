"""Whatever the files are called and whatever is asked: no two results in one file, and no input is lost."""

import os
import tempfile
from contextlib import chdir
from pathlib import Path
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from restorecli.atomic import atomic_file
from restorecli.batch import plan as planning
from restorecli.batch.inputs import find_inputs
from restorecli.batch.naming import Naming
from restorecli.batch.plan import Plan, make_plan
from restorecli.errors import FileThereError, UsageError

FOLDERS = (".", "one", "out")
STEMS = ("a", "A", "a_1", "a.denoise", "é", "e\u0301", os.fsdecode(b"caf\xe9"), "..", "[a]")
ASKED = (*FOLDERS, "linked", "one/../out", "*.png", "**/*.png")

names = st.builds("{}/{}{}".format, *map(st.sampled_from, (FOLDERS, STEMS, (".png", ".jpg"))))
kinds = st.sampled_from(("file", "file", "symbolic", "hard"))
files = st.lists(st.tuples(names, kinds, names, st.booleans()), min_size=1, max_size=8)
places = st.sampled_from(
    (
        *({},) * 4,  # beside the inputs: the usual case, and the one that meets results of its own
        *({"in_place": True},) * 2,
        *({"output": output} for output in (".", "out/", "new/", "linked/", "a.png", "linked/a.png")),
        *({"template": name} for name in ("{stem}_1.{ext}", "same.png", "{parent}-{stem}.{suffix}.png")),
        {"output": "one", "template": "{stem}_1.{ext}"},
    )
)
asked_for = st.lists(st.sampled_from(ASKED), min_size=1, max_size=3)
switches = st.fixed_dictionaries({"lossless": st.booleans(), "overwrite": st.booleans()})

FILES = [  # three names that differ in case or in nothing, and a result that is a link to another result
    *(
        (name, "file", "", False)
        for name in ("one/A.png", "out/a.png", "a.png", "one/b.png", "one/b.denoise.png")
    ),
    ("one/A.denoise.png", "symbolic", "one/b.denoise.png", False),
]


def make(files: list[tuple[str, str, str, bool]]) -> None:
    """Files, and links to files, to each other or to nowhere."""
    for folder in FOLDERS:
        Path(folder).mkdir(exist_ok=True)
    Path("linked").symlink_to("one", target_is_directory=True)
    for name, kind, other, _ in files:
        path = Path(name)
        if os.path.lexists(path):
            continue
        if kind == "symbolic":
            path.symlink_to(Path(other).absolute())
        elif kind == "hard" and Path(other).is_file():
            os.link(other, path)
        else:
            path.write_bytes(os.fsencode(name))


def carry_out(plan: Plan) -> dict[Path, bytes]:
    """Writes a text in place of each result: which of them, by its target."""
    wanted = {}
    for number, job in enumerate(plan.jobs):
        assert job.target is not None
        assert job.target not in wanted
        wanted[job.target] = b"result %d" % number
        job.target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(job.target, overwrite=True) as stream:
            stream.write(wanted[job.target])
    return wanted


@settings(max_examples=200)
@given(files, asked_for, places, switches, st.booleans(), st.booleans())
@example(FILES, ["one/A.png", "out/a.png", "a.png"], {"output": "new/"}, {}, False, False)
@example(FILES, ["one/A.png", "out/a.png"], {"output": "new/"}, {}, False, True)
@example(FILES, ["one", "linked"], {}, {}, False, False)
@example(FILES, ["one"], {}, {"overwrite": True}, False, False)
def test_no_two_results_in_one_file_and_no_input_is_lost(files, asked, place, switches, recursive, folds):
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        make(files)
        asked = [*asked, *(name for name, _, _, is_named in files if is_named)]
        try:
            naming = Naming("denoise", "net", **place, **switches)
            inputs = find_inputs(asked, recursive=recursive, output_folder=naming.folder)
            with patch.object(planning, "folds_case", lambda _: folds):
                plan = make_plan(inputs, naming)
        except (UsageError, FileThereError):
            return  # refused as a whole
        if folds:
            entries = {os.path.realpath(job.target).casefold() for job in plan.jobs if job.target is not None}
            assert len(entries) == len(plan.jobs)
        sources = [job.source for job in (*plan.jobs, *plan.done) if job.source is not None]
        before = [path.read_bytes() for path in sources]
        results = carry_out(plan)
        assert {path: path.read_bytes() for path in results} == results
        if not naming.in_place:
            assert [path.read_bytes() for path in sources] == before
