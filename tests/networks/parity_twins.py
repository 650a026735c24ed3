"""The networks as the authors compute them: with the plain attentions, on whole matrices.

They judge the streaming forms, and the benchmark measures against them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor

from restorecli.networks import dagl, mhnet, panet, rnan
from restorecli.networks.attention import plain_query_softmax_attention
from restorecli.networks.graph_attention import plain_graph_attention
from restorecli.networks.patch_attention import plain_pyramid_attention


def naive_head(head: dagl.Head, x: Tensor, padded: Tensor) -> Tensor:
    """Queries and keys by a linear layer on patches, as the authors have it, where ours are convolutions."""
    graph, value = head.graph(x), head.value(x)
    threshold, bias = head.threshold(padded), head.bias(padded)
    query_patches = F.unfold(dagl.pad_same(graph, 4), 7, stride=4).transpose(1, 2)
    key_patches = F.unfold(graph, 7, padding=3).transpose(1, 2)
    query = F.relu(F.linear(query_patches, head.query.weight, head.query.bias)).transpose(1, 2)
    key = F.relu(F.linear(key_patches, head.key.weight, head.key.bias)).transpose(1, 2)
    return plain_graph_attention(
        query.unflatten(2, threshold.shape[2:]), key.unflatten(2, x.shape[2:]), value, threshold, bias
    )


@contextmanager
def as_the_authors() -> Iterator[None]:
    """Inside, the networks compute as the published code does, in its memory layout too."""
    with (
        patch.object(panet, "pyramid_patch_attention", plain_pyramid_attention),
        patch.object(rnan, "query_softmax_attention", plain_query_softmax_attention),
        patch.object(dagl.Head, "forward", naive_head),
        patch.object(panet, "channels_last", torch.Tensor.contiguous),
        patch.object(rnan, "channels_last", torch.Tensor.contiguous),
        patch.object(dagl, "channels_last", torch.Tensor.contiguous),
        patch.object(mhnet, "channels_last", torch.Tensor.contiguous),
    ):
        yield
