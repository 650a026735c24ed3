"""A row of weights.toml to its network: load.py. Files of others to ours: convert.py. Kept in: store.py.

Nothing is imported here: what the listing needs of store.py and licence.py must not load torch.
"""
