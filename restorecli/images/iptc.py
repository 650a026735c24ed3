"""IPTC: captions, names and rights as newsrooms write them, which lie among Photoshop's resources.

Of those resources only IPTC is carried on: the others hold a thumbnail of the picture before the repair,
printing set-ups and paths of Photoshop's own.
"""

import struct

_RESOURCE = b"8BIM"
IPTC = 0x0404
JPEG_MARK = b"Photoshop 3.0\0"


def from_resources(block: bytes) -> bytes | None:
    """The IPTC record of Photoshop's resources, as they lie in tag 34377 of a TIFF."""
    at = 0
    while block[at : at + 4] == _RESOURCE and at + 8 <= len(block):
        kind, name = struct.unpack_from(">HB", block, at + 4)
        at += 6 + (1 + name + 1) // 2 * 2  # the name and its length, filled up to an even number
        if at + 4 > len(block):
            return None
        (length,) = struct.unpack_from(">L", block, at)
        at += 4
        if kind == IPTC:
            return block[at : at + length] or None
        at += (length + 1) // 2 * 2
    return None


def jpeg_segment(iptc: bytes) -> bytes:
    """The APP13 segment of a JPEG that holds the record."""
    filled = iptc + b"\0" * (len(iptc) % 2)
    content = JPEG_MARK + _RESOURCE + struct.pack(">HHL", IPTC, 0, len(iptc)) + filled
    return b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content
