"""Image restoration: denoise, dejpeg, demosaic, upscale, derain, deblur.

    import restorecli

    restorecli.restore("photo.png", task="denoise")       # path, array or tensor in; array or tensor out
    restorer = restorecli.Restorer("denoise", sigma=25)   # loads the weights once
    for array in arrays:
        result = restorer(array)

The public names load on first use, so that `import restorecli` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .engine.restorer import Restorer, restore
    from .errors import RestoreError
    from .images import Image, WriteOptions, read, write

_HOME = {
    "restore": "restorecli.engine.restorer",
    "Restorer": "restorecli.engine.restorer",
    "Image": "restorecli.images",
    "read": "restorecli.images",
    "write": "restorecli.images",
    "WriteOptions": "restorecli.images",
    "RestoreError": "restorecli.errors",
}

__all__ = ["Image", "RestoreError", "Restorer", "WriteOptions", "__version__", "read", "restore", "write"]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'restorecli' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
