"""Attention in bounded memory: what its three forms share, and the form with a softmax over the queries.

The published code builds the whole matrix of scores. Here every weight of the softmax is computed when it is
needed, in blocks that stay in the processor's cache, and used at once; the results are the same. Exponentials
are taken to the base 2, which is three times faster: the scores are scaled by log2(e).

For inference only: the results are written in place, and no gradient flows through them.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..parallel import in_parallel, share_out
from .layers import product

LOG2_E = math.log2(math.e)
# Scores of one block: few enough for the cache, enough to keep the cost of a call small.
BLOCK = {"cpu": 2**19, "cuda": 2**23}


def refuse_gradient(*tensors: Tensor) -> None:
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        raise RuntimeError("patch attention has no gradient: run the network under torch.inference_mode()")


def working_type(x: Tensor) -> torch.dtype:
    """Half precision is too coarse for scores that are exponentiated: those are float32."""
    return x.dtype if x.dtype == torch.float64 else torch.float32


def in_full_precision(x: Tensor) -> torch.autocast:
    """A block in which autocast, should it be on, leaves products in the type of their factors."""
    return torch.autocast(x.device.type, enabled=False)


def block_size(x: Tensor) -> int:
    return BLOCK.get(x.device.type, BLOCK["cpu"])


def total_of(parts: Sequence[Tensor]) -> Tensor:
    total, *others = parts
    for other in others:
        total.add_(other)
    return total


def query_softmax_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """y_i = sum_j P_ij value_j with P = softmax over i (the queries!) of <query_i, key_j>.

    All three (B, C, N) -> (B, C, N). A block holds all queries for some keys, so one pass is enough.
    """
    refuse_gradient(query, key, value)
    dtype = working_type(query)
    queries, keys, values = (x.to(dtype).transpose(1, 2).contiguous() for x in (query, key, value))
    with in_full_precision(query):
        rows = zip(queries * LOG2_E, keys, values, strict=True)
        result = torch.stack([_query_softmax(*row) for row in rows])
    return result.transpose(1, 2).to(query.dtype)


def plain_query_softmax_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """The same with the whole matrix, and with a gradient: what the blocks are held against."""
    weights = torch.matmul(query.transpose(1, 2), key).softmax(dim=1)
    return torch.matmul(weights, value.transpose(1, 2)).transpose(1, 2)


def _query_softmax(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    # The maximum of columns takes a tenth of the time when they are a multiple of 64.
    size = max(64, block_size(queries) // len(queries) // 64 * 64)

    def gathered(pairs: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        result = torch.zeros_like(values)
        for some_keys, some_values in pairs:
            weights = product(queries, some_keys)  # (N, size)
            weights.sub_(weights.amax(0)).exp2_()
            normalised = some_values / weights.sum(0)[:, None]
            result.add_(product(weights, normalised.T.contiguous()))
        return result

    pairs = list(zip(keys.split(size), values.split(size), strict=True))
    return total_of(in_parallel(gathered, share_out(pairs, keys.device), keys.device))
