"""What the licences of weights allow, and whom the user has told to keep out. Light: the listing shows it."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal

from ..errors import UsageError, WeightsError
from ..places import cache_folder
from ..registry import LISTING
from ..spec import WeightsEntry

Policy = Literal["any", "permissive"]

POLICY_VARIABLE = "RESTORE_LICENSE"
POLICIES: tuple[Policy, ...] = ("any", "permissive")

# SPDX names, in lower case. Weights are data too: the two Creative Commons licences that ask for no more
# than a name are among them.
ALLOWING = frozenset(
    ("0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "isc", "mit", "mit-0",
     "unlicense", "zlib")
)  # fmt: skip


def policy(asked: str | None = None) -> Policy:
    """What --license says, or the environment, checked: `permissive` keeps out what is not known as such."""
    where = POLICY_VARIABLE if asked is None else "--license"
    name = os.environ.get(POLICY_VARIABLE) or "any" if asked is None else asked
    for known in POLICIES:
        if name == known:
            return known
    raise UsageError(f"{where} {name}: not a policy", hint=f"{where} {' or '.join(POLICIES)}")


def is_permissive(entry: WeightsEntry) -> bool:
    return entry.licence.lower() in ALLOWING


def is_refused(row: WeightsEntry, policy: Policy) -> bool:
    """Whether the user wants permissive licences only and the row's is not known as one."""
    return policy == "permissive" and not is_permissive(row)


def check(rows: Iterable[WeightsEntry], policy: Policy) -> None:
    """WeightsError for weights that the user's policy refuses."""
    for row in rows:
        if is_refused(row, policy):
            raise WeightsError(
                f"{row.id}: its licence is {row.licence}, and only permissive ones are wanted",
                hint=f"--license any, or other weights: {LISTING} --task {row.task}",
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
