"""Independent pieces of work on the CPU's cores, each piece by itself on one core.

PyTorch spreads every single operation over the cores and waits for the slowest each time. For thousands of
small operations that wait is a third of the time, and most of it on a machine that does something else too.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def workers(device: torch.device) -> int:
    """How many pieces run at the same time: as many as PyTorch may use threads; one on a GPU."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item], device: torch.device) -> list[Result]:
    """[work(item) for item in items]; the pieces must not write to the same place."""
    count = min(workers(device), len(items))
    if count <= 1:
        return [work(item) for item in items]
    inference = torch.is_inference_mode_enabled()
    kind, half = device.type, torch.is_autocast_enabled(device.type)
    dtype = torch.get_autocast_dtype(kind)

    def quietly(item: Item) -> Result:
        # All three modes belong to the thread.
        with torch.no_grad(), torch.inference_mode(inference), torch.autocast(kind, dtype, enabled=half):
            return work(item)

    return list(_pool(torch.get_num_threads()).map(quietly, items))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    pool = ThreadPoolExecutor(threads, "restorecli-piece", initializer=torch.set_num_threads, initargs=(1,))
    # All workers start now: what each sets for itself PyTorch also notes for threads yet to come, and
    # this thread puts that back.
    list(pool.map(lambda _: None, range(threads)))
    torch.set_num_threads(threads)
    return pool


def share_out(items: Sequence[Item], device: torch.device) -> list[Sequence[Item]]:
    """The items in as many parts as pieces run at the same time, dealt out like cards."""
    count = min(workers(device), len(items))
    return [items[start::count] for start in range(count)]
