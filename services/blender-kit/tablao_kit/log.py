"""Blender's own output, read while it still goes where it went: for warnings, for the end of a failed frame's log, and
to know which of the lines that Flamenco counts Blender has already printed.

A separate `tee` does the copying. A thread of ours could not: Blender holds Python's lock while it renders, and a full
pipe that nobody reads would stop it for ever.
"""

import ctypes
import os
import re
import subprocess
import sys
import tempfile
import time

# The lines that Flamenco's worker looks for: one step of the task, and a picture to show.
TIME_LINE = re.compile(r"^(?:.*render\s+\|\s+)?Time: [0-9:.]+", re.MULTILINE)
SAVED_LINE = re.compile(r"^(?:.*render\s+\|\s+)?Saved: '", re.MULTILINE)

# What is printed before the file is opened: what Blender says of the file follows it.
OPENING = "tablao: opening the file"

# After these a picture is wrong although Blender goes on: textures that could not be read, memory that was not to be
# had, a graphics processor or a denoiser that gave up. Few and exact: each one makes a frame fail.
WRONG_PICTURE = re.compile(
    r"Image file .* (?:failed to (?:load|open)|does not exist)"
    r"|Failed to load \d+ image file"
    r"|libpng error:|\(EXR_ERR_\w+\)|JPEG .*(?:premature end|corrupt)"
    r"|\bout of (?:GPU |device |video |and shared host )*memory|not enough (?:GPU |video )?memory"
    r"|[MC]alloc(?:N|_array)? returns null|std::bad_alloc|cannot allocate memory"
    r"|Failed to (?:allocate|create) .*(?:CUDA|OptiX|HIP|oneAPI|Metal|GPU)"
    r"|(?:CUDA|OptiX|HIP|oneAPI|Metal) (?:error|exception)|(?:Illegal address|Launch \w+) in \w+ queue"
    r"|Failed to denoise|denoising failed|Denoiser .* failed"
    r"|No space left on device|Disk quota exceeded"
    # A handler of the shot or of an add-on that failed: whatever it does for a frame is left out.
    r"|^Traceback \(most recent call last\)",
    re.IGNORECASE)

# Worth telling: the picture may be as it always was, or not.
SUSPECT = re.compile(
    r"unable to (?:open|load) (?:image|file|texture|movie)"
    r"|(?:cannot|can't|could not|couldn't|failed to) (?:read|load|open|find) (?:the )?(?:image|texture|library|movie|lib )"
    r"|IMB_\w+: (?:unknown|couldn't|can't|failed)"
    r"|^(?:Info|Warning|Error)?:?\s*LIB: .*(?:missing|not found)"
    r"|(?:linked|library) .*(?:missing|cannot be found|not found)"
    r"|Error in (?:Py)?Driver|Error: Python:.*driver|driver '.*' (?:failed|error)"
    r"|(?:Alembic|USD|OpenVDB|VDB).*(?:could not|cannot|failed|error)"
    r"|shader.*(?:compil|link)\w* (?:failed|error)",
    re.IGNORECASE)

# A colour configuration that the file was made with and this Blender does not have: it takes another one.
_COLORS = re.compile(r'(?:Color management: |color_management \| \w+ )(.* not found)(?:, setting (?:default|to) "(.*)")?')

# A pipe keeps order: once the mark is in the copy, so is all that came before it. Nothing should take this long.
MARK_SECONDS = 2.0

# What Blender itself printed waits in C's buffer, which Python's flush does not reach.
try:
    _LIBC = ctypes.CDLL(None)
except (OSError, TypeError):
    _LIBC = None


_current = None


def current():
    """The log of this task, copied since it was first asked for."""
    global _current
    if _current is None:
        _current = Log()
    return _current


class Log:
    """Copies what is written to stdout and stderr from now on."""

    def __init__(self):
        self._tee = None
        self._start = 0
        self._mark = b""
        self._copy = tempfile.TemporaryFile()
        self._keep = (os.dup(1), os.dup(2))
        try:
            reading, writing = os.pipe()
            self._tee = subprocess.Popen(
                ["tee", "-a", "/dev/fd/%d" % self._copy.fileno()],
                stdin=reading, stdout=self._keep[0], pass_fds=[self._copy.fileno()])
        except OSError:
            return  # No tee on this machine: the log goes on as before, unread.
        _flush()
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os.close(reading)
        os.close(writing)

    @property
    def is_read(self):
        """Whether there is a copy to look into."""
        return self._tee is not None

    def begin(self, mark):
        """Prints `mark`, a line that nothing else prints: what follows it is read later."""
        self._mark = _line(mark)
        if self._tee is not None:
            self._start = os.fstat(self._copy.fileno()).st_size
        _flush()
        os.write(1, self._mark)

    def read(self, mark):
        """All that was printed since `begin`. `mark`, another line that nothing else prints, is printed as its end."""
        _flush()
        end = _line(mark)
        os.write(1, end)
        if self._tee is None or not self._mark:
            return ""
        deadline = time.monotonic() + MARK_SECONDS
        text = b""
        while end not in text and time.monotonic() < deadline:
            time.sleep(0.001)
            size = os.fstat(self._copy.fileno()).st_size
            text = os.pread(self._copy.fileno(), size - self._start, self._start)
        # The copy may lag: what stands before the first mark was printed earlier.
        return text.partition(self._mark)[2].partition(end)[0].decode("utf-8", "replace")

    def close(self):
        """Gives the output back, after everything has gone through."""
        if self._tee is None:
            return
        _flush()
        os.dup2(self._keep[0], 1)
        os.dup2(self._keep[1], 2)
        self._tee.wait(timeout=10)
        self._tee = None


def _flush():
    sys.stdout.flush()
    sys.stderr.flush()
    if _LIBC is not None:
        _LIBC.fflush(None)


def _line(text):
    return text.encode() + b"\n"


def faults(text):
    """What in a log makes the picture wrong, in lines; None when nothing does."""
    lines = ["Python code of the shot failed: %s" % raised(text.partition("Traceback (most recent call last)")[2]) if line.startswith("Traceback") else line
             for line in _lines(text, WRONG_PICTURE)]
    return "\n".join(lines) or None


def raised(traceback):
    """What a traceback ends with; of text that begins on any of its lines but the last."""
    after = traceback.splitlines()[1:]
    return next((line[:300] for line in after if line.strip() and not line.startswith(" ")), "")


def warnings(text):
    """The lines of a log that make one doubt the picture, each once."""
    return _lines(text, SUSPECT)


def gone_from_libraries(text):
    """Names of what the log of opening a file says is missing from a library."""
    return re.findall(r"LIB: \w+: '(.*)' missing from '", text)


def unknown_colors(text):
    """[(what the log of opening a file says is not in this Blender's colour configuration, what it took instead or "")]"""
    return list(dict.fromkeys(_COLORS.findall(text)))


def _lines(text, pattern, limit=20):
    # A file may be called anything.
    said = [line for line in text.splitlines() if not SAVED_LINE.search(line)]
    found = dict.fromkeys(line.strip()[:300] for line in said if pattern.search(line))
    return list(found)[:limit]


def tail(text, lines=15):
    """The last lines that say something."""
    said = [line.strip()[:300] for line in text.splitlines() if line.strip() and not line.startswith("Fra:")]
    return "\n".join(said[-lines:])
