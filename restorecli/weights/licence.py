"""What the licences of weights allow, and whom the user has told to keep out. Light: the listing shows it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..errors import UsageError, WeightsError
from ..places import cache_folder
from ..registry import LISTING
from ..spec import WeightsEntry

POLICY_VARIABLE = "RESTORE_LICENSE"
PERMISSIVE = "permissive"
POLICIES = ("any", PERMISSIVE)

# SPDX names, in lower case. Weights are data too: the two Creative Commons licences that ask for no more
# than a name are among them.
ALLOWING = frozenset(
    ("0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "isc", "mit", "mit-0",
     "unlicense", "zlib")
)  # fmt: skip

_chosen: str | None = None  # by `policy`; otherwise the environment says


@contextmanager
def policy(name: str | None) -> Iterator[None]:
    """Within the block, `permissive` refuses what `is_permissive` does not know; None changes nothing."""
    global _chosen
    before = _chosen
    if name is not None:
        _chosen = _known(name, "--license")
    try:
        yield
    finally:
        _chosen = before


def _known(name: str, where: str) -> str:
    if name not in POLICIES:
        raise UsageError(f"{where} {name}: not a policy", hint=f"{where} {' or '.join(POLICIES)}")
    return name


def is_permissive(entry: WeightsEntry) -> bool:
    return entry.licence.lower() in ALLOWING


def is_refused(entry: WeightsEntry) -> bool:
    """Whether the user wants permissive licences only and the row's is not known as one."""
    chosen = _chosen or _known(os.environ.get(POLICY_VARIABLE) or POLICIES[0], POLICY_VARIABLE)
    return chosen == PERMISSIVE and not is_permissive(entry)


def check(entry: WeightsEntry) -> None:
    """WeightsError for weights that the user's policy refuses."""
    if is_refused(entry):
        raise WeightsError(
            f"{entry.id}: its licence is {entry.licence}, and only permissive ones are wanted",
            hint=f"--license any, or other weights: {LISTING} --task {entry.task}",
        )


def first_use(entry: WeightsEntry) -> str | None:
    """What to tell the user about weights of others when they are first used; None when that was done."""
    if entry.source in ("none", "embedded"):
        return None
    memory = cache_folder() / "licences-told.json"
    told: dict[str, str] = {}
    with suppress(OSError, ValueError):
        read = json.loads(memory.read_bytes())
        told = read if isinstance(read, dict) else {}
    if told.get(entry.id) == entry.licence:
        return None
    with suppress(OSError):  # a cache that cannot be written: then it is said again next time
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps(told | {entry.id: entry.licence}, indent=1), encoding="utf-8")
    origin = f", from {entry.page}" if entry.page else ""
    return f"licence of {entry.id}: {entry.licence}{origin}; said once"
