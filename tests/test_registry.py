"""weights.toml to rows, and which row answers."""

import hashlib
from pathlib import Path

import pytest
from answering import choose, selection

from restorecli import registry
from restorecli.checked import CheckError
from restorecli.errors import UsageError, WeightsError
from restorecli.read_rows import read_entries
from restorecli.spec import ModelSpec, WeightsEntry
from restorecli.tasks import TASKS

ROW = """
[[weights]]
id = "one"
task = "denoise"
source = "file"
file = "one.safetensors"
"""
MODEL = """
[weights.model]
network = "compact"
params = { width = 8 }
dtypes = ["fp32", "bf16"]
"""


def source(kind: str, **keys: str) -> str:
    """A row whose file comes from elsewhere."""
    row = ROW.replace('source = "file"\nfile = "one.safetensors"', f'source = "{kind}"')
    return row + "".join(f'{key} = "{value}"\n' for key, value in keys.items()) + MODEL


def params(text: str) -> str:
    """A row whose network has these."""
    return ROW + MODEL.replace("width = 8", text)


def read(tmp_path: Path, text: str) -> tuple[WeightsEntry, ...]:
    path = tmp_path / "list.toml"
    path.write_text(text, encoding="utf-8")
    return read_entries(path)


def test_a_row_is_read_with_its_model(tmp_path: Path):
    (entry,) = read(tmp_path, ROW + 'level = 25\ndefault = true\nlicence = "MIT"\n' + MODEL)
    assert entry == WeightsEntry(
        id="one",
        task="denoise",
        model=ModelSpec("compact", {"width": 8}, multiple_of=16, dtypes=("fp32", "bf16")),
        source="file",
        file=str(tmp_path / "one.safetensors"),  # from the folder of the list
        licence="MIT",
        default=True,
        level=25.0,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROW + "colour = 1\n" + MODEL, "row 'one': unknown key 'colour'"),
        (ROW, "row 'one': key 'model' is missing"),
        (ROW.replace('"denoise"', '"denoize"') + MODEL, "row 'one': task: 'denoize' is not one of"),
        (ROW.replace('"file"\n', '"web"\n') + MODEL, "row 'one': source: 'web' is not one of"),
        (ROW + MODEL + "halo = 1.5\n", "row 'one': model: halo: 1.5 is not a whole number"),
        (ROW + MODEL + "channels = 2\n", "row 'one': model: channels: 2 is not one of 1, 3"),
        (ROW + 'level = "strong"\n' + MODEL, "row 'one': level: 'strong' is not 0 to 100"),
        (ROW + MODEL + ROW + MODEL, "row 'one': id: another row has it already"),
        (
            ROW.replace('"one"', '"identity"') + MODEL,
            "row 'identity': id: 'identity' has a meaning of its own",
        ),
        (
            ROW.replace('"file"\n', '"embedded"\n') + MODEL,
            "row 'one': sha256: is missing; a row with source 'embedded' has one",
        ),
        (ROW.replace('file = "one.safetensors"', "") + MODEL, "row 'one': file: is missing"),
        (source("hub", repo="a/b", revision="main", file="x"), "revision: 'main' is not 40 digits of 0-9a-f"),
        (source("hub", repo="a/b", file="x"), "revision: is missing; a row with source 'hub' has one"),
        (source("hub", repo="ab", revision="0" * 40, file="x"), "repo: 'ab' is not USER/NAME"),
        (source("url", url="https://a/b"), "sha256: is missing, and git_blob too"),
        (source("url", url="ftp://a/b", git_blob="0" * 40), "url: 'ftp://a/b' does not start with https://"),
        (source("url", url="https://[a/b", git_blob="0" * 40), "does not start with https:// and a host"),
        (source("url", url="https://a:no/b", git_blob="0" * 40), "does not start with https:// and a host"),
        (source("url", url="https://", git_blob="0" * 40), "does not start with https:// and a host"),
        (source("url", url="https://a/b", git_blob="A" * 40), "is not 40 digits of 0-9a-f"),
        (source("url", url="https://a/b", sha256="0" * 63), "is not 64 digits of 0-9a-f"),
        (source("manual", page="https://a"), "instructions: is missing"),
        (source("manual", instructions="Look."), "page: is missing"),
        (source("none"), "source: a row stands for a file"),
        (ROW + "size = 0\n" + MODEL, "size: 0 is not the size of a file"),
        (ROW.replace('"one"', '"../one"') + MODEL, "id: small letters, digits"),
        (ROW + "variants = 3\n" + MODEL, "row 1: variants: is not a list of rows"),
        (ROW + MODEL + '[[weights.variants]]\nid = "a"\n', "row 1: variants: 'id' stands in what they share"),
        ("[[weights]]\n" + MODEL, "row 1: key 'id' is missing"),
        ("[weigths]\n", "unknown key 'weigths'"),
        ("weights = 3\n", "'weights' is not a list of rows"),
        ("[[weights]\n", "list.toml"),
        (ROW + MODEL + "multiple_of = 0\n", "row 'one': model: multiple_of: 0, but compact with these"),
        (ROW + MODEL + "scale = -1\n", "row 'one': model: scale: -1, but compact with these params has 1"),
        (ROW + MODEL + "tile = -1\n", "row 'one': model: tile: -1 is not 0 to 16384"),
        (ROW + MODEL + "tile = 1000000\n", "row 'one': model: tile: 1000000 is not 0 to 16384"),
        (ROW + MODEL + "overlap = -5\n", "row 'one': model: overlap: -5 is not 0 to 8192"),
        (ROW + MODEL + "halo = -1\n", "row 'one': model: halo: -1 is not 0 to 1024"),
        (ROW + MODEL + "value_range = 0\n", "row 'one': model: value_range: 0.0 is not 0.001 to 65536"),
        (ROW + MODEL + "value_range = nan\n", "row 'one': model: value_range: 'nan' is not a number"),
        (ROW + MODEL + f"value_range = 1{'0' * 400}\n", "row 'one': model: value_range: 1000"),
        (ROW + f"size = 1{'0' * 5000}\n" + MODEL, "list.toml"),
        (ROW + f"level = {'[' * 3000}{']' * 3000}\n" + MODEL, "list.toml: tables or lists too deep"),
        (ROW + "level = nan\n" + MODEL, "row 'one': level: 'nan' is not 0 to 100"),
        (ROW + "about_size = 0\n" + MODEL, "row 'one': about_size: 0 is not the size of a file"),
        (ROW.replace("one.safe", "one\\u0000safe") + MODEL, "row 'one': file: "),
        (params("shuffle = 0"), "row 'one': model: multiple_of: 0 is not 1 to 4096"),
        (params("shuffle = -2"), "row 'one': model: params: shuffle: -2 is not 0 to 4096"),
        (params("width = 99999999999"), "row 'one': model: params: width: 99999999999 is not 0 to 4096"),
        (params("encoder = [1000000000, 1]"), "model: params: encoder: 1000000000 is not 0 to 4096"),
        (params("channels = 4"), "row 'one': model: channels: 4 is not 1 or 3"),
        (params(f"encoder = {[1] * 5000}"), "row 'one': model: params: encoder: more than 4096 values"),
        (params(f"encoder = {[1] * 20}"), "row 'one': model: multiple_of: 2097152 is not 1 to 4096"),
    ],
)
def test_an_error_names_file_row_and_key(tmp_path: Path, text: str, message: str):
    with pytest.raises(CheckError) as caught:
        read(tmp_path, text)
    assert caught.value.message.startswith(str(tmp_path / "list.toml"))
    assert message in caught.value.message


