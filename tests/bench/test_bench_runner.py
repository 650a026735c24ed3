"""Weights and baselines over a set: the figures are those of the images, and bad sets give none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio
from small_sets import clean_folder, clean_set, photo, save

from restorecli.bench import methods
from restorecli.bench.cases import make_case, measure
from restorecli.bench.folders import ImageSet, inspect, load, open_folder
from restorecli.bench.job import Job, Options
from restorecli.bench.protocols import all_cards
from restorecli.bench.results import Problem, Score
from restorecli.bench.runner import Watcher, run
from restorecli.bench.tables import psnr_words
from restorecli.engine.restorer import Restorer
from restorecli.errors import OutOfMemoryError
from restorecli.images import Image
from restorecli.registry import entries
from restorecli.settings import Settings

CARDS = {card.name: card for card in all_cards()}

CPU = Options(Settings(device="cpu", precision="fp32"))
DENOISE = {row.id for row in entries() if row.task == "denoise" and row.default}


def scores(job: Job, options: Options = CPU) -> list[Score]:
    found = list(run(job, options))
    assert all(isinstance(row, Score) for row in found), found
    return found


def steady(score: Score) -> Score:
    """Without what a clock and the system's memory decide."""
    images = tuple(replace(image, seconds=None) for image in score.per_image)
    return replace(score, seconds_per_megapixel=None, peak_memory=None, per_image=images)


def test_the_input_is_scored_as_anybody_would(tmp_path):
    images = clean_set(tmp_path)
    first = scores(Job(images, CARDS["noise-colour"], 25.0, ("identity",)))[0]
    assert (first.model, first.kind, first.images, first.whole) == ("input", "baseline", 2, True)
    expected = []
    for item in images.items:
        clean = load(item.target).astype(np.float32).transpose(2, 0, 1) / 255
        noise = torch.empty(clean.shape).normal_(generator=torch.Generator().manual_seed(1)).numpy()
        noisy = np.clip(clean + noise * np.float32(25 / 255), 0, 1)
        expected.append(peak_signal_noise_ratio(clean.astype(float), noisy.astype(float), data_range=1))
    assert [image.psnr for image in first.per_image] == pytest.approx(expected, abs=1e-6)
    assert first.psnr == pytest.approx(np.mean(expected), abs=1e-6)


def test_identity_is_the_input_and_the_means_are_of_the_images(tmp_path):
    rows = scores(Job(clean_set(tmp_path), CARDS["jpeg-colour"], 10.0, ("identity",)))
    given, identity = rows[0], rows[-1]
    assert (identity.model, identity.kind) == ("identity", "weights")
    assert identity.psnr == pytest.approx(given.psnr, abs=1e-9)
    assert identity.ssim == pytest.approx(given.ssim, abs=1e-9)
    for name in ("psnr", "ssim", "psnr_luma", "psnr_input"):
        mean = np.mean([getattr(image, name) for image in identity.per_image])
        assert getattr(identity, name) == pytest.approx(mean)
    assert identity.seconds_per_megapixel > 0


def test_the_same_numbers_twice(tmp_path):
    for card, level in (("noise-colour", 25.0), ("rain-drawn", None), ("bicubic", 2.0)):
        job = Job(clean_set(tmp_path), CARDS[card], level, ("auto",))
        first, second = (list(map(steady, scores(job))) for _ in range(2))
        assert first == second


def test_weights_stand_with_what_was_used(tmp_path):
    row = scores(Job(clean_set(tmp_path), CARDS["noise-colour"], 25.0, ("auto",)))[-1]
    assert {*row.ids} <= DENOISE
    assert row.weights_sha256 is not None
    assert (row.precision, row.windows, row.told, row.tile) == ("fp32", "ours", False, (48, 48))
    told = scores(Job(clean_set(tmp_path), CARDS["noise-colour"], 25.0, ("auto",)), replace(CPU, told=True))[
        -1
    ]
    assert told.told
    assert told.key != row.key


def test_the_precision_is_the_one_that_ran(tmp_path):
    job = Job(clean_set(tmp_path), CARDS["noise-colour"], 25.0, ("auto",))
    for asked, used in (("bf16", {"bf16"}), ("auto", {"fp32", "bf16"})):
        assert (
            scores(job, replace(CPU, settings=Settings(device="cpu", precision=asked), baselines="none"))[
                -1
            ].precision
            in used
        )


def test_two_names_of_the_same_weights_are_one_row(tmp_path):
    job = Job(clean_set(tmp_path), CARDS["rain-drawn"], None, ("auto", "compact-derain", "identity"))
    rows = scores(job, replace(CPU, baselines="none"))
    assert [row.model for row in rows] == ["compact-derain", "identity"]


