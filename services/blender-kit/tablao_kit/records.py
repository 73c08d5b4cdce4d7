"""Small files that others read while we write: never half-written, on a disk and on a mounted bucket alike.

A temporary name and a rename: on a bucket mount the object appears under its temporary name when it is closed, and a
rename of one file is atomic there too.
"""

import datetime
import json
import os
import shutil
import socket

SCHEMA = 1


def now():
    """RFC 3339, UTC, milliseconds."""
    moment = datetime.datetime.now(datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def worker_name():
    """As Flamenco's worker calls itself."""
    return os.environ.get("FLAMENCO_WORKER_NAME") or socket.gethostname()


def _temporary(path):
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    # Hidden, and it keeps the extension out of the way of whoever lists the folder.
    return os.path.join(folder, ".%s.%d.part" % (name, os.getpid()))


def write_json(path, value):
    """Replaces `path` by the JSON of `value`, all at once."""
    part = _temporary(path)
    try:
        with open(part, "w", encoding="utf-8") as file:
            json.dump(value, file, ensure_ascii=False, indent=1)
            file.write("\n")
        os.replace(part, path)
    except OSError:
        _remove(part)
        raise


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


def put_file(source, path):
    """Moves a finished file from this machine's own disk to `path`, all at once."""
    part = _temporary(path)
    shutil.copyfile(source, part)
    os.replace(part, path)
    os.remove(source)


def read_json(path):
    """The object in `path`, or None when it is absent or not readable as one: then the work is done anew."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def frame_path(render_dir, frame):
    """Where the record of a frame is."""
    return os.path.join(render_dir, "records", "%04d.json" % frame)


def thumb_path(render_dir, frame):
    """Where the thumbnail of a frame is."""
    return os.path.join(render_dir, "thumbs", "%04d.jpg" % frame)
