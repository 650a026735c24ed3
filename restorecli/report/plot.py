"""Plots as SVG: PSNR against time for a page, every point named; the curves of a training as a file."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ..wording import printable
from .page import Point

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 14, 46
_CHARACTER, _LINE = 6.3, 13.0  # what a label's letter and line take at its size, with a little air
_LONGEST_LABEL = 26
_FARTHEST = 8  # lines from its point
_MARK = 5.5
_NARROWEST_DECADES = 1.0  # so that a single point still stands on an axis
_NARROWEST_PSNR = 0.5

_STYLE = (  # of a plot that no page.css stands beside
    "text{font:11.5px sans-serif;fill:#555}.label{font-weight:600;fill:#222}"
    ".grid{stroke:#e6e6e6}.axis{stroke:#555;fill:none}.line{stroke:#1f6feb;stroke-width:1.5;fill:none}"
)

# Shape as well as colour tells the labels apart: in print, and for those who see few colours.
MARKS = (
    '<circle r="5"/>',
    '<rect x="-4.5" y="-4.5" width="9" height="9"/>',
    '<path d="M0-6 5.6 4.2H-5.6Z"/>',
    '<path d="M0-6.2 6.2 0 0 6.2-6.2 0Z"/>',
    '<path d="M0 6 5.6-4.2H-5.6Z"/>',
    '<path d="M-5-2V2H-2V5H2V2H5V-2H2V-5H-2V-2Z"/>',
)


@dataclass(frozen=True, slots=True)
class Axis:
    """Values between two ends, with ticks, laid onto pixels."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def place(self, value: float) -> float:
        low, high = (math.log10(self.low), math.log10(self.high)) if self.is_log else (self.low, self.high)
        share = ((math.log10(value) if self.is_log else value) - low) / (high - low)
        return self.start + share * (self.end - self.start)


Box = tuple[float, float, float, float]  # left, top, right, bottom


def plots(points: Iterable[Point]) -> Iterator[str]:
    """One figure for each group, in the order in which they come; points that have no place are left out."""
    drawable = [
        point for point in points if math.isfinite(point.psnr) and 0 < point.seconds_per_megapixel < math.inf
    ]
    marks = {label: place for place, label in enumerate(dict.fromkeys(point.label for point in drawable))}
    for group in dict.fromkeys(point.group for point in drawable):
        yield _panel(group, [point for point in drawable if point.group == group], marks)


def curves(minutes: Sequence[float], scores: Mapping[str, Sequence[float]], below: str = "minutes") -> str:
    """Scores as they rose, as the text of an SVG file: a panel for each, with axes of its own."""
    across = _even_axis([0.0, *minutes], LEFT, WIDTH - RIGHT, room=0.0, narrowest=0.01)
    panels = []
    for place, (name, values) in enumerate(scores.items()):
        up = psnr_axis(list(values))
        line = " ".join(
            f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in zip(minutes, values, strict=True)
        )
        moved = f'transform="translate(0 {place * (HEIGHT + _LINE) + _LINE})"'
        panels += [
            f'<g {moved}><text class="label" x="{LEFT}" y="{TOP - 8}">',
            f"{_text(f'{name}: {values[-1]:.2f} dB')}</text>",
            *_grid(across, up, below),
            f'</g><polyline class="line" {moved} points="{line}"/>',
        ]
    size = f"0 0 {WIDTH} {len(scores) * (HEIGHT + _LINE):g}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}"><style>{_STYLE}</style>'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *panels, "</svg>\n"])


def _panel(group: str, points: list[Point], marks: dict[str, int]) -> str:
    across, up = time_axis([p.seconds_per_megapixel for p in points]), psnr_axis([p.psnr for p in points])
    spoken = "; ".join(_sentence(point) for point in points)
    caption = f"<figcaption>{_text(group)}</figcaption>" if group else ""
    return "".join(
        [
            f'<figure class="plot">{caption}<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" ',
            f'aria-label="{_text(f"PSNR against time. {spoken}")}">',
            *_grid(across, up, "seconds per megapixel"),
            *_marks(points, marks, across, up),
            "</svg></figure>\n",
        ]
    )


