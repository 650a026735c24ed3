"""Muon: momentum whose matrices are made orthogonal before they are taken as a step (K. Jordan, 2024).

A network of 1x1 convolutions is nearly all matrices, and there a step that moves every direction alike
learns more than one that follows the few strong ones. What is no matrix is left to AdamW. torch has a Muon
since 2.9, for parameters of two dimensions and one matrix at a time; here matrices of one shape go together.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

# A x + B x^3 + C x^5, five times over, takes singular values to somewhere near 1, which is near enough.
A, B, C = 3.4445, -4.7750, 2.0315
# The root mean square that AdamW's steps have, so that one learning rate serves both.
STEP_SIZE = 0.2


def orthogonal(matrices: Tensor, times: int = 5) -> Tensor:
    """(n, rows, columns) -> the same singular vectors with singular values near 1; computed in bf16."""
    x = matrices.bfloat16()
    if tall := x.shape[1] > x.shape[2]:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(times):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=B, alpha=C), x, beta=A)
    return (x.mT if tall else x).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            shapes: defaultdict[tuple[int, int], list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                shapes[parameter.shape[0], parameter[0].numel()].append(parameter)
            for (rows, columns), parameters in shapes.items():
                self._step(parameters, rows, columns, group)

    def _step(self, parameters: list[Tensor], rows: int, columns: int, group: dict[str, Any]) -> None:
        directions = []
        for parameter in parameters:
            assert parameter.grad is not None
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(parameter)
            state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
            ahead = parameter.grad.lerp(state["momentum"], group["momentum"])  # Nesterov's
            directions.append(ahead.reshape(rows, columns))
        size = STEP_SIZE * max(rows, columns) ** 0.5  # an orthogonal matrix's elements are that much smaller
        for parameter, step in zip(parameters, orthogonal(torch.stack(directions)), strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.sub_(step.reshape(parameter.shape), alpha=group["lr"] * size)


def matrices(network: nn.Module) -> list[Tensor]:
    """The weights of the convolutions inside: neither depthwise, nor the first and the last layer."""
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    return [module.weight for module in convolutions[1:-1] if module.groups == 1]
