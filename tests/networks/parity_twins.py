"""The attentions as the authors compute them: whole matrices, one filter per key patch.

They judge the streaming forms, and the benchmark measures against them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor

from restorecli.networks import dagl, mhnet, panet, rnan


def naive_pyramid(query: Tensor, levels: Sequence[tuple[Tensor, Tensor]], sharpness: float) -> Tensor:
    results = []
    for index, one in enumerate(query):
        keys = torch.cat([patches3(key[index]) for key, _ in levels])
        values = torch.cat([patches3(value[index]) for _, value in levels])
        keys = keys / keys.flatten(1).norm(dim=1).clamp_min(1e-4).view(-1, 1, 1, 1)
        scores = F.conv2d(F.pad(one[None], (1, 1, 1, 1)), keys)
        weights = F.softmax(scores * sharpness, dim=1)
        results.append(F.conv_transpose2d(weights, values, padding=1))
    return torch.cat(results)


def patches3(x: Tensor) -> Tensor:
    """x (C, h, w) -> (h * w, C, 3, 3)."""
    return F.unfold(x[None], 3, padding=1)[0].T.unflatten(1, (len(x), 3, 3))


def naive_query_softmax(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    weights = torch.matmul(query.transpose(1, 2), key).softmax(dim=1)
    return torch.matmul(weights, value.transpose(1, 2)).transpose(1, 2)


def naive_head(head: dagl.Head, x: Tensor, padded: Tensor) -> Tensor:
    results = []
    graph, value = head.graph(x), head.value(x)
    size = x.shape[2:]
    thresholds, biases = head.threshold(padded).flatten(1), head.bias(padded).flatten(1)
    query_patches = F.unfold(dagl.pad_same(graph, 4), 7, stride=4)
    key_patches, value_patches = (F.unfold(part, 7, padding=3) for part in (graph, value))
    for index in range(len(x)):
        queries = F.relu(F.linear(query_patches[index].T, head.query.weight, head.query.bias))
        keys = F.relu(F.linear(key_patches[index].T, head.key.weight, head.key.bias))
        scores = queries @ keys.T
        means = scores.mean(1, keepdim=True)
        passed = F.relu(scores - means * thresholds[index, :, None] + biases[index, :, None])
        weights = F.softmax(10 * scores * passed, dim=1) * (passed != 0)
        gathered = weights @ value_patches[index].T
        results.append(F.fold(gathered.T[None], size, 7, stride=4, padding=3))
    ones = torch.ones_like(value[:1, :1])
    counts = F.fold(F.unfold(ones, 7, stride=4, padding=3), size, 7, stride=4, padding=3)
    return torch.cat(results) / counts


@contextmanager
def as_the_authors() -> Iterator[None]:
    """Inside, the networks compute as the published code does, in its memory layout too."""
    with (
        patch.object(panet, "pyramid_patch_attention", naive_pyramid),
        patch.object(rnan, "query_softmax_attention", naive_query_softmax),
        patch.object(dagl.Head, "forward", naive_head),
        patch.object(panet, "channels_last", torch.Tensor.contiguous),
        patch.object(rnan, "channels_last", torch.Tensor.contiguous),
        patch.object(dagl, "channels_last", torch.Tensor.contiguous),
        patch.object(mhnet, "channels_last", torch.Tensor.contiguous),
    ):
        yield
