"""NETWORKS: the name a weights row gives -> the class that is built with its params."""

from torch import nn

from .compact import Compact
from .dagl import DAGL
from .identity import Identity
from .local import Local
from .mhnet import MHNet
from .panet import PAEDSR, PANet
from .rnan import RNAN

NETWORKS: dict[str, type[nn.Module]] = {
    "identity": Identity,
    "local": Local,
    "compact": Compact,
    "panet": PANet,
    "paedsr": PAEDSR,
    "rnan": RNAN,
    "dagl": DAGL,
    "mhnet": MHNet,
}
