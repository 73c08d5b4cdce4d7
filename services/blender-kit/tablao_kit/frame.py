"""One frame: what is known of it, and rendering it."""

import glob
import os
import sys
import time

import bpy

from . import log as logs
from . import machine, outputs, plan as plans, records, thumbs, whole


class Frame:
    """A frame of a run, on the way to its files and its record."""

    def __init__(self, task, number):
        self.task = task
        self.number = number
        self.path = os.path.join(task.render_dir, plans.file_stem(task.plan, number) + task.plan["extension"])
        self.record_path = records.frame_path(task.render_dir, number)
        before = records.read_json(self.record_path)
        # A record of another run says nothing about this one.
        self.before = before if before and before.get("run") == task.plan["run"] else None

    @property
    def is_done(self):
        """Rendered by this very run, and its files are as they were recorded."""
        if not self.before or self.before.get("state") != "done" or not self.before.get("files"):
            return False
        return all(_size(path) == size and whole.is_whole(path) for path, size in (
            (os.path.join(self.task.render_dir, file["path"]), file["bytes"]) for file in self.before["files"]))

    @property
    def broke_before(self):
        """Begun by this run and not finished: it crashed, hung, failed or was preempted."""
        return self.before is not None and self.before.get("state") != "done"

    def render(self, load_seconds):
        """Renders, records, and returns whether it worked. Raises only when the record cannot be written."""
        task = self.task
        faults = task.faults(self.number)
        if faults:
            # Money for a wrong picture is money lost.
            self.fail("\n".join(fault["message"] for fault in faults), faults[0]["code"])
            return False
        record = self._new_record(load_seconds)
        records.write_json(self.record_path, record)
        name = "tablao: frame %d, attempt %d" % (self.number, record["attempt"])
        task.log.begin(name)
        clock = time.monotonic()
        error = None
        try:
            self._remove_files()
            self._render()
        except Exception as raised:  # Handlers and drivers of the shot may raise anything.
            error = _plain(str(raised)) or type(raised).__name__
        record["seconds"] = round(time.monotonic() - clock, 3)
        files = self._files()
        printed = task.log.read(name + ": ended")
        if error is None:
            error = self._fault_of(files) or logs.faults(printed)
        record["warnings"] = logs.warnings(printed)
        if error is None:
            self._make_thumb(record)
        record["files"] = files
        record["peakMemoryMiB"] = machine.peak_memory_mib()
        record["endedAt"] = records.now()
        record["state"] = "done" if error is None else "failed"
        if error is not None:
            record["error"] = error
            record["log"] = logs.tail(printed)
        self._write_last(record)
        self._tell_flamenco(printed, record["seconds"], error)
        return record["state"] == "done"

    def _write_last(self, record):
        try:
            records.write_json(self.record_path, record)
        except OSError as problem:
            # A full disk: without the pictures of this frame there is room to say so.
            self._remove_files()
            record.update(state="failed", files=[])
            record.setdefault("error", "its record could not be written: %s" % problem.strerror)
            records.write_json(self.record_path, record)

    def _render(self):
        """One frame, the same pixels as `blender -b FILE -f N`. The scene's own range stays: drivers may read it."""
        scene = self.task.scene
        if "frame_start" in bpy.ops.render.render.get_rna_type().properties:
            # What -f does. From Blender 5.0 on File Output nodes put the frame's number into names only so.
            name = plans.pattern(self.task.plan) + self.task.plan["extension"]
            scene.render.filepath = os.path.join(self.task.render_dir, name)
            bpy.ops.render.render(animation=True, scene=scene.name, frame_start=self.number, frame_end=self.number)
            return
        # Not frame_set(): that would evaluate the whole scene once more, with the viewport's settings.
        scene.frame_current = self.number
        # A file may have been saved between two frames.
        scene.frame_subframe = 0
        scene.render.filepath = self.path
        bpy.ops.render.render(write_still=True, scene=scene.name)

    def fail(self, error, code):
        """Records that the frame cannot be rendered, without trying."""
        record = self._new_record(0)
        record.update(state="failed", endedAt=record["startedAt"], error=error, errorCode=code)
        records.write_json(self.record_path, record)
        print("tablao: frame %d is not rendered: %s" % (self.number, error))
        _flush()

    def _new_record(self, load_seconds):
        task = self.task
        attempt = self.before.get("attempt", 0) + 1 if self.before else 1
        return {
            "schema": records.SCHEMA,
            "frame": self.number,
            "run": task.plan["run"],
            "state": "rendering",
            "attempt": attempt,
            "worker": records.worker_name(),
            "blender": "%d.%d.%d" % bpy.app.version,
            "startedAt": records.now(),
            "loadSeconds": round(load_seconds or 0, 3),
            "peakMemoryMiB": machine.peak_memory_mib(),
            "device": task.device,
            "engine": task.scene.render.engine if task.scene else "",
            "files": [],
            "warnings": [],
        }

    def _paths(self):
        """The files that this frame should have: one, or one a view."""
        render = self.task.scene.render
        if not render.use_multiview or render.image_settings.views_format != "INDIVIDUAL":
            return [self.path]
        stem, extension = os.path.splitext(self.path)
        views = render.stereo_views if render.views_format == "STEREO_3D" else render.views
        return [stem + view.file_suffix + extension for view in views if view.use]

    def _remove_files(self):
        """A file of an earlier go may be cut short, and nothing may take it for the new one."""
        extras = [os.path.join(self.task.render_dir, path)
                  for path in outputs.of_frame(self.task.scene, self.task.render_dir, self.number)]
        for path in self._paths() + extras + [records.thumb_path(self.task.render_dir, self.number)]:
            try:
                os.remove(path)
            except FileNotFoundError:
                pass

    def _files(self):
        """The frame's files that are there, those of File Output nodes last."""
        render_dir = self.task.render_dir
        paths = [os.path.relpath(path, render_dir).replace(os.sep, "/") for path in self._paths()]
        paths += outputs.of_frame(self.task.scene, render_dir, self.number)
        sized = [(path, _size(os.path.join(render_dir, path))) for path in paths]
        return [{"path": path, "bytes": size} for path, size in sized if size is not None]

    def _fault_of(self, files):
        sizes = {file["path"]: file["bytes"] for file in files}
        for path in self._paths():
            name = os.path.basename(path)
            if not sizes.get(name):
                stem = os.path.splitext(path)[0]
                other = [os.path.basename(found) for found in glob.glob(glob.escape(stem) + ".*") if found != path]
                hint = " (there is %s)" % other[0] if other else ""
                return "Blender said it was done but wrote nothing to %s%s" % (name, hint)
        for name in sizes:
            if not whole.is_whole(os.path.join(self.task.render_dir, name)):
                return "%s is cut short" % name
        return "; ".join(outputs.faults(self.task.scene, self.task.render_dir, self.number)) or None

    def _make_thumb(self, record):
        try:
            thumbs.make(self.task.scene, records.thumb_path(self.task.render_dir, self.number))
        except Exception as raised:  # The frame is good without it.
            print("tablao: no thumbnail of frame %d: %s" % (self.number, raised))

    def _tell_flamenco(self, printed, seconds, error):
        """Prints the lines that Flamenco's worker counts, unless Blender has printed them in a form that it knows."""
        if error is not None:
            print("tablao: frame %d failed: %s" % (self.number, error))
        else:
            log_is_read = self.task.log.is_read
            # Without a copy of the log: up to 3.6 Blender's own line begins with a space, which the worker overlooks.
            had_time = logs.TIME_LINE.search(printed) if log_is_read else bpy.app.version >= (4, 0, 0)
            if log_is_read and not logs.SAVED_LINE.search(printed):
                print("Saved: '%s'" % self.path)
            if not had_time:
                print("Time: %02d:%05.2f" % divmod(seconds, 60))
        _flush()

    def tell_skipped(self):
        """The line by which Flamenco's worker counts a frame that needs no rendering."""
        print('skipping existing frame "%s"' % self.path)
        _flush()


def _plain(text):
    """Blender's reports without their prefix, each once."""
    lines = [line.strip().removeprefix("Error: ") for line in text.splitlines() if line.strip()]
    return "\n".join(dict.fromkeys(lines))


def _flush():
    sys.stdout.flush()


def _size(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return None
