"""Pages to test with, and an HTML file taken apart again."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from restorecli.report import Comparison, Page, Point, Table, render
from restorecli.spec import Window

VOID = {"meta", "img", "input", "br", "hr", "link"}


def noise(height: int = 40, width: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def make_page(name: str = "flowers.png", *, pictures: int = 4, height: int = 150, width: int = 200) -> Page:
    labels = ("input", "compact", "median", "truth")[:pictures]
    comparison = Comparison(
        name,
        tuple((label, noise(height, width, seed)) for seed, label in enumerate(labels)),
        "A caption.",
        Window(height - 64, 10, 64, 64),
    )
    return Page(
        f"Page of {name}",
        "What was measured.",
        (Table(("Weights", "PSNR"), (("compact", "31.02"), ("median", "26.10")), "Scores"),),
        (Point("compact", 2.0, 31.02, "set 12"), Point("median", 0.1, 26.1, "set 12")),
        (comparison,),
        ("A note.",),
        "The footer.",
    )


class Taken(HTMLParser):
    """A document taken apart; raises where a tag is not closed, or closes what is not open."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.source = "".join(render(page))
        self.feed(self.source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open and "script" not in self._open:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def pictures(self) -> list[np.ndarray]:
        return [pixels_of(attributes["src"]) for attributes in self.all("img")]


def pixels_of(uri: str) -> np.ndarray:
    with Image.open(io.BytesIO(bytes_of(uri))) as image:
        return np.array(image.convert("RGB"))


def bytes_of(uri: str) -> bytes:
    head, _, data = uri.partition(",")
    assert head in ("data:image/webp;base64", "data:image/png;base64")
    return base64.b64decode(data, validate=True)
