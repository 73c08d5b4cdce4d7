"""Whether a picture file is whole, as far as its first and last bytes tell: a disk may be full without a word.

The control service proves the same from the bucket (core/whole-picture.ts); here it lets a frame be rendered again.
"""

import os
import struct

_HEAD_BYTES = 64 * 1024
# Some programs write a little behind the end of a picture.
_BEHIND_BYTES = 4096
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


def is_whole_input(path):
    """The same of a picture by anybody's program: laxer, since some write more behind the end, or no exact size."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(0, size - _BEHIND_BYTES))
        tail = file.read()
        if head.startswith(b"\xff\xd8"):
            if _ENDS[".jpg"] in tail:
                return True
            file.seek(0)
            return _has_jpeg_end(file.read())
    if head.startswith(b"\x89PNG"):
        return b"IEND" in tail
    if head.startswith((b"II*\0", b"MM\0*")):
        # Where the directory stands: most programs write it last.
        return len(head) >= 8 and struct.unpack_from("<I" if head[:1] == b"I" else ">I", head, 4)[0] < size
    if head.startswith(b"v/1\x01"):
        return _is_whole_exr(head, size)
    if head[8:12] == b"WEBP" or head.startswith(b"BM"):
        number, place, rest = _SIZES[head[:4] if head[:4] in _SIZES else head[:2]]
        return size >= struct.unpack_from(number, head, place)[0] + rest
    return size > 0


def _has_jpeg_end(data):
    """Phones put whole films behind a picture. The end mark of the small picture in the header does not count."""
    at = 2
    while data[at:at + 1] == b"\xff" and data[at + 1:at + 2] != b"\xda" and at + 4 <= len(data):
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return data.find(_ENDS[".jpg"], at) >= 0


def _is_whole_exr(head, size):
    """Every chunk must begin inside the file: their offsets stand behind the headers and are written at the very end."""
    at = _end_of_exr_headers(head)
    if at is None or at + 8 > len(head):
        return size > len(head)
    # The table ends where the first of the chunks begins, which may be any of them.
    first = len(head)
    while at + 8 <= first:
        offset = struct.unpack_from("<Q", head, at)[0]
        if not 0 < offset < size:
            return False
        first = min(first, offset)
        at += 8
    return True


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
