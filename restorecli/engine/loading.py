"""The networks of a Restorer: each loaded when a photo first needs it, and kept while there is room."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import torch
from torch import nn

from ..errors import UsageError, WeightsError
from ..ops.windows import PAPER_WINDOWS
from ..selection import Chosen
from ..settings import Settings
from ..spec import ModelSpec, WeightsEntry
from ..tasks import Task
from ..weights.load import build_network, load_network
from .model import Model
from .predict import Network, placed
from .tiling import paper_windows

LOADED = 4  # networks kept at a time: a batch may hold gray and colour images, with white and real noise
_LOADING = Lock()  # of all Restorers: one of its own could not be pickled with it


class Loaded:
    """By the ids of their weights; `before` is told what is about to be loaded."""

    def __init__(
        self,
        task: Task,
        settings: Settings,
        device: torch.device,
        before: Callable[[WeightsEntry], None] | None = None,
    ) -> None:
        self.task, self.settings, self.device = task, settings, device
        self._before = before
        self._models: OrderedDict[str, Model] = OrderedDict()
        self._failed: dict[str, WeightsError] = {}
        self._blank: Model | None = None

    def get(self, chosen: Chosen) -> Model:
        """Its network; the one that was not used for longest makes room."""
        entry = chosen.entry
        with _LOADING:
            if (failed := self._failed.get(entry.id)) is not None:
                # Without the way it took before, on which every photo so far would be kept.
                raise failed.with_traceback(None)
            if entry.id not in self._models:
                if self._before is not None:
                    self._before(entry)
                while len(self._models) >= LOADED:
                    self._models.popitem(last=False)
                try:
                    network = load_network(entry)
                except WeightsError as error:
                    self._failed[entry.id] = error  # not tried anew ten thousand times; a new Restorer does
                    raise
                self.put(chosen, network)
            self._models.move_to_end(entry.id)
            return self._models[entry.id]

    def put(self, chosen: Chosen, network: nn.Module) -> None:
        self._models[chosen.entry.id] = self._model(chosen, network)

    def like(self, chosen: Chosen) -> Model:
        """What costs the same: its network with its weights if they are loaded, and otherwise without."""
        if chosen.entry.id in self._models:
            return self._models[chosen.entry.id]
        if self._blank is None:
            self._blank = self._model(chosen, build_network(chosen.entry).requires_grad_(False))
        return self._blank

    def _model(self, chosen: Chosen, network: nn.Module) -> Model:
        spec, settings = chosen.entry.model, self.settings
        if self.task.enlarges and chosen.level != spec.scale:
            raise WeightsError(
                f"{chosen.entry.id} enlarges {spec.scale} times, not {chosen.level}",
                hint=f"--scale {spec.scale}",
            )
        told = chosen.level if chosen.level_from in ("asked", "default") else None
        tree = paper_windows(settings, spec.network, self.task.name)
        called = Network(
            placed(network, self.device),
            spec,
            self.device,
            level=float(told) if isinstance(told, (int, float)) else None,
            ensemble=settings.ensemble or (tree is not None and tree.ensemble),
            strength=settings.strength,
        )
        return Model(called, settings, tree)


def check_options(settings: Settings, task: Task, spec: ModelSpec) -> None:
    """UsageError where an option has no meaning for this task and network."""
    if settings.windows == "paper" and (spec.network, task.name) not in PAPER_WINDOWS:
        known = ", ".join(dict.fromkeys(network for network, _ in PAPER_WINDOWS))
        raise UsageError(
            f"no paper ran {spec.network} for {task.name} in windows of its own",
            hint=f"leave out --windows paper; it is for {known}",
        )
    if not (settings.find_kernel or task.first):
        raise UsageError(f"{task.name} looks for no blur kernel", hint="leave out find_kernel")
    # Strength: the input must be an image of the result's kind.
    if settings.strength != 1 and not (spec.scale == 1 and task.same_kind):
        raise UsageError(f"{task.name} has no strength: its input is another kind of image than its result")
