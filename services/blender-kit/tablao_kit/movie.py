"""The preview video: frames in order through ffmpeg, with the sequencer's sound."""

import os
import shutil
import subprocess
import tempfile
import time

import bpy

from . import plan as plans, records, thumbs
from .prepare import choose_scene

# What ffmpeg decodes and what shows the scene's colours as they are. Linear and log files go through Blender.
SHOWN_AS_THEY_ARE = {"PNG", "JPEG", "BMP", "TARGA", "TARGA_RAW", "TIFF", "WEBP"}
# Written without the view transform.
LINEAR = {"OPEN_EXR", "OPEN_EXR_MULTILAYER", "HDR", "DPX", "CINEON"}

# Even sides, as yuv420p needs them, and at most 1920 pixels wide: it is a preview.
SIZE_FILTER = "scale='min(1920,iw)':-2,pad=ceil(iw/2)*2:ceil(ih/2)*2"
FFMPEG_SECONDS = 3600
MIX_SECONDS = 300


class NoVideo(Exception):
    """Why there is no video."""


def make(plan, render_dir):
    """Writes <render_dir>/preview.mp4. Raises NoVideo, or what Blender and ffmpeg raise."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise NoVideo("ffmpeg is not on the PATH")
    scene = choose_scene(plan.get("scene"))
    frames = _frames(plan, render_dir)
    if not frames:
        raise NoVideo("there are no frames")
    fps = plan.get("fps") or scene.render.fps / scene.render.fps_base
    with tempfile.TemporaryDirectory(prefix="tablao-") as folder:
        pictures = _pictures(plan, scene, frames, folder)
        result = os.path.join(folder, "preview.mp4")
        sound = _sound(scene, frames, folder)
        _encode(ffmpeg, pictures, fps, sound, _is_transparent(scene, plan), result)
        records.put_file(result, os.path.join(render_dir, "preview.mp4"))
    print("tablao: preview.mp4 of %d frames at %g frames a second" % (len(frames), fps))


def _frames(plan, render_dir):
    """[(frame, path)] of what is there, in order; of several views the first one."""
    found = []
    for frame in plans.frames_of(plan["frames"]):
        record = records.read_json(records.frame_path(render_dir, frame)) or {}
        own = [file["path"] for file in record.get("files", []) if not file["path"].startswith("outputs/")]
        names = [plans.file_stem(plan, frame) + plan["extension"]] + own
        paths = [os.path.join(render_dir, name) for name in names]
        path = next((path for path in paths if os.path.isfile(path) and os.path.getsize(path) > 0), None)
        if path is not None:
            found.append((frame, path))
    return found


def _pictures(plan, scene, frames, folder):
    """Paths of files that ffmpeg can show."""
    if plan["format"] in SHOWN_AS_THEY_ARE:
        return [path for _, path in frames]
    if plan["format"] not in LINEAR:
        # The transform is in the file: only back from what Blender makes of it on reading.
        view = scene.view_settings
        view.view_transform, view.look, view.exposure, view.gamma = "Standard", "None", 0, 1
        view.use_curve_mapping = False
    shown = []
    with thumbs.jpeg_settings(scene):
        for frame, path in frames:
            shown.append(os.path.join(folder, "%06d.jpg" % frame))
            _show(scene, path, shown[-1])
    return shown


def _show(scene, path, target):
    image = bpy.data.images.load(path)
    try:
        image.save_render(target, scene=scene)
    finally:
        bpy.data.images.remove(image)


def _is_transparent(scene, plan):
    return plan["format"] in {"PNG", "TIFF", "WEBP", "TARGA", "TARGA_RAW"} \
        and scene.render.image_settings.color_mode == "RGBA" and scene.render.film_transparent


def _sound(scene, frames, folder):
    """The sequencer's sound from the first to the last frame, or None. Frames in one run only: else it would not fit."""
    editor = scene.sequence_editor
    numbers = [frame for frame, _ in frames]
    if editor is None or numbers[-1] - numbers[0] + 1 != len(numbers):
        return None
    strips = getattr(editor, "strips_all", None) or getattr(editor, "sequences_all", [])
    if not any(strip.type == "SOUND" and not strip.mute for strip in strips):
        return None
    path = os.path.join(folder, "sound.wav")
    scene.frame_start, scene.frame_end = numbers[0], numbers[-1]
    try:
        with bpy.context.temp_override(scene=scene):
            bpy.ops.sound.mixdown(filepath=path, check_existing=False, relative_path=False, container="WAV", codec="PCM",
                                  format="S16")
    except Exception as problem:  # The video is worth having without it.
        print("tablao: the preview has no sound: %s" % problem)
        return None
    if not _is_whole_wav(path):
        print("tablao: the preview has no sound: mixing it took too long")
        return None
    return path


def _is_whole_wav(path):
    """Waits for the end of the mix: in Blender 5 the operator comes back at once and a thread goes on writing."""
    deadline = time.monotonic() + MIX_SECONDS
    while time.monotonic() < deadline:
        try:
            with open(path, "rb") as file:
                header = file.read(8)
            # The length in the header is put right at the very end.
            if header[:4] == b"RIFF" and int.from_bytes(header[4:8], "little") + 8 == os.path.getsize(path):
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def _encode(ffmpeg, pictures, fps, sound, transparent, result):
    with open(result + ".txt", "w", encoding="utf-8") as listing:
        listing.write("ffconcat version 1.0\n")
        for path in pictures:
            listing.write("file 'file:%s'\nduration %.9f\n" % (path.replace("'", "'\\''"), 1 / fps))
    command = [ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-y",
               "-f", "concat", "-safe", "0", "-i", result + ".txt"]
    if sound:
        command += ["-i", sound]
    # Over black, as a viewer shows it: the colours under full transparency mean nothing.
    filters = ("format=gbrap,premultiply=inplace=1," if transparent else "") + SIZE_FILTER
    command += ["-vf", filters, "-r", "%.6f" % fps, "-frames:v", str(len(pictures)),
                "-c:v", "libx264", "-crf", "20", "-preset", "medium", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    if sound:
        command += ["-c:a", "aac", "-b:a", "160k", "-shortest"]
    run = subprocess.run(command + [result], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=FFMPEG_SECONDS)
    if run.returncode != 0:
        said = run.stdout.decode("utf-8", "replace").strip().splitlines()
        raise NoVideo("ffmpeg ended with %d: %s" % (run.returncode, " | ".join(said[-3:])))
