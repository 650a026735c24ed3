"""Files that lie elsewhere: fetched, proved, kept; and files of the user's put onto the Hub.

    fetching.py     a pinned file (spec.Remote) to a proved one here: the one way in, for weights and for sets
    repository.py   a file in a repository of the Hub, through the Hub's own client and cache
    address.py      a file at any other address, in our own cache
    faults.py       what went wrong on the way, in one line
    client.py       the Hub's client: what the user has set for it, and how it is kept quiet
    publishing.py   files and a model card to a repository; the card itself is made in card.py

The only place that knows huggingface_hub, whose HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and
HTTPS_PROXY hold for all of it. It takes a while to import: what must be light imports it where it is used.
"""