class Chooses(Restorer):
    """Where it may, dark photos get other weights."""

    def restore_image(self, image, **options):
        restored = super().restore_image(image, **options)
        if self._selection.model != "auto":
            return restored
        weights = "compact-denoise" if image.pixels.mean() > 0.4 else "compact-denoise-gray"
        return replace(restored, report=replace(restored.report, weights=weights))


def photos_of_different_light(folder: Path) -> ImageSet:
    for place, light in enumerate((1.0, 0.3, 0.2)):
        save(folder / f"{place}.png", (photo(place) * light).astype(np.uint8))
    return inspect(open_folder(folder))


def test_auto_measures_what_the_command_does_photo_by_photo(tmp_path, monkeypatch):
    monkeypatch.setattr(methods, "Restorer", Chooses)
    images = photos_of_different_light(tmp_path)
    job = Job(images, CARDS["noise-colour"], 15.0, ("auto", "compact-denoise"))
    auto, named = scores(job, replace(CPU, baselines="none"))
    assert named.model == "compact-denoise"
    assert auto.model == "compact-denoise-gray + compact-denoise", "those of most images come first"
    assert auto.ids == ("compact-denoise-gray", "compact-denoise")
    assert auto.network == "compact"
    assert auto.weights_sha256.split(" + ")[1] == named.weights_sha256
    assert auto.published is None


def test_auto_is_the_restorer_of_the_command(tmp_path):
    """A gray image in a set of colour ones gets the weights that gray photos get."""
    save(tmp_path / "1.png", photo(1))
    save(tmp_path / "2.png", photo(2, gray=True))
    images = inspect(open_folder(tmp_path))
    job = Job(images, CARDS["noise-8bit"], 25.0, ("auto",))
    (row,) = scores(job, replace(CPU, baselines="none"))
    restorer = Restorer("denoise", device="cpu", precision="fp32")
    used, expected = [], []
    for place, item in enumerate(images.items):
        case = make_case(item, place, job.card, 25.0)
        restored = restorer.restore_image(Image.from_array(case.input.permute(1, 2, 0).numpy()))
        used.append(restored.report.weights)
        result = torch.from_numpy(restored.image.pixels).permute(2, 0, 1)
        expected.append(measure(result, case, job.card).psnr)
    assert len(set(used)) == 2
    assert row.model == " + ".join(used)
    assert [image.psnr for image in row.per_image] == pytest.approx(expected, abs=1e-4)


