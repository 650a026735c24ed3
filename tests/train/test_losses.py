"""What a training minimises: the mean error, or the PSNR that it loses."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor
from training_tools import RECIPE, make_project

from restorecli.checked import CheckError
from restorecli.ops.metrics import psnr
from restorecli.train.data import Sampler
from restorecli.train.recipe import Recipe, load_recipe
from restorecli.train.training import LOSSES, Training, lost_psnr


def noise(*sigmas: float) -> Tensor:
    """(n, 3, 16, 16), each image with errors of its own deviation."""
    errors = torch.randn(len(sigmas), 3, 16, 16, generator=Generator().manual_seed(1))
    return errors * torch.tensor(sigmas)[:, None, None, None]


def recipe(folder, loss: str) -> Recipe:
    return load_recipe(make_project(folder, RECIPE.replace("[schedule]", f'[schedule]\nloss = "{loss}"')))


@given(st.lists(st.floats(0.03, 0.5), min_size=1, max_size=4))
def test_it_is_the_mean_psnr_of_the_images_in_hundreds_of_db(sigmas):
    error = noise(*sigmas)
    mean = sum(psnr(image, torch.zeros_like(image)) for image in error) / len(sigmas)
    assert -100 * lost_psnr(error).item() == pytest.approx(mean, abs=0.1)


def test_an_image_that_is_nearly_right_counts_as_much_as_a_bad_one():
    """Half of the error is 6 dB less, whichever image loses it; the mean error is all the bad one's."""
    bad, good = lost_psnr(noise(0.1, 0.4)), lost_psnr(noise(0.2, 0.2))
    assert bad.item() == pytest.approx(good.item(), abs=2e-3)
    error = noise(0.02, 0.4).requires_grad_()
    shares = {}
    for name, loss in LOSSES.items():
        (slope,) = torch.autograd.grad(loss(error), error)
        one, other = (slope * error.detach()).flatten(1).sum(1)  # what scaling an image's error changes
        shares[name] = (one / other).item()
    assert shares["psnr"] == pytest.approx(1, abs=0.05)
    assert shares["l1"] == pytest.approx(0.05, abs=0.01)


def test_a_perfect_image_has_a_finite_loss_and_no_slope():
    error = torch.zeros(2, 3, 8, 8, requires_grad=True)
    loss = lost_psnr(error)
    loss.backward()
    assert loss.item() == pytest.approx(-0.5)  # 50 dB
    assert error.grad is not None
    assert error.grad.abs().max() == 0


def test_the_recipe_chooses_and_anything_else_is_refused(tmp_path):
    assert load_recipe(make_project(tmp_path / "none")).schedule.loss == "l1"
    assert recipe(tmp_path / "psnr", "psnr").schedule.loss == "psnr"
    with pytest.raises(CheckError, match="'l2' is not one of"):
        recipe(tmp_path / "l2", "l2")


@pytest.mark.parametrize("loss", LOSSES)
def test_a_training_learns_by_it_and_reports_it(tmp_path, loss):
    """The same batch again and again."""
    images = [torch.randint(0, 256, (24, 24, 3), dtype=torch.uint8, generator=Generator().manual_seed(0))]
    chosen = recipe(tmp_path, loss)
    sampler = Sampler(images, chosen)
    training = Training(chosen, sampler, torch.device("cpu"))
    batch = sampler.next()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        error = training.network(batch.damaged, batch.level) - batch.target
    losses = [training.learn(batch) for _ in range(12)]
    assert losses[0] == pytest.approx(LOSSES[loss](error).item(), rel=1e-3)
    (other,) = {"l1", "psnr"} - {loss}
    assert losses[0] != pytest.approx(LOSSES[other](error).item(), rel=0.1)
    assert losses[-1] < losses[0]
