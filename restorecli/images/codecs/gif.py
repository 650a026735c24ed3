"""GIF, read only: a palette cannot hold a restored photo. Short, as Pillow does it all."""

from PIL.GifImagePlugin import GifImageFile

from ..codec import Codec, begins
from ..pillow import reader

GIF = Codec("GIF", suffixes=(".gif",), knows=begins(b"GIF87a", b"GIF89a"), read=reader(GifImageFile, "GIF"))
