"""Renders a chunk of a run's frames: blender … FILE --python render.py -- PLAN RENDER_DIR CHUNK

Every frame gets a record before and after, so that a crash, a hang or a preemption is seen and can be told from the
others. One frame that fails does not stop its chunk. Exit code 0: the end was reached, whatever the frames say.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tablao_kit import findings, log as logs, machine, plan as plans  # noqa: E402
from tablao_kit.frame import Frame  # noqa: E402
from tablao_kit.prepare import prepare  # noqa: E402
from tablao_kit.unfit import Unfit  # noqa: E402


class Task:
    """What the frames of one chunk share."""

    def __init__(self, plan, render_dir, numbers):
        self.plan = plan
        self.render_dir = os.path.abspath(render_dir)
        self.log = logs.current()
        self.scene = None
        self.device = ""
        self._opening = self.log.read("tablao: rendering")
        self._numbers = numbers
        self._standing = None

    def faults(self, frame):
        """What would make this frame's picture wrong although Blender would render it: findings."""
        if self._standing is None:
            self._standing = findings.standing(self.scene, self._opening, self._numbers)
        return self._standing + findings.of_frame(self.scene, frame)


def main():
    plan_text, render_dir, chunk = plans.arguments("PLAN FOLDER CHUNK")
    plan = plans.decode(plan_text)
    numbers = plans.frames_of(chunk)
    try:
        return render_chunk(Task(plan, render_dir, numbers), numbers)
    except OSError as problem:
        print("tablao: cannot write to %s: %s" % (render_dir, problem))
        return 1
    finally:
        logs.current().close()


def render_chunk(task, numbers):
    frames = [Frame(task, number) for number in numbers]
    todo = []
    for frame in frames:
        if frame.is_done:
            frame.tell_skipped()
        else:
            todo.append(frame)
    if not todo:
        return 0
    try:
        task.scene, task.device = prepare(task.plan, task.render_dir)
    except Unfit as unfit:
        print("tablao: %s" % unfit)
        for frame in todo:
            frame.fail(str(unfit), unfit.code)
        return 1
    except Exception as problem:
        # A shot that our own code does not cope with: said in the records as well as in the log.
        for frame in todo:
            frame.fail("%s: %s" % (type(problem).__name__, problem), "kitFailed")
        raise
    # What broke before goes last, or it would take the good ones of its chunk down again and again.
    todo.sort(key=lambda frame: frame.broke_before)
    load_seconds = machine.seconds_since_start()
    failed = 0
    for frame in todo:
        failed += not frame.render(load_seconds)
        load_seconds = 0
    print("tablao: %d of %d frames rendered, %d skipped" % (len(todo) - failed, len(numbers), len(numbers) - len(todo)))
    return 0


code = main()
if code:
    sys.exit(code)
