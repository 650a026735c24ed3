"""What the authors' weights files hold, by name: one table of rules per network, from our names to theirs.

The networks in restorecli.networks carry names of their own and only what they use. The files hold copies
(a PReLU shared by eighty blocks stands there eighty times) and leftovers; both are said here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from ..errors import WeightsError

Shape = tuple[int, ...]
Rules = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the authors' file of one network holds."""

    ours: Mapping[str, str]  # their key -> our key; several of theirs may be one tensor of ours
    unused: Mapping[str, Shape] = field(default_factory=dict)  # their keys that the network does without

    def shapes(self, network: nn.Module) -> dict[str, Shape]:
        """Their keys and shapes."""
        own = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
        return {theirs: own[ours] for theirs, ours in self.ours.items()} | dict(self.unused)


def layout(name: str, network: nn.Module) -> Layout:
    """What the authors' file for this network holds; WeightsError for a network that is our own."""
    if name not in LAYOUTS:
        raise WeightsError(f"there is no published layout for the network {name!r}")
    return LAYOUTS[name](network)


def _renamed(network: nn.Module, rules: Rules, *, without: str = "$^") -> dict[str, str]:
    """Their key -> our key, each rule applied in turn to our key; keys that match `without` are left out."""
    result: dict[str, str] = {}
    for ours in network.state_dict():
        if re.match(without, ours):
            continue
        theirs = ours
        for pattern, replacement in rules:
            theirs = re.sub(pattern, replacement, theirs)
        result[theirs] = ours
    return result


def _plus(amount: int, before: str = "", after: str = "") -> Callable[[re.Match[str]], str]:
    """A replacement: the number that was found, increased."""
    return lambda found: f"{before}{int(found[1]) + amount}{after}"


MEANS = {"weight": (3, 3, 1, 1), "bias": (3,)}
RES_BLOCK: Rules = ((r"\.conv1\.", ".body.0."), (r"\.conv2\.", ".body.2."))
UPSAMPLER: Rules = (
    (r"^tail\.0\.", "tail.0.0."),
    (r"^tail\.2\.(?=weight|bias)", "tail.0.2."),
    (r"^tail\.4\.", "tail.1."),
)
SINGLE_UPSAMPLER: Rules = ((r"^tail\.2\.", "tail.1."), (r"^tail\.0\.", "tail.0.0."))


def _tail(network: nn.Module) -> Rules:
    if isinstance(network.tail, nn.Conv2d):
        return ((r"^tail\.", "tail.0."),)
    return UPSAMPLER if "tail.4.weight" in network.state_dict() else SINGLE_UPSAMPLER


def _trunk(blocks: int) -> Rules:
    """Head, `blocks` blocks, something in the middle, `blocks` blocks, a convolution."""
    return (
        (r"^head\.", "head.0."),
        (r"^before\.", "body."),
        (r"^after\.(\d+)\.", _plus(blocks + 1, "body.", ".")),
        (r"^fuse\.", f"body.{2 * blocks + 1}."),
    )


def _slopes(network: Any) -> dict[str, str]:
    """The trunk's one PReLU slope stands under every block."""
    blocks = len(network.before)
    numbers = [number for number in range(2 * blocks + 1) if number != blocks]
    return {f"body.{number}.body.1.weight": "slope.weight" for number in numbers}


PYRAMID: Rules = (
    (r"^attention\.query\.", "attention.conv_match_L_base."),
    (r"^attention\.key\.", "attention.conv_match."),
    (r"^attention\.value\.", "attention.conv_assembly."),
    (r"^(attention\..*)\.conv\.", r"\1.0."),
    (r"^(attention\..*)\.act\.", r"\1.1."),
)


def _panet(network: Any) -> Layout:
    blocks = len(network.before)
    place: Rules = ((r"^attention\.", f"body.{blocks}."),)
    ours = _renamed(network, PYRAMID + place + _trunk(blocks) + _tail(network) + RES_BLOCK, without="slope")
    unused = {f"{name}.{key}": shape for name in ("sub_mean", "add_mean") for key, shape in MEANS.items()}
    return Layout(ours | _slopes(network), unused | {f"body.{blocks}.escape_NaN": (1,)})


def _paedsr(network: Any) -> Layout:
    blocks = len(network.before)
    means: Rules = ((r"^subtract_mean\.", "sub_mean."),)
    rules = means + _trunk(blocks) + _tail(network) + RES_BLOCK + PYRAMID
    ours: dict[str, str] = {}
    for name in ("msa", f"body.{blocks}"):  # the one attention stands in the file twice
        ours |= _renamed(network, (*rules, (r"^attention\.", f"{name}.")))
    return Layout(ours, {"msa.escape_NaN": (1,), f"body.{blocks}.escape_NaN": (1,)})