def test_dates_are_texts(tmp_path: Path):
    """JSON, which lists and records are written in, has none."""
    text = ROW + MODEL + "[weights.provenance]\nmade = 2026-11-21\nruns = [{ at = 07:30:00 }]\n"
    (row,) = read(tmp_path, text)
    assert row.provenance == {"made": "2026-11-21", "runs": [{"at": "07:30:00"}]}


def test_the_shipped_list_is_sound():
    rows = registry.entries()
    for row in rows:
        path = registry.weights_path(row)
        assert (path is not None) == (row.source == "embedded")
        if path is not None:
            data = path.read_bytes()
            assert hashlib.sha256(data).hexdigest() == row.sha256
            assert len(data) == row.size
    for task in TASKS:
        defaults = [row for row in rows if row.task == task and row.default]
        kinds = {(row.level, row.model.channels, row.white_noise) for row in defaults}
        assert len(defaults) == len(kinds), f"two defaults for {task}"


def entry(id: str, task: str = "denoise", **more: object) -> WeightsEntry:
    model = ModelSpec(network=str(more.pop("network", "net")), channels=more.pop("channels", 3))  # type: ignore[arg-type] - short form for tests
    values = {"source": "file", "file": "x", **more}
    return WeightsEntry(id=id, task=task, model=model, **values)  # type: ignore[arg-type] - short form for tests


ROWS = (
    entry("blind", default=True, network="small"),
    entry("s15", level=15.0),
    entry("s25", level=25.0),
    entry("s50", level=50.0),
    entry("x2", "upscale", level=2, default=True),
    entry("x4", "upscale", level=4, default=True),
    entry("car", "dejpeg"),
)


def test_a_network_of_other_tasks_is_said_to_be_theirs():
    with pytest.raises(WeightsError, match="mhnet is for derain and deblur, not for denoise"):
        choose("denoise", "mhnet")


