"""Whether a picture file is whole, as far as its first and last bytes tell: a disk may be full without a word.

The control service proves the same from the bucket (core/whole-picture.ts); here it lets a frame be rendered again.
"""

import os
import struct

_HEAD_BYTES = 64 * 1024
_ENDS = {".png": b"\0\0\0\0IEND\xae\x42\x60\x82", ".jpg": b"\xff\xd9", ".jp2": b"\xff\xd9"}
# Where a header states the size of its file: format of the number, place, and what it leaves out.
_SIZES = {b"RIFF": ("<I", 4, 8), b"BM": ("<I", 2, 0), b"SDPX": (">I", 16, 0), b"XPDS": ("<I", 16, 0),
          b"\x80\x2a\x5f\xd7": (">I", 20, 0)}


def is_whole(path):
    """False when the file is empty or cut short. True where its format does not tell."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
        end = _ENDS.get(os.path.splitext(path)[1].lower(), b"")
        file.seek(max(0, size - len(end)))
        if size == 0 or file.read() != end and end:
            return False
    if head.startswith(b"v/1\x01"):
        return _is_whole_exr(head, size)
    for magic, (number, place, rest) in _SIZES.items():
        if head.startswith(magic):
            return len(head) >= place + 4 and size >= struct.unpack_from(number, head, place)[0] + rest
    return True


def _is_whole_exr(head, size):
    """Every chunk must begin inside the file: their offsets stand behind the headers and are written at the very end."""
    table = _end_of_exr_headers(head)
    if table is None or table + 8 > len(head):
        return size > len(head)
    first = struct.unpack_from("<Q", head, table)[0]
    count = max(1, (min(first, len(head)) - table) // 8)
    offsets = struct.unpack_from("<%dQ" % count, head, table)
    return min(offsets) > 0 and max(offsets) < size


def _end_of_exr_headers(head):
    at = _end_of_exr_header(head, 8)
    if struct.unpack_from("<I", head, 4)[0] & 0x1000:
        # Several parts: a header without attributes ends the list.
        while at is not None and head[at:at + 1] not in {b"", b"\0"}:
            at = _end_of_exr_header(head, at)
        at = None if at is None else at + 1
    return at


def _end_of_exr_header(head, at):
    """An attribute is a name, a type, each with a zero behind it, a length and so many bytes; a zero ends them."""
    while head[at:at + 1] not in {b"", b"\0"}:
        name_end = head.find(b"\0", at)
        type_end = head.find(b"\0", name_end + 1)
        if name_end < 0 or type_end < 0 or type_end + 5 > len(head):
            return None
        at = type_end + 5 + struct.unpack_from("<I", head, type_end + 1)[0]
    return at + 1 if at < len(head) else None
