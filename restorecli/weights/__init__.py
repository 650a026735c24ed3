"""Weights files to networks that are ready to run."""

from .load import load_network

__all__ = ["load_network"]
