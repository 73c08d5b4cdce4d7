"""What keeps a shot from rendering as its maker meant it. Each question is asked by itself and yields findings."""

import bpy

from . import addons, engines, images, missing, plan as plans, scripts, sequence, simulations
from .finding import error, warning
from .prepare import prepare
from .unfit import Unfit

# More than this of one kind help nobody, and the record is read on each pass.
MOST_OF_A_KIND = 50

# What makes every frame wrong.
_STANDING = (missing.libraries, missing.caches, missing.fonts, missing.movie_clips, missing.node_files,
             engines.unknown_engine, engines.unknown_nodes, engines.no_denoiser, engines.missing_view_cameras,
             scripts.drivers, engines.no_camera, engines.nothing_to_render, engines.no_pixels)
# The same, of what was printed while the file was opened.
_OPENED = (missing.data, engines.unknown_colors)
# What is only worth knowing.
_ONCE = (engines.other_colors, missing.sounds, scripts.blocked_texts, addons.left_out)
# What may be wrong on some frames, of what is seen through a camera.
_OF_FRAMES = (missing.volume_frames, simulations.unbaked)


def examine(plan, render_dir, opening):
    """(scene, device, findings). The settings are applied as for rendering, so that their faults show too.

    `opening`: what Blender printed while it opened the file.
    """
    found = []
    scene, device = None, ""
    try:
        scene, device = prepare(plan, render_dir)
    except Unfit as unfit:
        found.append(error(unfit.code, unfit.message, unfit.action))
    except Exception as problem:
        # Rendering would come upon the same.
        found.append(error("kitFailed", "Tablao cannot prepare this shot: %s: %s" % (type(problem).__name__, problem),
                           "Please report this with the file."))
    if scene is None:
        scene = next((known for known in bpy.data.scenes if known.name == plan.get("scene")), bpy.context.scene)
    frames = _frames(plan, scene)
    for question in _OPENED + (scripts.failed_texts,):
        found += _ask(question, scene, opening)
    for question in _STANDING + _ONCE:
        found += _ask(question, scene)
    found += _ask(unused_images, scene)
    found += _of_frames(scene, frames)
    found += _out_of_order(scene, frames, simulations.CHECK_SECONDS)
    return scene, device, found


def _frames(plan, scene):
    try:
        return plans.frames_of(plan.get("frames", ""))
    except plans.BadPlan:
        return [scene.frame_current]


def standing(scene, opening, frames):
    """What makes the pictures of a task's frames wrong although Blender renders them, whichever it is."""
    found = []
    for question in _OPENED:
        found += _ask(question, scene, opening)
    for question in _STANDING:
        found += _ask(question, scene)
    found += _out_of_order(scene, frames, simulations.TASK_SECONDS)
    return _errors(found)


def of_frame(scene, frame):
    """What makes this frame's picture wrong although Blender renders it."""
    return _errors(_of_frames(scene, [frame]))


def _of_frames(scene, frames):
    seen = sequence.views(scene, frames)
    found = _ask(missing_images, scene, [view for view in seen if view.kind == "CAMERA"])
    for view in seen:
        if view.frames and view.kind == "SEQUENCER":
            found += _ask(missing.strip_files, view.scene, view.frames)
        elif view.frames:
            for question in _OF_FRAMES:
                found += _ask(question, view.scene, view.frames)
    return found


def _out_of_order(scene, frames, seconds):
    seen = [view for view in sequence.views(scene, frames) if view.kind == "CAMERA" and view.frames]
    return [entry for view in seen
            for entry in _ask(simulations.out_of_order, view.scene, view.frames, seconds / len(seen))]


def _errors(found):
    return [entry for entry in found if entry["level"] == "error"]


def _ask(question, *about):
    """The answers, each once: the same block can stand in several collections. A question must not end the check."""
    try:
        found = list({(entry["code"], entry["message"]): entry for entry in question(*about)}.values())
    except Exception as problem:
        return [warning("checkFailed", "%s could not be looked at: %s" % (question.__name__, problem),
                        "The frames are rendered all the same.")]
    left = len(found) - MOST_OF_A_KIND
    if left <= 0:
        return found
    last = found[MOST_OF_A_KIND - 1]
    return found[:MOST_OF_A_KIND] + [dict(last, message="And %d more of this kind." % left, action="")]


def unused_images(scene):
    """Images that are not there and that no picture shows."""
    for path in images.missing_elsewhere(scene):
        yield warning("missingImage", "The image %s is not there; no picture shows it." % path, missing.UNUSED)


def missing_images(scene, views):
    """Images that are not packed and not there, or no pictures; of sequences each frame that these views show."""
    lost, broken = images.missing(scene), images.unreadable(scene)
    for view in views:
        for frame in view.frames:
            lost |= images.missing_of_frame(view.scene, frame)
            broken |= images.unreadable_of_frame(view.scene, frame)
    for path in sorted(lost):
        yield error("missingImage", "The image %s is not there." % path,
                    "Upload it, or pack it into the file (File > External Data > Pack Resources).")
    for path in sorted(broken):
        yield error("brokenImage", "%s is no image that Blender can read." % path, "Export it anew and upload it.")
