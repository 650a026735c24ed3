"""TASKS: the one table of tasks. A row here is a command, its help, a bench column and a README row."""

from .spec import Level, Task, TaskName

TASKS: dict[TaskName, Task] = {
    task.name: task
    for task in (
        Task(
            name="denoise",
            summary="Remove camera noise and grain.",
            description="Removes the noise of cameras, phones and scanners, and film grain. The strength is "
            "found from the photo itself. With --sigma noise up to that strength is taken, and of stronger "
            "noise a part stays as grain; --strength mixes the result with the photo.",
            level=Level(
                "sigma",
                float,
                "Standard deviation of the noise on the 0-255 scale. Not given: blind.",
                low=0,
                high=100,
            ),
            done="took noise of about sigma {:.1f} out",
            examples=(
                ("One photo, result beside it", "restore denoise photo.png"),
                ("A folder and all below it", "restore denoise holiday/ -r -o clean/"),
                ("Take only slight noise", "restore denoise photo.png --sigma 10"),
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
            idle="no JPEG blocks to mend",
            examples=(
                ("One photo, result beside it", "restore dejpeg photo.jpg"),
                ("A list of files", "find . -name '*.jpg' | restore dejpeg --from-file - -o repaired/"),
            ),
        ),
        Task(
            name="demosaic",
            summary="Turn a raw Bayer mosaic into a colour image.",
            description="Takes the mosaic of a sensor, which measures one colour a pixel, and fills in the "
            "other two; not an ordinary photo. The mosaic is a PNG or TIFF of 8 or 16 bits, with one gray "
            "channel, or with three that hold zeros where nothing was measured.",
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
            description="Enlarges with edges sharper than plain resizing gives. It expects a clean image: "
            "noise and JPEG blocks grow with it, so let restore denoise or restore dejpeg take them away "
            "first.",
            level=Level("scale", int, "How many times larger.", choices=(2, 3, 4), default=2),
            examples=(
                ("Twice as large", "restore upscale photo.png"),
                ("Four times as large", "restore upscale photo.png --scale 4"),
            ),
        ),
        Task(
            name="derain",
            summary="Remove rain streaks (experimental).",
            description="Removes streaks of falling rain, and leaves a dry photo nearly as it is. Rain hides "
            "in noise: of a noisy photo, remove that first. Experimental: look at the result.",
            idle="no rain found",
            examples=(("One photo, result beside it", "restore derain photo.jpg"),),
        ),
        Task(
            name="deblur",
            summary="Sharpen camera shake and defocus (experimental).",
            description="Looks for the one blur of up to 25 pixels (camera shake, motion, defocus) that the "
            "whole photo got, and takes it back. Where none is found, or with --no-kernel, a network "
            "sharpens a little; a sharp photo hardly changes. Blur that differs from place to place may "
            "get double edges. Experimental: look at the result.",
            idle="nothing to sharpen",
            examples=(
                ("One photo, result beside it", "restore deblur photo.jpg"),
                ("Half of the way", "restore deblur photo.jpg --strength 0.5"),
                ("The network alone", "restore deblur photo.jpg --no-kernel"),
            ),
            finds_kernel=True,
        ),
    )
}