def _grid(across: Axis, up: Axis, below: str) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for tick in across.ticks:
        x = across.place(tick)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{tick:g}</text>'
    for tick in up.ticks:
        y = up.place(tick)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.10g}</text>'
    yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>'
    middle = (LEFT + right) / 2
    yield f'<text class="name" x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{_text(below)}</text>'
    yield f'<text class="name" transform="translate(13 {(TOP + bottom) / 2}) rotate(-90)" '
    yield 'text-anchor="middle">PSNR in dB</text>'


def _marks(points: list[Point], marks: dict[str, int], across: Axis, up: Axis) -> Iterator[str]:
    places = [(across.place(point.seconds_per_megapixel), up.place(point.psnr)) for point in points]
    taken: list[Box] = [(x - _MARK, y - _MARK, x + _MARK, y + _MARK) for x, y in places]
    for point, (x, y) in zip(points, places, strict=True):
        number = marks[point.label]
        yield f'<g class="mark mark-{number % len(MARKS)}" transform="translate({x:.1f} {y:.1f})">'
        yield f"<title>{_text(_sentence(point))}</title>{MARKS[number % len(MARKS)]}</g>"
    for point, (x, y) in zip(points, places, strict=True):
        label = _shortened(point.label)
        place = _free_place(x, y, len(label) * _CHARACTER, taken)
        taken.append(place.box)
        yield f'<text class="label" x="{place.x:.1f}" y="{place.box[3] - 3.5:.1f}" '
        yield f'text-anchor="{place.anchor}">{_text(label)}</text>'


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a label may stand: what it covers, about, and the point it is held at, which is exact."""

    x: float
    anchor: str
    box: Box


def _free_place(x: float, y: float, width: float, taken: list[Box]) -> _Place:
    """Beside, above or below the point; where that is taken, some lines away."""
    places = []
    for lines in sorted(range(-_FARTHEST, _FARTHEST + 1), key=abs):
        middle, above, below = (top + lines * _LINE for top in (y - _LINE / 2, y - 8 - _LINE, y + 8))
        places += [
            _Place(x + 10, "start", (x + 10, middle, x + 10 + width, middle + _LINE)),
            _Place(x - 10, "end", (x - 10 - width, middle, x - 10, middle + _LINE)),
            _Place(x, "middle", (x - width / 2, above, x + width / 2, above + _LINE)),
            _Place(x, "middle", (x - width / 2, below, x + width / 2, below + _LINE)),
        ]
    # Of equals the first: the nearest.
    return min(places, key=lambda place: _covered(place.box, taken) + _outside(place.box))


def _covered(box: Box, taken: list[Box]) -> float:
    return sum(
        max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
        * max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
        for other in taken
    )


def _outside(box: Box) -> float:
    beyond = (LEFT + 2 - box[0], TOP - box[1], box[2] - WIDTH, box[3] - (HEIGHT - BOTTOM))
    return sum(1000 * max(0.0, amount) for amount in beyond)


def time_axis(seconds: list[float]) -> Axis:
    """Decades, or where they are few, 1, 2 and 5 of each."""
    low, high = math.log10(min(seconds)), math.log10(max(seconds))
    room = max(0.08 * (high - low), (_NARROWEST_DECADES - (high - low)) / 2, 0.1)
    low, high = low - room, high + room
    steps = (1,) if high - low > 3 else (1, 2, 5)
    ticks = (step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in steps)
    inside = tuple(tick for tick in ticks if low <= math.log10(tick) <= high)
    return Axis(10**low, 10**high, LEFT, WIDTH - RIGHT, inside[:: max(1, len(inside) // 8)], is_log=True)


def psnr_axis(values: list[float]) -> Axis:
    return _even_axis(values, HEIGHT - BOTTOM, TOP, room=0.12, narrowest=_NARROWEST_PSNR)


def _even_axis(values: list[float], start: float, end: float, *, room: float, narrowest: float) -> Axis:
    """About five ticks at round values; `room` is the share that is left free at both ends."""
    low, high = min(values), max(values)
    beyond = max(room * (high - low), (narrowest - (high - low)) / 2)
    low, high = low - beyond, high + beyond
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    ticks = tuple(
        round(count * step, 10) for count in range(math.ceil(low / step), math.floor(high / step) + 1)
    )
    return Axis(low, high, start, end, ticks)


def _sentence(point: Point) -> str:
    return f"{point.label}: {point.psnr:.2f} dB, {point.seconds_per_megapixel:.3g} seconds per megapixel"


def _shortened(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def _text(text: str) -> str:
    return escape(printable(text))
