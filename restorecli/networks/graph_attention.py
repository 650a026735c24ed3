"""DAGL's attention between 7x7 patches with a learned threshold, exact, some query rows at a time.

For inference only, like attention.py.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .attention import LOG2_E, block_size, in_full_precision, refuse_gradient, working_type
from .layers import packed, product

PATCH = 7
STRIDE = 4  # of the queries
REACH = PATCH // 2
SHARPNESS = 10.0


def graph_attention(query: Tensor, key: Tensor, value: Tensor, threshold: Tensor, bias: Tensor) -> Tensor:
    """Patches gathered by thresholded attention, pasted and averaged where they overlap.

    query (B, E, ceil(h/4), ceil(w/4)), key (B, E, h, w), value (B, C, h, w), threshold and bias like query
    without E -> (B, C, h, w). Per query, with S its products with all keys and R = relu(S - mean(S) *
    threshold + bias), the weights are softmax(SHARPNESS * S * R) where R > 0, and 0 elsewhere (though those
    keys count in the softmax's denominator). The gathered 7x7 patches of values are pasted around (4i, 4j).
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


def _paste(queries: Tensor, keys: Tensor, value: Tensor, offsets: Tensor) -> Tensor:
    """queries (rows, columns, E), keys (h * w, E), value (C, h, w), offsets (rows, columns) -> (C, h, w).

    Output row 4j + r gets line r of the patches of query row j and line r - 4 of those of row j + 1.
    Instead of gathering whole patches, the weights of both are shifted by r and r - 4 rows and added; then
    one product gathers 1x7 pieces. That takes 4/7 of the multiplications.
    """
    rows, columns, _ = queries.shape
    height, width = value.shape[1:]
    pieces = F.unfold(value[None], (1, PATCH), padding=(0, REACH))[0]  # (C * 7, h * w)
    # Twice the usual block: a product is the faster the more rows it has.
    several = min(rows + 1, max(1, 2 * block_size(queries) // (columns * height * width)))
    pieces_packed, keys = packed(pieces, STRIDE * columns), packed(keys, several * columns)
    # Weights of `several` query rows and of the row before them; zeros above and below the image.
    margin = STRIDE * width
    weights = value.new_zeros(several + 1, columns, height * width + 2 * margin)
    lines = value.new_empty(rows + 1, STRIDE, columns, len(pieces))
    shifted = value.new_empty(STRIDE, columns, height * width)
    for first in range(0, rows + 1, several):
        count = min(several, rows + 1 - first)
        inner = weights[1 : count + 1, :, margin:-margin]
        known = min(count, rows - first)  # after the last query row comes one without weights
        _weights(queries[first : first + known], keys, offsets[first : first + known], out=inner[:known])
        inner[known:] = 0
        for index in range(count):
            _shift_and_add(weights[index], weights[index + 1], width, out=shifted)
            lines[first + index] = product(shifted.flatten(0, 1), pieces_packed).view_as(lines[0])
        weights[0].copy_(weights[count])
    # lines[j, r] is output row 4 * (j - 1) + r: the first query row also reaches above the image.
    lines = lines.flatten(0, 1)[STRIDE : STRIDE + height]  # (h, columns, C * 7)
    across = F.fold(lines.transpose(1, 2), (1, width), (1, PATCH), stride=STRIDE, padding=(0, REACH))
    return across[:, :, 0].transpose(0, 1)


def _weights(queries: Tensor, keys: Tensor, offsets: Tensor, *, out: Tensor) -> None:
    """queries (rows, columns, E), offsets (rows, columns), out (rows, columns, keys)."""
    if not len(queries):
        return
    scores = product(queries.flatten(0, 1), keys)
    passed = torch.add(scores, offsets.flatten()[:, None]).relu_()
    logits = scores.mul_(passed)
    weights = logits.sub_(logits.amax(1, keepdim=True)).exp2_()
    weights.mul_(weights.sum(1, keepdim=True).reciprocal_())
    # weights where passed > 0, else 0: thirty times faster than torch.where on the CPU that was measured.
    torch.ops.aten.threshold_backward.grad_input(weights.view_as(out), passed.view_as(out), 0, grad_input=out)


def _shift_and_add(before: Tensor, after: Tensor, width: int, *, out: Tensor) -> None:
    """The weights of two query rows, with margins of STRIDE image rows, as seen from the rows between.

    before, after (columns, n + 2 * STRIDE * width) -> out (STRIDE, columns, n).
    """
    margin, count = STRIDE * width, out.shape[2]
    out[0] = before[:, margin : margin + count]
    for row in range(1, STRIDE):
        down = before[:, margin - row * width :][:, :count]
        up = after[:, margin + (STRIDE - row) * width :][:, :count]
        torch.add(down, up, out=out[row])


def _coverage(like: Tensor) -> Tensor:
    """How many patches lie over each pixel, (1, 1, h, w)."""
    patches = F.unfold(torch.ones_like(like), PATCH, padding=REACH, stride=STRIDE)
    return F.fold(patches, like.shape[2:], PATCH, padding=REACH, stride=STRIDE)
