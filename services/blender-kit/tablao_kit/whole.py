"""Whether a picture file is whole, as far as its first and last bytes tell: a disk may be full without a word.

The control service proves the same from the bucket (core/whole-picture.ts); here it lets a frame be rendered again.
"""

import os
import re
import struct

_HEAD_BYTES = 64 * 1024
# Some programs write a little behind the end of a picture.
_BEHIND_BYTES = 4096
_ENDS = {".png": b"\0\0\0\0IEND\xae\x42\x60\x82", ".jpg": b"\xff\xd9", ".jp2": b"\xff\xd9"}
# Where a header states the size of its file: format of the number, place, and what it leaves out.
_SIZES = {b"RIFF": ("<I", 4, 8), b"BM": ("<I", 2, 0), b"SDPX": (">I", 16, 0), b"XPDS": ("<I", 16, 0),
          b"\x80\x2a\x5f\xd7": (">I", 20, 0)}
_TIFF_STRIPS, _TIFF_STRIP_SIZES, _TIFF_TILES, _TIFF_TILE_SIZES = 273, 279, 324, 325


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


def is_whole_input(file, path):
    """The same of a picture by anybody's program: laxer, since some write more behind the end, or no exact size.

    `file`: its bytes, open for reading; `path`: what it is called.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(max(0, size - _BEHIND_BYTES))
    tail = file.read()
    if head.startswith(b"\x89PNG"):
        return b"IEND" in tail
    if head.startswith(b"v/1\x01"):
        return _is_whole_exr(head, size)
    if head[8:12] == b"WEBP" or head.startswith(b"BM"):
        number, place, rest = _SIZES[head[:4] if head[:4] in _SIZES else head[:2]]
        return size >= struct.unpack_from(number, head, place)[0] + rest
    if head.startswith((b"II*\0", b"MM\0*")):
        return _is_whole_tiff(file, head, size)
    if head.startswith(b"\xff\xd8") and _ENDS[".jpg"] in tail:
        return True
    for is_of_format, is_whole_data in ((head.startswith(b"\xff\xd8"), _has_jpeg_end),
                                        (head.startswith(b"#?"), _is_whole_hdr),
                                        (path.lower().endswith(".tga"), _is_whole_targa)):
        if is_of_format:
            file.seek(0)
            return is_whole_data(file.read())
    return size > 0


def _is_whole_tiff(file, head, size):
    """The first directory must lie inside the file, and so must the strips or tiles that it names."""
    order = "<" if head.startswith(b"I") else ">"
    if len(head) < 8:
        return False
    at = struct.unpack_from(order + "I", head, 4)[0]
    file.seek(at)
    count = file.read(2)
    entries = file.read(12 * struct.unpack(order + "H", count)[0]) if len(count) == 2 else b""
    if not entries or at + 2 + len(entries) > size:
        return False
    numbers = {}
    for start in range(0, len(entries) - 11, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", entries, start)
        if tag not in {_TIFF_STRIPS, _TIFF_STRIP_SIZES, _TIFF_TILES, _TIFF_TILE_SIZES} or kind not in {3, 4}:
            continue
        length = count * (2 if kind == 3 else 4)
        data = entries[start + 8:start + 12]
        if length > 4:
            file.seek(struct.unpack(order + "I", data)[0])
            data = file.read(length)
        if len(data) < length:
            return False
        numbers[tag] = struct.unpack_from("%s%d%s" % (order, count, "H" if kind == 3 else "I"), data)
    places = numbers.get(_TIFF_STRIPS) or numbers.get(_TIFF_TILES) or ()
    sizes = numbers.get(_TIFF_STRIP_SIZES) or numbers.get(_TIFF_TILE_SIZES) or ()
    return all(place + length <= size for place, length in zip(places, sizes))


def _is_whole_hdr(data):
    """Radiance: lines of text, an empty one, the size, then the picture's lines, each with its width before it. Without
    that (very narrow ones, old programs) nothing can be told."""
    found = re.search(rb"\n\n[-+]Y (\d+) [-+]X (\d+)\n", data[:4096])
    if found is None:
        return False
    height, width = int(found[1]), int(found[2])
    mark = b"\2\2" + struct.pack(">H", width & 0xffff)
    if not data.startswith(mark, found.end()):
        return len(data) > found.end()
    at = data.rfind(mark)
    if data.count(mark) < height:
        return False
    at += len(mark)
    for _ in range(4):
        # Four channels, of runs (a byte that is repeated) and of bytes as they are.
        left = width
        while left > 0 and at < len(data):
            length = data[at]
            at += 2 if length > 128 else 1 + length
            left -= length - 128 if length > 128 else max(1, length)
        if left > 0:
            return False
    return at <= len(data)


def _is_whole_targa(data):
    """Its size follows from the header; of run-length pictures from walking through the runs."""
    if len(data) < 18:
        return False
    id_length, has_map, kind, _, map_length, map_bits, _, _, width, height, bits = struct.unpack_from("<BBBHHBHHHHB", data)
    at = 18 + id_length + (map_length * ((map_bits + 7) // 8) if has_map else 0)
    pixel, left = (bits + 7) // 8, width * height
    if kind in {1, 2, 3}:
        return at + left * pixel <= len(data)
    while kind in {9, 10, 11} and left > 0 and at < len(data):
        length = (data[at] & 127) + 1
        at += 1 + pixel * (1 if data[at] & 128 else length)
        left -= length
    return kind not in {9, 10, 11} or left <= 0 and at <= len(data)


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
