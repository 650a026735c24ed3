"""What a task may do to a photo that does not need it, as far as the photo tells."""

from ..images import Image
from ..ops.estimate import noise_sigma
from ..ops.sharpness import is_sharp
from ..spec import TaskName

GRAIN = 8.0  # sigma, from which noise looks like fine rain


def cautions(task: TaskName, image: Image) -> tuple[str, ...]:
    """Notes for the user; none for a photo that seems to be what the task is for."""
    if task == "deblur" and is_sharp(image.pixels):
        return ("the photo looks sharp already: deblurring may only harden its noise and edges",)
    if task == "derain" and (sigma := noise_sigma(image.pixels)) > GRAIN:
        return (f"the photo is noisy (sigma {sigma:.3g}): grain may be taken for rain; denoise it first",)
    return ()