def test_how_many_images_came_out_worse(tmp_path):
    class Spoils(Restorer):
        def restore_image(self, image, **options):
            restored = super().restore_image(image, **options)
            spoilt = image.pixels * 0 if image.pixels.mean() > 0.4 else image.pixels
            return replace(restored, image=image.with_pixels(spoilt, None))

    images = photos_of_different_light(tmp_path)
    job = Job(images, CARDS["noise-8bit"], 10.0, ("identity",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "Restorer", Spoils)
        spoilt = scores(job, replace(CPU, baselines="none"))[0]
    assert (spoilt.worse, spoilt.images) == (1, 3)
    assert [image.worse for image in spoilt.per_image] == [True, False, False]
    assert scores(job, replace(CPU, baselines="none"))[0].worse == 0
    upscaled = Job(images, CARDS["bicubic"], 2.0, ("auto",))
    assert [row.worse for row in scores(upscaled)] == [None, None]


def test_told_is_only_what_was_told(tmp_path):
    """Cards without a level have nothing to tell."""
    job = Job(clean_set(tmp_path), CARDS["scan"], None, ("auto", "identity"))
    assert [row.told for row in scores(job, replace(CPU, told=True))] == [False] * 4


def test_a_gray_set_is_measured_with_the_weights_that_gray_photos_get(tmp_path):
    for place in range(2):
        gray = photo(place)[:, :, :1]
        save(tmp_path / f"{place}.png", np.repeat(gray, 3, axis=2) if place else gray[:, :, 0])
    images = inspect(open_folder(tmp_path))
    assert images.gray
    for card in ("noise-gray", "noise-colour"):
        job = Job(images, CARDS[card], 25.0, ("auto", "compact-denoise"))
        rows = scores(job, replace(CPU, baselines="none"))
        assert [row.model.startswith("compact-denoise-gray") for row in rows] == [True, False]
        assert rows[0].weights_sha256 != rows[1].weights_sha256


def test_a_set_that_is_not_whole_has_no_average(tmp_path):
    clean_folder(tmp_path)
    (tmp_path / "3.png").write_bytes(b"not an image")
    job = Job(inspect(open_folder(tmp_path)), CARDS["noise-colour"], 25.0, ("identity",))
    (problem,) = run(job, CPU)
    assert isinstance(problem, Problem)
    assert "3.png" in problem.reasons[0]
    assert "--partial" in problem.hint
    for row in scores(job, replace(CPU, partial=True)):
        assert (row.images, row.whole) == (2, False)
        assert "3.png" in row.note
        assert replace(row, published=30.0).difference is None


def test_of_many_reasons_the_first_stand_in_the_note(tmp_path):
    clean_folder(tmp_path)
    for place in range(5):
        (tmp_path / f"bad{place}.png").write_bytes(b"")
    job = Job(inspect(open_folder(tmp_path)), CARDS["noise-colour"], 25.0, ("identity",))
    row = scores(job, replace(CPU, partial=True))[0]
    assert row.note.count("bad") == 3
    assert row.note.endswith("and 2 more")


def test_a_set_without_a_sound_image_is_a_problem_even_if_partial(tmp_path):
    (tmp_path / "1.png").write_bytes(b"")
    job = Job(inspect(open_folder(tmp_path)), CARDS["noise-colour"], 25.0, ("identity",))
    (problem,) = run(job, replace(CPU, partial=True))
    assert problem.reasons == ("there is no image to measure on",)


def test_weights_that_fail_do_not_take_the_others_with_them(tmp_path, monkeypatch):
    def fails(*_, **__):
        raise OutOfMemoryError("not enough memory", hint="--device cpu")

    monkeypatch.setattr(methods, "Restorer", fails)
    *rows, problem = run(Job(clean_set(tmp_path), CARDS["noise-colour"], 25.0, ("identity",)), CPU)
    assert [row.model for row in rows] == ["input", "NLM (OpenCV)", "total variation"]
    assert (problem.reasons, problem.hint) == (("not enough memory",), "--device cpu")
    assert problem.what.startswith("identity on ")


def test_equal_images_have_no_psnr_and_so_has_their_mean(tmp_path):
    save(tmp_path / "flat.png", np.full((32, 32, 3), 7, np.uint8))
    save(tmp_path / "photo.png", photo(2))
    job = Job(inspect(open_folder(tmp_path)), CARDS["clean-denoise"], None, ("identity",))
    row = scores(job)[-1]
    assert (row.psnr, row.exact, row.images) == (None, 2, 2)
    assert row.ssim == pytest.approx(1)


def test_one_equal_image_does_not_make_the_set_exact(tmp_path):
    save(tmp_path / "flat.png", np.full((32, 32, 3), 128, np.uint8))  # a JPEG loses nothing of it
    save(tmp_path / "photo.png", photo(2))
    job = Job(inspect(open_folder(tmp_path)), CARDS["jpeg-colour"], 10.0, ("identity",))
    row = scores(job)[-1]
    assert [image.psnr is None for image in row.per_image] == [True, False]
    assert (row.psnr, row.exact, row.images) == (None, 1, 2)
    assert psnr_words(row) == "1 of 2 exact"


def test_pictures_and_progress_are_told(tmp_path):
    shots, steps = [], []
    watcher = Watcher(
        progress=lambda *step: steps.append(step), on_image=shots.append, before=lambda entry: None
    )
    job = Job(clean_set(tmp_path), CARDS["noise-gray"], 25.0, ("identity",))
    list(run(job, replace(CPU, baselines="simple"), watcher, before=5))
    assert [(shot.model, shot.name) for shot in shots] == [("identity", "1"), ("identity", "2")]
    assert [step[1:] for step in steps] == [(1, 2, 5), (2, 2, 5), (1, 2, 6), (2, 2, 6)]
    assert shots[0].output.shape == (40, 48, 1)
    assert shots[0].psnr == pytest.approx(shots[0].psnr_input)


@pytest.mark.parametrize(
    ("card", "level", "names"),
    [
        ("mosaic-grbg", "grbg", ["bilinear", "Malvar", "compact-demosaic"]),
        ("bicubic", 3.0, ["bicubic", "compact-upscale-x3"]),
        ("bicubic-luma", 2.0, ["bicubic", "compact-upscale-x2"]),
        ("rain-mhnet", None, ["input", "compact-derain"]),
        ("blur-drawn", None, ["input", "unsharp mask", "compact-deblur"]),
    ],
)
def test_every_kind_of_task_runs(tmp_path, card, level, names):
    if card.startswith("rain-m"):
        for seed in range(2):
            save(tmp_path / f"norain-{seed}.png", photo(seed))
            save(tmp_path / f"rain-{seed}.png", photo(seed + 5))
        images = inspect(open_folder(tmp_path))
    else:
        images = clean_set(tmp_path)
    rows = scores(Job(images, CARDS[card], level, ("auto",)))
    assert [row.model for row in rows] == names
    assert all(row.psnr is not None and 0 < row.ssim < 1 for row in rows)


@pytest.mark.parametrize("card", ["phone", "low-light", "scan"])
def test_photos_as_people_have_them_are_measured(tmp_path, card):
    *baselines, row = scores(Job(clean_set(tmp_path), CARDS[card], None, ("auto",)))
    assert [baseline.model for baseline in baselines] == ["input", "NLM (OpenCV), h 4"]
    assert {*row.ids} <= DENOISE
    assert row.psnr_input == baselines[0].psnr
    assert row.worse is not None
