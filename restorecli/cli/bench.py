"""restore bench: weights on sets of images, beside baselines and published figures.

No `from __future__ import annotations` here: the commands are built from annotations. torch is imported
inside the commands, so that help stays light.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from .. import __version__, registry
from ..read_rows import AUTO
from ..settings import SPEED, Settings
from ..tasks import TASKS
from ..weights import licence
from . import bench_work as work
from .commands import examples
from .options import (
    OUTPUT,
    Json,
    LicencePolicy,
    WeightsFile,
    complete_devices,
    complete_models,
    flag,
    names,
    value,
)
from .output import Mode, Output
from .stopping import Stopped, tidy_stop

WHAT = "What to measure"
EPILOG = examples(
    (
        ("All tasks, the images that ship", "restore bench"),
        ("A standard set", "restore bench denoise --set cbsd68"),
        ("Real noise, from a copy of yours", "restore bench denoise --set cc15=FOLDER"),
        ("Two levels, two networks", "restore bench denoise --sigma 15,50 -m auto,rnan"),
        ("Your own photos or pairs", "restore bench derain --set-dir FOLDER"),
        ("A page with pictures", "restore bench dejpeg --report page.html"),
        ("To store", "restore bench --json > old.json"),
        ("Two of them compared", "restore bench diff old.json new.json"),
        ("One as a table again", "restore bench table old.json --markdown"),
    )
)


class RunFirst(TyperGroup):
    """`restore bench ...` means `restore bench run ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


class Run(TyperCommand):
    """Shown in help as it is typed: without its name."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.parent.command_path, " ".join(self.collect_usage_pieces(ctx)))


class PrecisionOption(StrEnum):
    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class WindowsOption(StrEnum):
    OURS = "ours"
    PAPER = "paper"


Device = Annotated[
    str,
    value(
        SPEED, "--device", "-d", metavar="NAME", help="auto, cpu, cuda, mps or xpu.", default=True,
        autocompletion=complete_devices,
    ),
]  # fmt: skip


class BaselinesOption(StrEnum):
    ALL = "all"
    SIMPLE = "simple"
    NONE = "none"


app = typer.Typer(
    cls=RunFirst, help="Measure weights beside baselines and published figures.", rich_markup_mode="rich"
)


def _complete_sets() -> list[str]:
    from ..bench.sets import MINI, catalogue

    return [MINI, *catalogue().sets]


def _levels(metavar: str, what: str) -> Any:
    return value(WHAT, metavar=metavar, help=what, default="as in the papers")


@app.command("run", epilog=EPILOG, cls=Run)
def run(
    task: Annotated[
        str | None,
        typer.Argument(
            metavar="TASK",
            help="denoise, dejpeg, demosaic, upscale, derain or deblur.",
            show_default=False,
            autocompletion=lambda: list(TASKS),
        ),
    ] = None,
    sets: Annotated[
        str,
        value(
            WHAT,
            "--set",
            "-s",
            metavar="NAME,..",
            help="Standard sets by name, fetched when first used; NAME=FOLDER for a copy of yours.",
            default="the images that ship with restorecli",
            autocompletion=_complete_sets,
        ),
    ] = "",
    set_dir: Annotated[
        list[Path] | None,
        value(
            WHAT,
            metavar="FOLDER",
            help="Clean images, or pairs (input/ and target/). Can be repeated.",
        ),
    ] = None,
    model: Annotated[
        str,
        value(
            WHAT,
            "--model",
            "-m",
            metavar="A,B,C",
            help="Weights by id, networks by name, identity, auto, or none.",
            default=True,
            autocompletion=complete_models,
        ),
    ] = AUTO,
    sigma: Annotated[str, _levels("N,..", "Of the noise: denoise.")] = "",
    quality: Annotated[str, _levels("N,..", "Of the JPEGs: dejpeg.")] = "",
    scale: Annotated[str, _levels("N,..", "How many times larger: upscale.")] = "",
    protocol: Annotated[
        str | None,
        value(WHAT, metavar="CARD", help="How inputs are made and results scored.", default="by the set"),
    ] = None,
    limit: Annotated[
        int | None, value(WHAT, metavar="N", help="Only the first images of each set.", default="all", min=1)
    ] = None,
    partial: Annotated[
        bool, flag(WHAT, "--partial", help="Measure what is there of a set that is not whole, and say so.")
    ] = False,
    told: Annotated[
        bool, flag(WHAT, "--told", help="Tell the level to networks that can be told it.")
    ] = False,
    baselines: Annotated[
        BaselinesOption,
        typer.Option(
            help="Beside the weights: classical methods, or only the input (bicubic, bilinear).",
            rich_help_panel=WHAT,
        ),
    ] = BaselinesOption.ALL,
    windows: Annotated[
        WindowsOption,
        typer.Option(help="paper: networks see the windows of their authors.", rich_help_panel=WHAT),
    ] = WindowsOption.OURS,
    ensemble: Annotated[
        bool, flag(WHAT, "--ensemble", help="Mean over 8 turned and flipped copies.")
    ] = False,
    weights_file: WeightsFile = None,
    license: LicencePolicy = None,
    device: Device = "auto",
    precision: Annotated[
        PrecisionOption, typer.Option(help="Of the networks' numbers.", rich_help_panel=SPEED)
    ] = PrecisionOption.FP32,
    json: Json = False,
    markdown: Annotated[bool, flag(OUTPUT, "--markdown", help="The table in Markdown.")] = False,
    csv: Annotated[bool, flag(OUTPUT, "--csv", help="The table as CSV.")] = False,
    short: Annotated[
        bool, flag(OUTPUT, "--short", help="One row for each set, its levels side by side.")
    ] = False,
    figures: Annotated[
        bool, flag(OUTPUT, "--figures", help="JSON without times and memory: the same on every run.")
    ] = False,
    per_image: Annotated[
        Path | None, value(OUTPUT, metavar="FILE", help="The scores of every image, as .csv or .json.")
    ] = None,
    report: Annotated[
        Path | None, value(OUTPUT, metavar="FILE", help="One HTML page with table, plot and pictures.")
    ] = None,
    overwrite: Annotated[
        bool, flag(OUTPUT, "--overwrite", "-f", help="Replace files that are there.")
    ] = False,
) -> None:
    """Measures weights on sets of images: PSNR and SSIM, beside classical methods and the figures of papers.

    Without a task all that have default weights are measured, or all that a set is for.
    """
    form = work.form(json=json, markdown=markdown, csv=csv, figures=figures)
    work.check_short(form, is_short=short)
    output = Output(Mode.JSON if form == "json" else Mode.HUMAN)
    try:
        work.check_targets(per_image, report, overwrite=overwrite)
        from ..bench.job import Options
        from ..bench.plan import Request, collect, make_plan

        task = work.task_of(task, sigma=sigma, quality=quality, scale=scale)
        request = Request(
            task=task, sets=names("--set", sets), folders=tuple(set_dir or ()),
            protocol=protocol, limit=limit,
            levels=work.given_levels(task, sigma=sigma, quality=quality, scale=scale),
            models=work.models(model), rows=registry.entries(weights_file),
        )  # fmt: skip
        options = Options(
            settings=Settings(
                device=device, precision=precision.value, windows=windows.value, ensemble=ensemble
            ),
            told=told, partial=partial, baselines=baselines.value, licence=licence.policy(license),
        )  # fmt: skip
        with tidy_stop():
            plan = make_plan(request, work.Fetching(output).tell)
            rows, gallery = work.measure(plan, options, output, with_pictures=report is not None)
        results = collect(plan, rows, options, work.command())
        work.show(results, form, output, is_short=short)
        work.write_files(results, gallery, per_image, report, overwrite=overwrite, output=output)
    except Stopped as stop:
        output.note("interrupted: nothing was written")
        raise typer.Exit(stop.exit_code) from None
    if results.problems:
        raise typer.Exit(1)


@app.command("table")
def table(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="What --json or --figures gave.")],
    markdown: Annotated[bool, flag(OUTPUT, "--markdown", help="In Markdown.")] = False,
    csv: Annotated[bool, flag(OUTPUT, "--csv", help="As CSV.")] = False,
    short: Annotated[
        bool, flag(OUTPUT, "--short", help="One row for each set, its levels side by side.")
    ] = False,
    papers: Annotated[bool, typer.Option(help="Also the figures of the papers.")] = True,
) -> None:
    """Shows stored results as a table."""
    from ..bench.results import read_results

    form = work.form(markdown=markdown, csv=csv)
    work.check_short(form, is_short=short)
    work.show(read_results(results), form, Output(), papers=papers, is_short=short)


@app.command("diff")
def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="What --json gave.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="What --json gave later.")],
    json: Json = False,
) -> None:
    """Shows what is better, worse or the same in the second of two results."""
    from ..bench.diff import COLUMNS, cells, compare
    from ..bench.results import read_results

    found = compare(read_results(before), read_results(after))
    output = Output(Mode.JSON if json else Mode.HUMAN)
    output.table(COLUMNS, cells(found), COLUMNS[4:])
    for which, scores in (("before", found.only_before), ("after", found.only_after)):
        for score in scores:
            output.note(
                f"only in {which}: {score.model} on {score.set}, {score.protocol}, level {score.level}"
            )
    for note in found.notes:
        output.warn(note)
    changed = [change for change in found.changes if not change.is_same]
    output.note(f"{len(found.changes) - len(changed)} the same, {len(changed)} changed")
    output.document(
        {
            "restorecli": __version__,
            "changes": [change.as_data() for change in found.changes],
            "only_before": [score.key for score in found.only_before],
            "only_after": [score.key for score in found.only_after],
            "notes": found.notes,
        }
    )
