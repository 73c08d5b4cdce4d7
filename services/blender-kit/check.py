"""Opens a shot on a real worker and says what is wrong with it: blender … FILE --python check.py -- PLAN RENDER_DIR

Findings go to records/check.json. Exit code 3 when one of them is an error, so that nothing is rendered.
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bpy  # noqa: E402

from tablao_kit import findings, log, plan as plans, records  # noqa: E402

ERRORS_FOUND = 3


def main():
    started = time.monotonic()
    plan_text, render_dir = plans.arguments("PLAN FOLDER")
    plan = plans.decode(plan_text)
    opening = log.current().read("tablao: checking")
    scene, device, found = findings.examine(plan, os.path.abspath(render_dir), opening)
    records.write_json(os.path.join(render_dir, "records", "check.json"), {
        "schema": records.SCHEMA,
        "run": plan["run"],
        "worker": records.worker_name(),
        "blender": "%d.%d.%d" % bpy.app.version,
        "engine": scene.render.engine,
        "device": device,
        "endedAt": records.now(),
        "seconds": round(time.monotonic() - started, 3),
        "findings": found,
    })
    for finding in found:
        print("tablao: %(level)s: %(message)s %(action)s" % finding)
    errors = sum(finding["level"] == "error" for finding in found)
    print("tablao: checked: %d errors, %d warnings" % (errors, len(found) - errors))
    return ERRORS_FOUND if errors else 0


try:
    code = main()
except OSError as problem:
    print("tablao: cannot write to the folder of the frames: %s" % problem)
    code = 1
finally:
    log.current().close()
if code:
    sys.stdout.flush()
    sys.exit(code)
