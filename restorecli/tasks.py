"""TASKS: the one table of tasks. A row here is a command, its help, a bench column and a README row."""

from .spec import Level, Task, TaskName

TASKS: dict[TaskName, Task] = {
    task.name: task
    for task in (
        Task(
            name="denoise",
            summary="Remove sensor noise and grain.",
            description="Removes noise from colour and gray photos. The strength is found from the photo "
            "itself, and the default weights hardly change with a --sigma; to keep some of the grain, use "
            "--strength.",
            level=Level(
                "sigma",
                float,
                "Standard deviation of the noise on the 0-255 scale. Not given: blind.",
                low=0,
                high=100,
            ),
            examples=(
                ("One photo, result beside it", "restore denoise photo.png"),
                ("A folder and all below it", "restore denoise holiday/ -r -o clean/"),
                ("Keep half of the grain", "restore denoise photo.png --strength 0.5"),
            ),
        ),
        Task(
            name="dejpeg",
            summary="Remove JPEG blocks and ringing.",
            description="Removes the artifacts of strong JPEG compression. The result is written as PNG, so "
            "that it is not damaged again; -o photo.jpg writes a JPEG.",
            level=Level(
                "quality",
                int,
                "JPEG quality the photo was saved with. Not given: blind.",
                low=1,
                high=100,
            ),
            lossless_output=True,
            examples=(
                ("One photo, result beside it", "restore dejpeg photo.jpg"),
                ("A list of files", "find . -name '*.jpg' | restore dejpeg --from-file - -o repaired/"),
            ),
        ),
        Task(
            name="demosaic",
            summary="Turn a raw Bayer mosaic into a colour image.",
            description="Takes a mosaic (one gray channel, or three channels with zeros; PNG or TIFF, 8 or "
            "16 bits), not an ordinary photo. The values are those of a finished picture: of a linear "
            "raw file, set white balance and gamma first.",
            level=Level(
                "pattern",
                str,
                "Colours of the mosaic's first two rows, left to right.",
                choices=("grbg", "rggb", "bggr", "gbrg"),
                default="grbg",
            ),
            mosaic_input=True,
            examples=(
                ("A 16-bit mosaic", "restore demosaic mosaic.tiff"),
                ("Another Bayer phase", "restore demosaic mosaic.png --pattern rggb"),
            ),
        ),
        Task(
            name="upscale",
            summary="Make an image 2, 3 or 4 times larger.",
            description="Enlarges clean images with detail that fits. It expects an image without noise or "
            "JPEG artifacts: remove those first.",
            level=Level("scale", int, "How many times larger.", choices=(2, 3, 4), default=2),
            examples=(
                ("Twice as large", "restore upscale photo.png"),
                ("Four times as large", "restore upscale photo.png --scale 4"),
            ),
        ),
        Task(
            name="derain",
            summary="Remove rain streaks (experimental).",
            description="Removes streaks of falling rain. Drops on the lens and wet surfaces stay. "
            "Experimental: the default weights have seen made rain only, and can take film grain, wires or "
            "reeds for rain; look at the result.",
            examples=(("One photo, result beside it", "restore derain photo.jpg"),),
        ),
        Task(
            name="deblur",
            summary="Sharpen camera shake and defocus (experimental).",
            description="Takes back slight camera shake, motion and defocus. It expects a photo that is "
            "blurred all over, not a sharp one. Experimental: the default weights have seen made blur only; "
            "look at the result.",
            examples=(
                ("One photo, result beside it", "restore deblur photo.jpg"),
                ("Half of the way", "restore deblur photo.jpg --strength 0.5"),
            ),
        ),
    )
}
