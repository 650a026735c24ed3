"""What a training consists of: network, averaged weights, optimisers, place in the data, step and seconds."""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import UsageError
from ..networks import NETWORKS
from .data import Batch, Sampler
from .muon import Muon, matrices
from .recipe import Recipe, Schedule


def mean_error(error: Tensor) -> Tensor:
    return error.abs().mean()


def lost_psnr(error: Tensor) -> Tensor:
    """In hundreds of dB, the mean over the images; what is beyond 50 dB hardly counts any more."""
    return error.square().mean((1, 2, 3)).add(1e-5).log10().mean() / 10


LOSSES: Mapping[str, Callable[[Tensor], Tensor]] = {"l1": mean_error, "psnr": lost_psnr}


class Training:
    def __init__(self, recipe: Recipe, sampler: Sampler, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.sampler, self.device = recipe, sampler, device
        self.network = channels_last(build_network(recipe).to(device))
        self.average = channels_last(build_network(recipe).to(device)).eval()
        self.average.load_state_dict(self.network.state_dict())
        self.optimisers = build_optimisers(self.network, recipe.schedule)
        self.place = sampler.generator.get_state()  # of the data, behind the last batch that was learnt
        self.step = 0
        self.seconds = 0.0
        self.origin = ""  # the weights it started from, in words

    @property
    def progress(self) -> float:
        """From 0 to 1, by the clock or by the steps."""
        schedule = self.recipe.schedule
        if schedule.steps:
            return self.step / schedule.steps
        return self.seconds / (60 * schedule.minutes)

    def learn(self, batch: Batch) -> float:
        """One step; the loss before it."""
        schedule = self.recipe.schedule
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = schedule.learning_rate * rate(self.progress, schedule.warm_up)
        damaged = batch.damaged.to(self.device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=schedule.bf16):
            restored = self.network(damaged, batch.level.to(self.device))
        loss = LOSSES[schedule.loss](restored - batch.target.to(self.device))
        self.network.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), schedule.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        self.place = batch.place
        self.step += 1
        self._follow()
        return loss.item()

    @torch.no_grad()
    def _follow(self) -> None:
        """The averaged weights follow the trained ones, quickly at first."""
        decay = min(self.recipe.schedule.ema, (1 + self.step) / (10 + self.step))
        pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
        for average, parameter in pairs:
            average.lerp_(parameter, 1 - decay)

    def start_from(self, path: Path) -> None:
        """Starts from exported weights instead of random ones, where names and shapes are the same.

        So another task's weights serve too: their first and last layers may have other sizes.
        """
        found = load_file(path)
        weights = self.network.state_dict()
        taken = [name for name in weights if name in found and found[name].shape == weights[name].shape]
        left = [name for name in weights if name not in taken]
        if len(taken) < len(left):
            raise UsageError(
                f"{path}: {len(taken)} of {len(weights)} tensors have the names and shapes of this network's",
                hint="--init takes weights of a network with the same model.params",
            )
        weights.update({name: found[name].float() for name in taken})
        self.network.load_state_dict(weights)
        self.average.load_state_dict(weights)
        self.origin = f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
        if left:
            self.origin += f", without {', '.join(_parts_of(left, weights))}"

    def state(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "recipe_sha256": self.recipe.sha256,
            "device": device_name(self.device),
            "origin": self.origin,
            "step": self.step,
            "seconds": self.seconds,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "random": torch.get_rng_state(),
            "data": self.place,
        }

    def load(self, state: dict[str, Any]) -> None:
        if state["recipe"] != self.recipe.name:
            raise UsageError(
                f"the checkpoint is of recipe {state['recipe']!r}, not of {self.recipe.name!r}",
                hint="--out another folder",
            )
        self.step, self.seconds, self.origin = state["step"], state["seconds"], state["origin"]
        if state["recipe_sha256"] != self.recipe.sha256:
            # The hash that is exported is the last one's; that there were others must not get lost.
            before = f"recipe {state['recipe_sha256'][:12]} up to step {self.step}"
            self.origin = f"{self.origin or 'random weights'}, with {before}"
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        torch.set_rng_state(state["random"])
        self.place = state["data"]
        self.sampler.generator.set_state(self.place)


def _parts_of(names: Sequence[str], all_names: Iterable[str]) -> list[str]:
    """The largest parts of a network of which all tensors are among `names`."""
    others = set(all_names) - set(names)
    parts: dict[str, None] = {}
    for name in names:
        ends = [place for place, letter in enumerate(name) if letter == "."]
        above = (name[:end] for end in ends if not any(other.startswith(name[: end + 1]) for other in others))
        parts[next(above, name)] = None
    return list(parts)


def build_network(recipe: Recipe) -> nn.Module:
    name = recipe.model.network
    if name not in NETWORKS:
        raise UsageError(f"there is no network {name!r}", hint=f"networks: {', '.join(NETWORKS)}")
    try:
        return NETWORKS[name](**recipe.model.params)
    except TypeError as error:
        raise UsageError(f"model.params do not fit the network {name}: {error}") from error


def build_optimisers(network: nn.Module, schedule: Schedule) -> list[torch.optim.Optimizer]:
    """AdamW; with Muon, what it cannot take is left to AdamW."""
    taken = matrices(network) if schedule.muon else []
    left = [parameter for parameter in network.parameters() if all(parameter is not other for other in taken)]
    rate, decay = schedule.learning_rate, schedule.weight_decay
    adamw = torch.optim.AdamW(left, lr=rate, betas=(0.9, 0.99), weight_decay=decay, fused=True)
    return [adamw, Muon(taken, lr=rate, weight_decay=decay)] if taken else [adamw]


def channels_last(network: nn.Module) -> nn.Module:
    """Weights in the memory format that the convolutions are fastest in."""
    return nn.utils.convert_conv2d_weight_memory_format(network, torch.channels_last)


def rate(progress: float, warm_up: float) -> float:
    """The learning rate's share: a linear warm-up, then a cosine down to zero."""
    if progress < warm_up:
        return max(progress, 1e-4) / warm_up
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warm_up) / (1 - warm_up))))


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"