@pytest.mark.parametrize(
    ("task", "model", "level", "chosen", "reason"),
    [
        ("denoise", "auto", None, "blind", "the default for denoise"),
        ("denoise", "auto", 40.0, "blind", "the default for denoise"),
        ("denoise", "s50", None, "s50", "asked for by its id"),
        ("denoise", "net", 24.0, "s25", "asked for: net, trained for sigma 25"),
        ("denoise", "net", 99.0, "s50", "asked for: net, trained for sigma 50"),
        ("denoise", "identity", None, "identity", "asked for: leaves the picture as it is"),
        ("upscale", "auto", None, "x2", "the default for upscale"),
        ("upscale", "auto", 4, "x4", "the default for upscale, trained for scale 4"),
        ("dejpeg", "car", None, "car", "asked for by its id"),
    ],
)
def test_the_row_that_answers_and_why(task: str, model: str, level: float | None, chosen: str, reason: str):
    found, why = choose(task, model, level, ROWS)
    assert (found.id, why) == (chosen, reason)
    assert found.task == task


@pytest.mark.parametrize(
    ("task", "model", "level", "error", "message", "hint"),
    [
        ("derain", "auto", None, WeightsError, "no weights for derain yet", "restore weights list"),
        ("dejpeg", "auto", None, WeightsError, "no weights for dejpeg yet", "--model identity"),
        ("upscale", "auto", 3, WeightsError, "no weights for upscale with scale 3 yet", "--scale 2, 4"),
        ("denoise", "s52", None, WeightsError, "no weights named 's52'", "did you mean s50 or s25"),
        (
            "denoise",
            "car",
            None,
            WeightsError,
            "car is for dejpeg, not for denoise",
            "weights list --task denoise",
        ),
        (
            "denoise",
            "zzz",
            None,
            WeightsError,
            "no weights named 'zzz'",
            "restore weights list --task denoise",
        ),
        ("upscale", "identity", 2, UsageError, "identity leaves a picture as it is", "--task upscale"),
        ("defrost", "auto", None, UsageError, "unknown task 'defrost'", "denoise"),
    ],
)
def test_where_no_row_answers_the_hint_says_what_to_type(
    task: str, model: str, level: float | None, error: type, message: str, hint: str
):
    with pytest.raises(error) as caught:
        choose(task, model, level, ROWS)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == error.exit_code


def test_every_variant_of_the_papers_has_its_row():
    rows = {row.id: row for row in registry.entries()}
    sigmas, qualities, scales = (10, 30, 50, 70), (10, 20, 30, 40), (2, 3, 4)
    wanted = [f"{net}-denoise-color-s{sigma}" for net in ("panet", "rnan") for sigma in sigmas]
    wanted += [f"{net}-dejpeg-q{quality}" for net in ("panet", "rnan") for quality in qualities]
    wanted += [f"{net}-upscale-x{scale}" for net in ("panet", "rnan") for scale in scales]
    wanted += [f"rnan-denoise-gray-s{sigma}" for sigma in sigmas]
    wanted += [f"dagl-denoise-gray-s{sigma}" for sigma in (15, 25, 50)]
    wanted += [f"{net}-demosaic" for net in ("panet", "rnan", "dagl")]
    wanted += ["dagl-dejpeg", "dagl-denoise-real", "mhnet-derain", "mhnet-deblur"]
    assert set(wanted) <= rows.keys()
    others = {row.id for row in rows.values() if row.id not in wanted and row.source != "embedded"}
    assert others == {"dagl-denoise-gray-github", "dagl-dejpeg-github"}
    commit = "24b1bad791e493a99140dfe3723f7d47644918cd"
    pinned = [row for row in rows.values() if row.model.network == "rnan"]
    assert len(pinned) == len({row.git_blob for row in pinned}) == 16
    assert all(row.url and f"/{commit}/RNAN/" in row.url for row in pinned)
    for row in rows.values():
        if row.model.network in ("panet", "paedsr", "rnan", "dagl", "mhnet"):
            params = {key: row.model.params.get(key, usual) for key, usual in (("colors", 3), ("scale", 1))}
            assert params == {"colors": row.model.channels, "scale": row.model.scale}
            assert not row.default


def test_a_networks_rows_by_the_pictures_channels():
    for level in (10, 49.0):
        colour, _ = choose("denoise", "rnan", level)
        gray, _ = choose("denoise", "rnan", level, channels=1)
        assert (colour.model.channels, gray.model.channels) == (3, 1)
        assert colour.level == gray.level
    only_gray, _ = choose("dejpeg", "rnan", 20)
    assert only_gray.id == "rnan-dejpeg-q20"
    assert choose("dejpeg", "rnan", 20, channels=1)[0] is only_gray


WITH_GRAY = (
    *ROWS,
    entry("gray", default=True, network="small", channels=1),
    entry("x4-gray", "upscale", level=4, default=True, channels=1),
)


