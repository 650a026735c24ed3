"""What a task may do to a photo that does not need it, as far as the photo tells."""

from ..images import Image
from ..ops.estimate import noise_sigma
from ..ops.sharpness import is_sharp
from ..spec import TaskName

# Sigma from which rain is found much better in a photo that was denoised before: 3 dB at 10. Rain itself
# reads as noise of 0.1 to 5.5 (41 rainy photos), film grain as a good half of its sigma.
GRAIN = 6.0


def cautions(task: TaskName, image: Image) -> tuple[str, ...]:
    """Notes for the user; none for a photo that seems to be what the task is for."""
    if task == "deblur" and is_sharp(image.pixels):
        return ("the photo looks sharp already: there is little for deblur to mend, and it may harden edges",)
    if task == "derain" and (sigma := noise_sigma(image.pixels)) > GRAIN:
        return (
            f"the photo is noisy (sigma {sigma:.3g}), which hides rain: restore denoise first finds more",
        )
    return ()
