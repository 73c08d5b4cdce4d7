"""The plan of a run: what the control service asks for, and the file names that follow from it. Needs no Blender."""

import base64
import json
import re
import sys


class BadPlan(Exception):
    """The task's arguments are not what this kit understands: a fault of ours, not of the shot."""


def arguments(what=None):
    """The task's own arguments: what follows `--` on Blender's command line. `what`: one word for each of them."""
    given = sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else []
    if what is not None and len(given) != len(what.split()):
        raise BadPlan("expected after --: %s; got %d arguments" % (what, len(given)))
    return given


def decode(text):
    """The plan from base64url JSON. Padding may be missing."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        plan = json.loads(raw.decode("utf-8"))
    except ValueError as error:
        raise BadPlan("the plan cannot be read: %s" % error) from error
    if not isinstance(plan, dict) or plan.get("schema") != 1:
        raise BadPlan("the plan has another schema than 1: kit and control service do not belong together")
    for key in ("run", "name", "format", "extension"):
        if not isinstance(plan.get(key), str) or not plan[key]:
            raise BadPlan('the plan lacks "%s"' % key)
    if "/" in plan["name"] or "\\" in plan["name"]:
        raise BadPlan('"name" in the plan is a path')
    return plan


def frames_of(expression):
    """'1-3,9' -> [1, 2, 3, 9], ascending, each frame once."""
    frames = set()
    for part in expression.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if not match:
            raise BadPlan('"%s" is no list of frames' % expression)
        first = int(match[1])
        frames.update(range(first, int(match[2] or first) + 1))
    return sorted(frames)


def pattern(plan):
    """The name with a run of '#' in it, as Blender understands it."""
    return plan["name"] if "#" in plan["name"] else plan["name"] + "_####"


def file_stem(plan, frame):
    """The frame's file name without extension: the last run of '#' becomes the padded frame."""
    name = pattern(plan)
    run = list(re.finditer(r"#+", name))[-1]
    return name[:run.start()] + str(frame).zfill(len(run[0])) + name[run.end():]
