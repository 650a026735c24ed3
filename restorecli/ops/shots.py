"""Photos as people have them, made of a clean one: from a phone, taken in low light, scanned from film.

Unlike the damages of degrade.py these also change what the clean photo is: a camera's tone and sharpening are
wanted, its noise and its JPEG are not.
"""

from collections.abc import Callable, Mapping

from torch import Generator, Tensor

from ..tasks import part
from .camera import Camera, shoot
from .degrade import DEGRADATIONS, jpeg, to_gray
from .grain import grain

PHONE = Camera(
    shot=6e-3, read=5e-5, pattern="bggr", demosaicing="malvar", gains=(1.9, 1.7), chroma_smoothing=0.8,
    luma_smoothing=0.5,
)  # fmt: skip
LOW_LIGHT = Camera(
    shot=6e-4, read=4e-6, exposure=0.25, lens=0.5, demosaicing="edge-aware", gains=(1.5, 2.2),
    chroma_smoothing=1.5, luma_smoothing=0.6,
)  # fmt: skip


def phone(image: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """(3, h, w) -> the JPEG of a small sensor indoors, and the same photo without noise."""
    noisy, clean = shoot(image, PHONE, generator)
    return jpeg(noisy, 85), clean


def low_light(image: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """A large sensor in the evening, at high ISO."""
    noisy, clean = shoot(image, LOW_LIGHT, generator)
    return jpeg(noisy, 94, subsampling="4:4:4"), clean


def scan(image: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Film with coarse grain, scanned and stored."""
    return jpeg(grain(image, 14, generator, radius=1.1), 92), image


SHOTS: Mapping[str, Callable[[Tensor, Generator], tuple[Tensor, Tensor]]] = {
    "phone": phone,
    "low_light": low_light,
    "scan": scan,
}
DAMAGES = (*DEGRADATIONS, *SHOTS)


def damage(
    name: str, image: Tensor, level: float, generator: Generator, *, gray: bool = False
) -> tuple[Tensor, Tensor]:
    """A clean image by the name of a damage -> the damaged one, and what should come out of it again.

    The name is one of DAMAGES, or module:function. `gray`: of the image's gray; but a shot is taken in
    colour, and made gray afterwards.
    """
    if name in SHOTS:
        damaged, target = SHOTS[name](image, generator)
        return (to_gray(damaged), to_gray(target)) if gray else (damaged, target)
    image = to_gray(image) if gray else image
    harm = DEGRADATIONS.get(name) or part(name)
    return harm(image, level, generator), image
