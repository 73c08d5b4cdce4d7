"""What a frame took from the machine."""

import os
import sys
import time


def seconds_since_start():
    """Seconds since this process was started: loading Blender and the shot. None where it cannot be known."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            # The second field, the program's name, may hold spaces; it ends with the last bracket.
            started = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        with open("/proc/uptime", encoding="ascii") as file:
            return max(0.0, float(file.read().split()[0]) - started)
    except (OSError, ValueError, IndexError):
        pass
    try:
        return max(0.0, time.time() - float(os.environ["TABLAO_TASK_STARTED"]))
    except (KeyError, ValueError):
        return None


def peak_memory_mib():
    """The most memory that this process ever held, loading included. None where it cannot be known."""
    try:
        import resource
    except ImportError:
        return None  # Windows.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024))