@pytest.mark.parametrize(
    ("task", "level", "colour", "gray", "reason"),
    [
        ("denoise", None, "blind", "gray", "the default for denoise of gray photos"),
        ("denoise", 40.0, "blind", "gray", "the default for denoise of gray photos"),
        ("upscale", None, "x2", "x2", "the default for upscale"),
        ("upscale", 4, "x4", "x4-gray", "the default for upscale of gray photos, trained for scale 4"),
    ],
)
def test_gray_photos_have_defaults_of_their_own(
    task: str, level: float | None, colour: str, gray: str, reason: str
):
    assert choose(task, level=level, rows=WITH_GRAY)[0].id == colour
    found, why = choose(task, level=level, rows=WITH_GRAY, channels=1)
    assert (found.id, why) == (gray, reason)


OURS_FOR_WHITE = ["compact-denoise-white", "compact-denoise-gray-white"]


def own_list(folder: Path, *rows: tuple[str, int, str]) -> Path:
    """A list of the user's with defaults: id, channels, further keys."""
    path = folder / "own.toml"
    texts = (
        ROW.replace('"one"', f'"{id}"').replace('"denoise"\n', f'"{task}"\ndefault = true\n')
        + MODEL.replace("width = 8", f"width = 8, channels = {channels}")
        for id, channels, task in rows
    )
    path.write_text("".join(texts), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "colour", "gray", "white"),
    [
        ([], "compact-denoise", "compact-denoise-gray", OURS_FOR_WHITE),
        ([("mine", 1, "denoise")], "compact-denoise", "mine", [OURS_FOR_WHITE[0], "mine"]),
        ([("mine", 3, "denoise")], "mine", "mine", ["mine", "mine"]),  # what takes colour photos takes all
        ([("mine", 3, "denoise"), ("my-gray", 1, "denoise")], "mine", "my-gray", ["mine", "my-gray"]),
        ([("mine", 1, "dejpeg")], "compact-denoise", "compact-denoise-gray", OURS_FOR_WHITE),
        (
            [("mine", 3, "denoise"), ("my-white", 3, 'denoise"\nwhite_noise = true\n#')],
            "mine", "mine", ["my-white", "my-white"],
        ),
        (
            [("my-white", 3, 'denoise"\nwhite_noise = true\n#')],
            "compact-denoise", "compact-denoise-gray", ["my-white", OURS_FOR_WHITE[1]],
        ),
    ],
)  # fmt: skip
def test_a_default_of_the_users_own_takes_the_place_of_ours(
    tmp_path: Path, rows: list[tuple[str, int, str]], colour: str, gray: str, white: list[str]
):
    all_rows = registry.entries(own_list(tmp_path, *rows))
    assert choose("denoise", rows=all_rows)[0].id == colour
    assert choose("denoise", rows=all_rows, channels=1)[0].id == gray
    found = [choose("denoise", rows=all_rows, channels=count, white_noise=True)[0].id for count in (3, 1)]
    assert found == white
    foreseen = [row.id for row in selection("denoise", rows=all_rows).foreseen]
    assert foreseen == list(dict.fromkeys((colour, gray, *white)))
    assert choose("dejpeg", rows=all_rows)[0].id == "compact-dejpeg"
    defaults = {row.id for row in all_rows if row.default and row.task == "denoise"}
    assert defaults == {colour, gray, *white}


@pytest.mark.parametrize(
    ("model", "level", "rows", "name"),
    [
        ("auto", None, ["compact-denoise", "compact-denoise-gray", *OURS_FOR_WHITE], "compact-denoise"),
        ("compact-denoise", None, ["compact-denoise"], "compact-denoise"),
        ("compact-denoise-gray", None, ["compact-denoise-gray"], "compact-denoise-gray"),
        ("rnan", 30, ["rnan-denoise-color-s30", "rnan-denoise-gray-s30"], "rnan"),
        ("rnan", None, [], "rnan"),
        ("identity", None, ["identity"], "identity"),
    ],
)
def test_what_is_known_before_an_image_is_looked_at(
    model: str, level: float | None, rows: list[str], name: str
):
    found = selection("denoise", model, level)
    assert [row.id for row in found.foreseen] == rows
    assert found.name == name


def test_what_is_not_automatic_is_taken_only_by_its_id():
    for level in (None, 15.0, 25.0):
        for channels in (1, 3):
            found, _ = choose("denoise", "dagl", level, channels=channels)
            assert found.automatic
    found, _ = choose("denoise", "dagl-denoise-gray-github")
    assert not found.automatic


def test_a_network_also_goes_by_the_first_word_of_its_id():
    assert choose("upscale", "panet", 3)[0].model.network == "paedsr"
    assert choose("upscale", "paedsr", 3)[0].id == "panet-upscale-x3"
