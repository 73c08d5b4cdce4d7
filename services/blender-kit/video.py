"""Makes preview.mp4 of the frames that are there: blender … FILE --python video.py -- PLAN RENDER_DIR

It never fails the run: exit code 0 always, and a line that says why when there is no video.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tablao_kit import log, movie, plan as plans  # noqa: E402


def main():
    plan_text, render_dir = plans.arguments("PLAN FOLDER")
    movie.make(plans.decode(plan_text), os.path.abspath(render_dir))


try:
    main()
except BaseException as problem:  # A broken video is no reason to lose a run, whatever broke it.
    print("tablao: no preview video: %s: %s" % (type(problem).__name__, problem))
    sys.stdout.flush()
finally:
    log.current().close()