def _rnan(network: Any) -> Layout:
    inside = r"^((?:body_nl_(?:low|high)\.0|body\.\d+))"
    mask = r"\1.body.0.RA_MB.0"
    rules: Rules = (
        (r"^subtract_mean\.", "sub_mean."),
        (r"^head\.", "head.0."),
        (r"^(low|high)\.", r"body_nl_\1.0."),
        (inside + r"\.head\.", r"\1.body.0.RA_RB1."),
        (inside + r"\.trunk\.", r"\1.body.0.RA_TB.0.body."),
        (inside + r"\.tail\.", r"\1.body.0.RA_tail."),
        (inside + r"\.fuse\.", r"\1.body.1."),
        (r"^(body_nl_.*)\.mask\.first\.0\.", r"\1.mask.MB_RB1.1."),
        (r"\.mask\.first\.", r".mask.MB_RB1."),
        (r"\.mask\.attention\.query\.", ".mask.MB_RB1.0.theta."),
        (r"\.mask\.attention\.key\.", ".mask.MB_RB1.0.phi."),
        (r"\.mask\.attention\.value\.", ".mask.MB_RB1.0.g."),
        (r"\.mask\.attention\.out\.", ".mask.MB_RB1.0.W."),
        (r"\.mask\.down\.", ".mask.MB_Down.0."),
        (r"\.mask\.coarse\.", ".mask.MB_RB2."),
        (r"\.mask\.up\.", ".mask.MB_Up.0."),
        (r"\.mask\.last\.", ".mask.MB_RB3."),
        (r"\.mask\.fuse\.", ".mask.MB_1x1conv.0."),
        (inside + r"\.mask(?=\.)", mask),
    )
    return Layout(_renamed(network, _tail(network) + rules + RES_BLOCK))


def _dagl(network: Any) -> Layout:
    blocks = len(network.before)
    rules: Rules = (
        (r"^graph\.(\d)\.", lambda found: f"graph.{int(found[1]) // 2 + 1}."),
        (r"^graph\.(\d)\.heads\.(\d)\.", lambda found: f"graph.c{found[1]}_{int(found[2]) + 1}."),
        (r"^graph\.(\d)\.mix\.", r"graph.c\1_c."),
        (r"^graph\.(\d)\.blocks\.", r"graph.RBS\1."),
        (r"^graph\.(\d)\.slopes\.(\d)\.", r"graph.RBS\1.\2.body.1."),
        (r"^(graph\.c\d_\d)\.graph\.", r"\1.g."),
        (r"^(graph\.c\d_\d)\.value\.", r"\1.theta."),
        (r"^(graph\.c\d_\d)\.query\.", r"\1.fc1.0."),
        (r"^(graph\.c\d_\d)\.key\.", r"\1.fc2.0."),
        (r"^(graph\.c\d_\d)\.threshold\.", r"\1.thr_conv."),
        (r"^(graph\.c\d_\d)\.bias\.", r"\1.bias_conv."),
        (r"^graph\.", f"body.{blocks}."),
    )
    ours = _renamed(network, rules + _trunk(blocks) + _tail(network) + RES_BLOCK, without="slope")
    unused: dict[str, Shape] = {f"add_mean.{key}": shape for key, shape in MEANS.items()}
    for head in (f"body.{blocks}.c{number}_{head}" for number in (1, 2, 3) for head in (1, 2, 3, 4)):
        unused |= {f"{head}.W.weight": (64, 16, 1, 1), f"{head}.W.bias": (64,)}
    return Layout(ours | _slopes(network), unused)


def _mhnet(network: Any) -> Layout:
    width = network.intro.out_channels
    numbered = {"norms": "norm", "groups": "CABG", "fusions": "skff", "conv_encoded": "conv_enc"}
    rules: Rules = (
        (r"^intro\.", "intro2."),
        (r"^concat\.", "concat12."),
        (r"^unet\.middle\.shares\.(\d)", _plus(1, "stage1.middle_blks.0.attn")),
        (r"^unet\.middle\.spread\.", "stage1.middle_blks.0.qkv_dwconv."),
        (r"^unet\.middle\.out\.", "stage1.middle_blks.0.project_out."),
        (r"^unet\.middle\.", "stage1.middle_blks.0."),
        (r"^unet\.", "stage1."),
        (r"\.attend\.", ".sca.1."),
        *((rf"^refine\.{ours}\.(\d)", _plus(1, f"stage2.{theirs}")) for ours, theirs in numbered.items()),
        (r"\.squeeze\.", ".conv_du.0."),
        (r"\.expand\.", ".fcs."),
        (r"^refine\.conv_decoded\.", "stage2.conv_dnc1."),
        (r"^refine\.enlarge_(en|de)coded\.1\.0\.", r"stage2.up_\1c1.up."),
        (r"^refine\.enlarge_(en|de)coded\.(\d)\.(\d)\.", r"stage2.up_\1c\2.\3.up."),
    )
    unused: dict[str, Shape] = {
        "intro.weight": (width, 3, 3, 3),
        "stage1.ending.weight": (3, width, 3, 3),
        "stage1.ending.bias": (3,),
    }
    unused |= {f"stage2.conv_dnc{number}.weight": (width, width, 1, 1) for number in (2, 3, 4)}
    return Layout(_renamed(network, rules), unused)


# By the network's name in NETWORKS.
LAYOUTS: dict[str, Callable[[Any], Layout]] = {
    "panet": _panet,
    "paedsr": _paedsr,
    "rnan": _rnan,
    "dagl": _dagl,
    "mhnet": _mhnet,
}
