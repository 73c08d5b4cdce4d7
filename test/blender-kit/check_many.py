"""Asks the check about every shot of a folder, in one Blender: … --python THIS -- KIT FOLDER PLAN RESULT

As open.py and check.py do it one by one, but for the start of Blender, which takes longer than the answer.
"""

import glob
import json
import os
import sys
import tempfile

import bpy

KIT, FOLDER, PLAN, RESULT = sys.argv[sys.argv.index("--") + 1:]
sys.dont_write_bytecode = True
sys.path.insert(0, KIT)

from tablao_kit import findings, log, plan as plans  # noqa: E402


def forget():
    """What is kept for a task is kept for one file only."""
    for name, module in list(sys.modules.items()):
        if name.startswith("tablao_kit."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


answers = {}
for path in sorted(glob.glob(os.path.join(FOLDER, "*.blend"))):
    forget()
    log.current().begin("%s %s" % (log.OPENING, path))
    bpy.ops.wm.open_mainfile(filepath=path)
    opening = log.current().read("tablao: checking %s" % path)
    with tempfile.TemporaryDirectory() as folder:
        _, _, found = findings.examine(plans.decode(PLAN), folder, opening)
    answers[os.path.splitext(os.path.basename(path))[0]] = found
log.current().close()
with open(RESULT, "w", encoding="utf-8") as file:
    json.dump(answers, file)
