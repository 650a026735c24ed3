"""TGA, read only. It has no magic bytes: the name has to say it. Short, as Pillow does it all."""

from PIL.TgaImagePlugin import TgaImageFile

from ..codec import Codec
from ..pillow import reader

TGA = Codec("TGA", suffixes=(".tga",), knows=None, read=reader(TgaImageFile, "TGA"))
