"""Weights to a repository on the Hub, with a card, in one commit."""

import re
from collections.abc import Sequence

from huggingface_hub import CommitOperationAdd, HfApi, ModelCard, constants
from huggingface_hub.errors import EntryNotFoundError, HFValidationError, RevisionNotFoundError
from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from ..errors import UsageError, WeightsError
from .card import Upload, model_card
from .client import quiet
from .faults import EXPECTED, explain_upload

# What the client raises besides: RuntimeError around a failed file, ValueError for an answer it cannot read.
UNEXPECTED_ANSWERS = (RuntimeError, ValueError)


def publish(repo: str, uploads: Sequence[Upload], *, private: bool, show_progress: bool = False) -> str:
    """Puts the files and their card into a repository, which is made if need be; the commit's 40 hex digits.

    With `private` a repository that is there already and public is refused.
    """
    if constants.HF_HUB_OFFLINE:
        raise WeightsError(
            f"{repo}: HF_HUB_OFFLINE forbids to reach it", hint="unset HF_HUB_OFFLINE, and try again"
        )
    was_disabled = are_progress_bars_disabled()
    if not show_progress:
        disable_progress_bars()
    try:
        with quiet():
            return _publish(repo, uploads, private)
    except HFValidationError as error:
        raise UsageError(f"{repo}: no name of a repository on the Hub", hint="--repo USER/NAME") from error
    except (*EXPECTED, *UNEXPECTED_ANSWERS) as error:
        raise explain_upload(error, repo) from error
    finally:
        if not was_disabled and constants.HF_HUB_DISABLE_PROGRESS_BARS is None:
            enable_progress_bars()


def _publish(repo: str, uploads: Sequence[Upload], private: bool) -> str:
    api = HfApi()
    api.create_repo(repo, private=private or None, exist_ok=True)
    if private and not api.repo_info(repo).private:
        raise WeightsError(
            f"{repo} is there already, and everybody sees it",
            hint="name another repository, or make it private in its settings first",
        )
    card = model_card(uploads, _card_there(repo))
    operations = [
        CommitOperationAdd("README.md", str(card).encode()),
        *(CommitOperationAdd(upload.name, upload.path) for upload in uploads),
    ]
    names = ", ".join(upload.entry.id for upload in uploads)
    commit = api.create_commit(repo, operations, commit_message=f"Add {names}")
    if not re.fullmatch(r"[0-9a-f]{40}", commit.oid):
        raise WeightsError(f"{repo}: the server named no commit of 40 hex digits, but {commit.oid!r}")
    return commit.oid


def _card_there(repo: str) -> ModelCard | None:
    try:
        return ModelCard.load(repo, ignore_metadata_errors=True)
    except (EntryNotFoundError, RevisionNotFoundError):  # the latter for one without any commit
        return None
