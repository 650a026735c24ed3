"""The streaming attentions against their naive twins, on sizes and values that the recorded cases lack."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity_twins import naive_head

from restorecli.networks import attention, dagl, graph_attention
from restorecli.networks.attention import plain_query_softmax_attention, query_softmax_attention
from restorecli.networks.layers import product
from restorecli.networks.patch_attention import plain_pyramid_attention, pyramid_patch_attention

SIZES = st.integers(1, 14)


def random(*shape: int, seed: int, scale: float = 0.3) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * scale


def levels(batch: int, height: int, width: int, seed: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Three images of different shapes, one of them possibly a single pixel."""
    sizes = ((height, width), (max(1, height // 2), width), (max(1, height // 3), max(1, width // 3)))
    return [
        (random(batch, 4, h, w, seed=seed + index), random(batch, 5, h, w, seed=seed + 10 + index, scale=1))
        for index, (h, w) in enumerate(sizes)
    ]


def assert_close(a: torch.Tensor, b: torch.Tensor, tolerance: float = 1e-12) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=tolerance * max(1, b.abs().max().item()))


@given(height=SIZES, width=SIZES, seed=st.integers(0, 99), sharpness=st.sampled_from((1.0, 10.0)))
def test_pyramid_equals_its_twin(height: int, width: int, seed: int, sharpness: float) -> None:
    query, pairs = random(2, 4, height, width, seed=seed + 50), levels(2, height, width, seed)
    with torch.inference_mode():
        streamed = pyramid_patch_attention(query, pairs, sharpness)
        assert_close(streamed, plain_pyramid_attention(query, pairs, sharpness))


@pytest.mark.parametrize("scale", [1e-6, 30.0, 3000.0])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_pyramid_takes_queries_of_any_size(scale: float, dtype: torch.dtype) -> None:
    """Beyond a norm of about 7 the greatest score must be found first."""
    query = random(1, 4, 9, 11, seed=1, scale=scale).to(dtype)
    pairs = [(keys.to(dtype), values.to(dtype)) for keys, values in levels(1, 9, 11, 2)]
    with torch.inference_mode():
        streamed = pyramid_patch_attention(query, pairs, 10.0)
        tolerance = 1e-9 if dtype == torch.float64 else max(1e-5, 1e-6 * scale)
        assert_close(streamed, plain_pyramid_attention(query, pairs, 10.0), tolerance)


def test_pyramid_of_zero_keys() -> None:
    """A patch of zeros is divided by the smallest norm, not by zero."""
    query, pairs = random(1, 4, 6, 7, seed=1), levels(1, 6, 7, 2)
    pairs[0][0].zero_()
    with torch.inference_mode():
        assert_close(pyramid_patch_attention(query, pairs, 10.0), plain_pyramid_attention(query, pairs, 10.0))


def test_not_a_number_spreads_and_does_not_hang() -> None:
    query, pairs = random(1, 4, 6, 7, seed=1), levels(1, 6, 7, 2)
    query[0, 0, 3, 3] = torch.nan
    with torch.inference_mode():
        assert pyramid_patch_attention(query, pairs, 10.0).isnan().any()


@pytest.mark.parametrize(("block", "rows"), [(1, 1), (500, 8), (10**9, 10**9)])
@pytest.mark.parametrize("threads", [1, 3])
def test_result_does_not_depend_on_blocks_and_threads(
    block: int, rows: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(attention.BLOCK, "cpu", block)
    monkeypatch.setitem(graph_attention.PRODUCT_ROWS, "cpu", rows)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    query, pairs = random(1, 4, 10, 9, seed=3), levels(1, 10, 9, 4)
    flat = [random(2, 6, 70, seed=seed, scale=1) for seed in (5, 6, 7)]
    with torch.inference_mode():
        assert_close(pyramid_patch_attention(query, pairs, 10.0), plain_pyramid_attention(query, pairs, 10.0))
        assert_close(query_softmax_attention(*flat), plain_query_softmax_attention(*flat))
        _check_head(11, 14)


@given(count=st.integers(1, 60), seed=st.integers(0, 99), scale=st.sampled_from((0.1, 1.0, 30.0)))
def test_query_softmax_equals_its_twin(count: int, seed: int, scale: float) -> None:
    flat = [random(2, 6, count, seed=seed + index, scale=scale) for index in range(3)]
    with torch.inference_mode():
        assert_close(query_softmax_attention(*flat), plain_query_softmax_attention(*flat))


@given(height=st.integers(1, 18), width=st.integers(1, 18))
def test_graph_attention_equals_its_twin(height: int, width: int) -> None:
    with torch.inference_mode():
        _check_head(height, width)


def _check_head(height: int, width: int) -> None:
    torch.manual_seed(0)
    head = dagl.Head(64).double()
    x = random(2, 64, height, width, seed=height * 20 + width, scale=1)
    padded = dagl.pad_same(x, dagl.STRIDE)
    assert_close(head(x, padded), naive_head(head, x, padded))


@pytest.mark.parametrize("length", range(1, 20))
def test_same_padding_gives_one_place_for_every_fourth_pixel(length: int) -> None:
    padded = dagl.pad_same(torch.zeros(1, 1, length, length), 4).shape[-1]
    assert (padded - dagl.PATCH) // 4 + 1 == -(-length // 4)


@pytest.mark.parametrize("remainder", range(4))
def test_same_padding_before(remainder: int) -> None:
    """1, 3, 2, 2 rows of zeros before, by the size's remainder of 4; pasting always assumes 3."""
    size = 20 + remainder
    row = dagl.pad_same(torch.ones(1, 1, size, size), 4)[0, 0, size // 2]
    assert row.nonzero()[0].item() == (1, 3, 2, 2)[remainder]


def test_half_precision_scores_are_float32() -> None:
    query, pairs = random(1, 4, 8, 8, seed=1).bfloat16(), levels(1, 8, 8, 2)
    half = [(keys.bfloat16(), values.bfloat16()) for keys, values in pairs]
    exact = plain_pyramid_attention(query.double(), [(k.double(), v.double()) for k, v in half], 10.0)
    with torch.inference_mode():
        result = pyramid_patch_attention(query, half, 10.0)
    assert result.dtype == torch.bfloat16
    assert (result.double() - exact).abs().max() <= exact.abs().max() * 2**-8


def test_gradients_are_refused() -> None:
    query = torch.zeros(1, 4, 5, 5, requires_grad=True)
    with pytest.raises(RuntimeError, match="inference_mode"):
        pyramid_patch_attention(query, [(torch.zeros(1, 4, 5, 5), torch.zeros(1, 4, 5, 5))], 10.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_product(dtype: torch.dtype) -> None:
    a, b = random(37, 20, seed=1).to(dtype), random(11, 20, seed=2).to(dtype)
    torch.testing.assert_close(product(a, b), a @ b.T)
