"""Makes figures.safetensors: every third pixel of the recorded outputs, few enough to lie beside the tests.

python tests/networks/goldens/reduce.py ../shared/parity/golden
"""

import json
import sys
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

KEPT = ("output_f64", "output_modern_f64", "output_f32")


def thin(x: Tensor) -> Tensor:
    """Every third pixel, and at most 8 channels."""
    return x[:, :: max(1, x.shape[1] // 8), ::3, ::3].contiguous()


def main(folder: Path) -> None:
    figures: dict[str, Tensor] = {}
    noise: dict[str, float] = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors = load_file(path)
        for case, content in json.loads(path.with_suffix(".json").read_text())["cases"].items():
            name = f"{path.stem}/{case}"
            if "f32_vs_f64_maxdiff" in content["info"]:
                noise[name] = content["info"]["f32_vs_f64_maxdiff"]
            for kind in KEPT:
                exact_is_there = kind == "output_f32" and f"{case}.output_f64" in tensors
                if f"{case}.{kind}" in tensors and not exact_is_there:
                    figures[f"{name}/{kind}"] = thin(tensors[f"{case}.{kind}"])
    target = Path(__file__).with_name("figures.safetensors")
    save_file(figures, target, metadata={"noise": json.dumps(noise)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
