"""DAGL's attention between 7x7 patches with a learned threshold, exact, some query rows at a time.

For inference only, like attention.py.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .attention import LOG2_E, in_full_precision, refuse_gradient, working_type
from .layers import packed, product

PATCH = 7
STRIDE = 4  # of the queries
REACH = PATCH // 2
# Queries of one product: the more there are the faster it is, and the more memory their weights take.
PRODUCT_ROWS = {"cpu": 96, "cuda": 512}
# The pixels between two queries: the first, which only one query's patch reaches, and the others.
FIRST, OTHERS = slice(0, 1), slice(1, STRIDE)
PLACES = (FIRST, OTHERS)
SHARPNESS = 10.0


def graph_attention(query: Tensor, key: Tensor, value: Tensor, threshold: Tensor, bias: Tensor) -> Tensor:
    """Patches gathered by thresholded attention, pasted and averaged where they overlap.

    query (B, E, ceil(h/4), ceil(w/4)), key (B, E, h, w), value (B, C, h, w), threshold and bias like query
    without E -> (B, C, h, w). Per query, with S its products with all keys and R = relu(S - mean(S) *
    threshold + bias), the weights are softmax(SHARPNESS * S * R) where R > 0, and 0 elsewhere (though those
    keys count in the softmax's denominator). The gathered 7x7 patches of values are pasted around (4i, 4j).

    Where an R reaches 0 the result jumps, so that float32 and float64 may differ by 1e-4.
    """
    refuse_gradient(query, key, value, threshold, bias)
    dtype = working_type(query)
    # S * R takes the scale twice: once with each factor.
    scale = math.sqrt(SHARPNESS * LOG2_E)
    keys = key.to(dtype).permute(0, 2, 3, 1).flatten(1, 2).contiguous()  # (B, h * w, E)
    queries = query.to(dtype).permute(0, 2, 3, 1) * scale  # (B, rows, columns, E)
    with in_full_precision(query):
        means = torch.einsum("brce,be->brc", queries, keys.mean(1))
        offsets = (bias.to(dtype) * scale).addcmul_(means, threshold.to(dtype), value=-1)
        pasted = [
            _paste(queries[index].contiguous(), keys[index], value[index].to(dtype), offsets[index])
            for index in range(len(query))
        ]
    return torch.stack(pasted).div_(_coverage(value.to(dtype)[:1, :1])).to(value.dtype)


def plain_graph_attention(
    query: Tensor, key: Tensor, value: Tensor, threshold: Tensor, bias: Tensor
) -> Tensor:
    """The same with whole matrices, and with a gradient: what the products are held against."""
    size = value.shape[2:]
    scores = query.flatten(2).transpose(1, 2) @ key.flatten(2)  # (B, queries, h * w)
    means = scores.mean(2, keepdim=True)
    passed = F.relu(scores - means * threshold.flatten(1)[..., None] + bias.flatten(1)[..., None])
    weights = F.softmax(SHARPNESS * scores * passed, dim=2) * (passed != 0)
    gathered = weights @ F.unfold(value, PATCH, padding=REACH).transpose(1, 2)
    pasted = F.fold(gathered.transpose(1, 2), size, PATCH, stride=STRIDE, padding=REACH)
    ones = F.unfold(torch.ones_like(value[:1, :1]), PATCH, stride=STRIDE, padding=REACH)
    return pasted / F.fold(ones, size, PATCH, stride=STRIDE, padding=REACH)


def _paste(queries: Tensor, keys: Tensor, value: Tensor, offsets: Tensor) -> Tensor:
    """queries (rows, columns, E), keys (h * w, E), value (C, h, w), offsets (rows, columns) -> (C, h, w).

    Output pixel (4j + r, 4i + c) gets from query (j, i) the sum over keys p of weight[p] * value[p + (r, c)].
    Where r > 0 the query below reaches it too, from four rows further down: with its weights shifted up by
    four rows the values are the same. So it is with the query to the right, four columns further. Weights of
    up to four queries are shifted and added, once for all r and c above 0, and then a product gathers single
    pixels instead of 7x7 patches: a third of the multiplications.
    """
    rows, columns, _ = queries.shape
    channels, height, width = value.shape
    # What is shifted may lie up to four pixels above and to the left of the image.
    grid = height + STRIDE, width + STRIDE
    several = max(1, min(rows, PRODUCT_ROWS.get(queries.device.type, PRODUCT_ROWS["cpu"]) // columns))
    keys = packed(keys, several * columns)
    values = [[_seen_from(value, r, c, several * columns) for c in PLACES] for r in PLACES]
    weights = _Weights.empty(several, columns, grid, value)
    result = value.new_empty(rows, columns, STRIDE, STRIDE, channels)

    def weigh(first: int, slots: slice) -> None:
        chosen = slice(first, first + slots.stop - slots.start)
        weights.fill(slots, queries[chosen], keys, offsets[chosen])

    weigh(0, slice(0, 1))
    for first in range(0, rows, several):
        count = min(several, rows - first)
        weigh(first + 1, slice(1, count + 1))  # after the last query row comes one without weights
        for r, of_row in zip(PLACES, values, strict=True):
            for c, pixels in zip(PLACES, of_row, strict=True):
                gathered = product(weights.sums(r, c, count), pixels)
                target = result[first : first + count, :, r, c]
                target.copy_(gathered.view(count, columns, *target.shape[2:]))
        weights.keep_last(count)
    return result.permute(4, 0, 2, 1, 3).reshape(channels, rows * STRIDE, -1)[:, :height, :width]


def _seen_from(value: Tensor, rows: slice, columns: slice, product_rows: int) -> Tensor:
    """value (C, h, w) -> (places * C, grid): for each place (r, c) what lies that much below and right."""
    _, height, width = value.shape
    padded = F.pad(value, (STRIDE, STRIDE - 1, STRIDE, STRIDE - 1))
    views = padded.unfold(1, height + STRIDE, 1)[:, rows].unfold(2, width + STRIDE, 1)[:, :, columns]
    # (C, r, c, grid rows, grid columns)
    return packed(views.permute(1, 2, 0, 3, 4).flatten(3).flatten(0, 2).contiguous(), product_rows)


@dataclass(frozen=True, slots=True)
class _Weights:
    """The weights of some query rows and the next one, on the grid, and what they are added up to."""

    alone: Tensor  # (several + 1, columns, grid); zeros above and to the left of the image
    with_right: Tensor  # the same, each with the query to its right
    with_below: Tensor  # (several, columns, grid), either of them with those of the row below
    grid: tuple[int, int]

    @classmethod
    def empty(cls, several: int, columns: int, grid: tuple[int, int], like: Tensor) -> "_Weights":
        pixels = math.prod(grid)
        alone, with_right = (like.new_zeros(several + 1, columns, pixels) for _ in range(2))
        return cls(alone, with_right, like.new_empty(several, columns, pixels), grid)

    def fill(self, slots: slice, queries: Tensor, keys: Tensor, offsets: Tensor) -> None:
        """Rows `slots` for as many queries (rows, columns, E), or one less: then the last row is zeros."""
        alone, right = self.alone[slots], self.with_right[slots]
        known = len(queries)
        inner = alone[:known].unflatten(2, self.grid)[..., STRIDE:, STRIDE:]
        _weights(queries, keys, offsets, out=inner)
        alone[known:] = 0
        _add_shifted(alone[:, :-1], alone[:, 1:], STRIDE, out=right[:, :-1])
        right[:, -1] = alone[:, -1]

    def sums(self, rows: slice, columns: slice, count: int) -> Tensor:
        """For the places in these rows and columns, (count * queries, grid); valid until the next call."""
        near, below = self.alone if columns == FIRST else self.with_right, self.with_below[:count]
        if rows == FIRST:
            return near[:count].flatten(0, 1)
        _add_shifted(near[:count], near[1 : count + 1], STRIDE * self.grid[1], out=below)
        return below.flatten(0, 1)

    def keep_last(self, count: int) -> None:
        """The last row is the first of those that come next."""
        for weights in (self.alone, self.with_right):
            weights[0].copy_(weights[count])


def _add_shifted(x: Tensor, y: Tensor, step: int, *, out: Tensor) -> None:
    """x[..., n] + y[..., n + step], with nothing beyond the end."""
    torch.add(x[..., :-step], y[..., step:], out=out[..., :-step])
    out[..., -step:] = x[..., -step:]


def _weights(queries: Tensor, keys: Tensor, offsets: Tensor, *, out: Tensor) -> None:
    """queries (rows, columns, E), offsets (rows, columns), out (rows, columns, h, w)."""
    if not len(queries):
        return
    scores = product(queries.flatten(0, 1), keys)
    passed = torch.add(scores, offsets.flatten()[:, None]).relu_()
    logits = scores.mul_(passed)
    weights = logits.sub_(logits.amax(1, keepdim=True)).exp2_()
    weights.mul_(weights.sum(1, keepdim=True).reciprocal_())
    # weights where passed > 0, else 0: thirty times faster than torch.where on the CPU that was measured.
    threshold = torch.ops.aten.threshold_backward.grad_input
    threshold(weights.view(out.shape), passed.view(out.shape), 0, grad_input=out)


def _coverage(like: Tensor) -> Tensor:
    """How many patches lie over each pixel, (1, 1, h, w)."""
    patches = F.unfold(torch.ones_like(like), PATCH, padding=REACH, stride=STRIDE)
    return F.fold(patches, like.shape[2:], PATCH, padding=REACH, stride=STRIDE)
