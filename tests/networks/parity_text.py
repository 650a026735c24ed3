"""Whole networks as the description of the published code has them, on the authors' own names of weights.

They share nothing with the package, so that they judge sizes, batches and scales that nobody recorded.
"""

import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

State = Mapping[str, Tensor]
Activation = Callable[[Tensor], Tensor]


def conv(state: State, key: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = state[f"{key}.weight"]
    return F.conv2d(x, weight, state.get(f"{key}.bias"), stride, weight.shape[-1] // 2)


def res_block(state: State, key: str, x: Tensor, act: Activation = F.relu, scale: float = 1) -> Tensor:
    return x + scale * conv(state, f"{key}.body.2", act(conv(state, f"{key}.body.0", x)))


def prelu_block(state: State, key: str, x: Tensor) -> Tensor:
    return res_block(state, key, x, lambda y: F.prelu(y, state[f"{key}.body.1.weight"]))


def enlarge(state: State, x: Tensor, scale: int) -> Tensor:
    for key, step in (("tail.0.0", 2), ("tail.0.2", 2)) if scale == 4 else (("tail.0.0", scale),):
        x = F.pixel_shuffle(conv(state, key, x), step)
    return conv(state, "tail.1", x)


# ---- PANet and PA-EDSR ----


def cubic(distance: float) -> float:
    a, d = -0.75, abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4)


def resize_matrix(length: int, scale: float) -> Tensor:
    """Places by the ratio of the sizes, as PyTorch 1.1 has them."""
    result = math.floor(length * scale)
    matrix = torch.zeros(result, length, dtype=torch.float64)
    for row in range(result):
        place = (row + 0.5) * (length / result) - 0.5
        for tap in range(math.floor(place) - 1, math.floor(place) + 3):
            matrix[row, min(max(tap, 0), length - 1)] += cubic(place - tap)
    return matrix


def pyramid(state: State, key: str, x: Tensor, skip: float) -> Tensor:
    def embedded(name: str, y: Tensor) -> Tensor:
        return F.prelu(conv(state, f"{key}.{name}.0", y), state[f"{key}.{name}.1.weight"])

    def patches(y: Tensor) -> Tensor:
        return F.unfold(y, 3, padding=1)[0].T

    results = []
    for one in x.split(1):
        height, width = one.shape[2:]
        levels = [
            resize_matrix(height, 1 - i / 10) @ one @ resize_matrix(width, 1 - i / 10).T for i in range(1, 5)
        ]
        keys = torch.cat([patches(embedded("conv_match", level)) for level in (one, *levels)])
        values = torch.cat([patches(embedded("conv_assembly", level)) for level in (one, *levels)])
        keys = keys / keys.norm(dim=1, keepdim=True).clamp_min(1e-4)
        weights = torch.softmax(10 * keys @ patches(embedded("conv_match_L_base", one)).T, 0)
        results.append(F.fold((values.T @ weights)[None], (height, width), 3, padding=1) / 4 + skip * one)
    return torch.cat(results)


def panet(state: State, x: Tensor, blocks: int) -> Tensor:
    shallow = deep = conv(state, "head.0", x)
    for index in range(blocks + 1):
        key = f"body.{index}"
        is_attention = index == blocks // 2
        deep = pyramid(state, key, deep, 1) if is_attention else prelu_block(state, key, deep)
    return conv(state, "tail.0", conv(state, f"body.{blocks + 1}", deep) + shallow)


def paedsr(state: State, x: Tensor, blocks: int, scale: int) -> Tensor:
    shallow = deep = conv(state, "head.0", conv(state, "sub_mean", x))
    for index in range(blocks + 1):
        key = f"body.{index}"
        is_attention = index == blocks // 2
        deep = pyramid(state, key, deep, 0.1) if is_attention else res_block(state, key, deep, scale=0.1)
    return conv(state, "add_mean", enlarge(state, conv(state, f"body.{blocks + 1}", deep) + shallow, scale))


# ---- RNAN ----


def non_local(state: State, key: str, x: Tensor) -> Tensor:
    theta, phi, g = (conv(state, f"{key}.{name}", x).flatten(2) for name in ("theta", "phi", "g"))
    weights = torch.softmax(theta.transpose(1, 2) @ phi, 1)
    y = (weights @ g.transpose(1, 2)).transpose(1, 2).unflatten(2, x.shape[2:])
    return conv(state, f"{key}.W", y) + x


def group(state: State, key: str, x: Tensor, *, with_attention: bool = False) -> Tensor:
    inner, mask = f"{key}.body.0", f"{key}.body.0.RA_MB.0"
    x = res_block(state, f"{inner}.RA_RB1.0", x)
    trunk = res_block(state, f"{inner}.RA_TB.0.body.1", res_block(state, f"{inner}.RA_TB.0.body.0", x))
    if with_attention:
        full = res_block(state, f"{mask}.MB_RB1.1", non_local(state, f"{mask}.MB_RB1.0", x))
    else:
        full = res_block(state, f"{mask}.MB_RB1.0", x)
    half = F.conv2d(
        full, state[f"{mask}.MB_Down.0.weight"], state[f"{mask}.MB_Down.0.bias"], stride=2, padding=1
    )
    half = res_block(state, f"{mask}.MB_RB2.1", res_block(state, f"{mask}.MB_RB2.0", half))
    up = F.conv_transpose2d(
        half, state[f"{mask}.MB_Up.0.weight"], state[f"{mask}.MB_Up.0.bias"], stride=2, padding=2
    )
    share = torch.sigmoid(
        conv(state, f"{mask}.MB_1x1conv.0", res_block(state, f"{mask}.MB_RB3.0", full + up))
    )
    y = trunk * share + x
    y = res_block(state, f"{inner}.RA_tail.1", res_block(state, f"{inner}.RA_tail.0", y))
    return conv(state, f"{key}.body.1", y)


def rnan(state: State, x: Tensor, groups: int, scale: int = 1) -> Tensor:
    shallow = conv(state, "head.0", x if scale == 1 else conv(state, "sub_mean", x))
    deep = group(state, "body_nl_low.0", shallow, with_attention=True)
    for index in range(groups - 2):
        deep = group(state, f"body.{index}", deep)
    deep = conv(state, f"body.{groups - 2}", deep)
    deep = group(state, "body_nl_high.0", deep, with_attention=True)
    if scale == 1:
        return x + conv(state, "tail.0", deep)
    return conv(state, "add_mean", enlarge(state, deep + shallow, scale))


# ---- DAGL ----


def patches7(x: Tensor, stride: int) -> Tensor:
    """(1, C, h, w) -> (places, C * 49)."""
    return F.unfold(padded_same(x, stride), 7, stride=stride)[0].T


def padded_same(x: Tensor, stride: int) -> Tensor:
    pads: list[int] = []
    for size in (x.shape[3], x.shape[2]):
        total = max(0, (math.ceil(size / stride) - 1) * stride + 7 - size)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def head(state: State, key: str, x: Tensor) -> Tensor:
    """For one image."""
    graph, value = conv(state, f"{key}.g", x), conv(state, f"{key}.theta", x)
    queries, keys = (
        F.relu(patches7(graph, stride) @ state[f"{key}.{fc}.0.weight"].T + state[f"{key}.{fc}.0.bias"])
        for fc, stride in (("fc1", 4), ("fc2", 1))
    )
    threshold, bias = (
        F.conv2d(padded_same(x, 4), state[f"{key}.{name}.weight"], state[f"{key}.{name}.bias"], 4)
        .flatten()
        .unsqueeze(1)
        for name in ("thr_conv", "bias_conv")
    )
    scores = queries @ keys.T
    passed = F.relu(scores - scores.mean(1, keepdim=True) * threshold + bias)
    weights = torch.softmax(10 * scores * passed, 1) * (passed != 0)
    place = {"output_size": x.shape[2:], "kernel_size": 7, "stride": 4, "padding": 3}
    pasted = F.fold((weights @ patches7(value, 1)).T[None], **place)
    return pasted / F.fold(torch.ones_like(queries[:, :1]).expand(-1, 49).T[None], **place)


def dagl(state: State, x: Tensor, blocks: int) -> Tensor:
    deep = conv(state, "head.0", x)
    for index in range(blocks + 1):
        is_graph = index == blocks // 2
        deep = graph(state, f"body.{index}", deep) if is_graph else prelu_block(state, f"body.{index}", deep)
    return x + conv(state, "tail.0", conv(state, f"body.{blocks + 1}", deep))


def graph(state: State, key: str, x: Tensor) -> Tensor:
    for number in (1, 2, 3):
        heads = [
            torch.cat([head(state, f"{key}.c{number}_{index}", one) for one in x.split(1)])
            for index in (1, 2, 3, 4)
        ]
        x = conv(state, f"{key}.c{number}_c", torch.cat(heads, 1)) + x
        for index in range(4 if number < 3 else 0):
            x = prelu_block(state, f"{key}.RBS{number}.{index}", x)
    return x
