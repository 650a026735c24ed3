"""The commands that app.py loads only when one of them is typed. Short, because it is a table of contents."""

import typer

from . import bench, compare, doctor, train, weights

app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
app.add_typer(weights.app, name="weights")
app.add_typer(train.app, name="train")
compare.add_command(app)
app.add_typer(bench.app, name="bench")
app.command("doctor")(doctor.doctor)
