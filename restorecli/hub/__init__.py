"""Files that lie elsewhere: fetched, proved, kept; and files of the user's put onto the Hub.

    fetching.py     the one way in: what is here already, what must be fetched, what is refused
    repository.py   a file in a repository of the Hub, through the Hub's own client and cache
    address.py      a file at any other address, in our own cache
    proof.py        size, sha256, git blob id
    faults.py       what went wrong on the way, in one line
    publishing.py   files and a model card to a repository; the card itself is made in card.py
    settings.py     what the user has set

The only place that knows huggingface_hub, whose HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and
HTTPS_PROXY hold for all of it. Importing it takes a while: what must be light imports it where it is used.
"""

from .fetching import cached, fetch, forget, is_offline
from .publishing import publish
from .settings import settings

__all__ = ["cached", "fetch", "forget", "is_offline", "publish", "settings"]
