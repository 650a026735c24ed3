"""The plot of a training's log: validation PSNR over time, as an SVG that needs nothing to be drawn."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from ..errors import InputError
from .loop import read_log

_WIDTH, _PANEL, _MARGIN = 640, 120, 48
_INK, _LINE = "#555", "#1f6feb"


def curve(log: Path) -> str:
    """One panel per validation check, each with a scale of its own."""
    if not log.exists():
        raise InputError(f"{log}: no such log", hint="restore train RECIPE.toml --out FOLDER")
    rows = [row for row in read_log(log) if row["event"] == "validation"]
    if len(rows) < 2:
        raise InputError(f"{log}: fewer than two validations so far")
    minutes = [row["seconds"] / 60 for row in rows]
    panels = [
        _panel(place, name, minutes, [row["psnr"][name] for row in rows])
        for place, name in enumerate(rows[-1]["psnr"])
    ]
    height = _PANEL * len(panels) + 24
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            f'font-family="sans-serif" font-size="11" fill="{_INK}">',
            '<rect width="100%" height="100%" fill="white"/>',
            *panels,
            f'<text x="{_WIDTH - 8}" y="{height - 8}" text-anchor="end">{minutes[-1]:.0f} minutes, '
            f"{rows[-1]['step']} steps</text>",
            "</svg>\n",
        )
    )


def _panel(place: int, name: str, minutes: Sequence[float], scores: Sequence[float]) -> str:
    top = place * _PANEL + 20
    low, high = min(scores), max(scores)
    span = (high - low) or 1.0
    drawn = _PANEL - 34
    end = minutes[-1] or 1.0
    points = " ".join(
        f"{_MARGIN + (_WIDTH - _MARGIN - 64) * minute / end:.1f},"
        f"{top + drawn * (1 - (score - low) / span):.1f}"
        for minute, score in zip(minutes, scores, strict=True)
    )
    return (
        f'<text x="{_MARGIN}" y="{top - 6}">{escape(name)}</text>'
        f'<text x="{_MARGIN - 6}" y="{top + 8}" text-anchor="end">{high:.2f}</text>'
        f'<text x="{_MARGIN - 6}" y="{top + drawn}" text-anchor="end">{low:.2f}</text>'
        f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="1.5"/>'
        f'<text x="{_WIDTH - 58}" y="{top + 8}">{scores[-1]:.2f} dB</text>'
    )
