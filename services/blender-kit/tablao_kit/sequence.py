"""The video sequencer, and the scenes that a picture is made of: strips show other scenes, at another time if they like."""

import collections

import bpy

# One scene as it is seen: "SEQUENCER" = by its own strips, "CAMERA" = its objects and its compositor. `frames` are the
# scene's own numbers, ascending; none where they cannot be told.
View = collections.namedtuple("View", "scene kind has_camera frames")


def strips(scene):
    """Every strip that the scene's sequence shows or plays, those in meta strips too: none that is muted."""
    return [] if scene.sequence_editor is None else _in(scene.sequence_editor)


def _in(owner):
    """Of an editor or a meta strip. Each has channels of its own, which can be muted as well."""
    found = []
    for strip in _own(owner):
        if not strip.mute and not _is_muted(owner, strip.channel):
            found += _in(strip) if strip.type == "META" else [strip]
    return found


def _own(owner):
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def _is_muted(owner, number):
    # Channels came with Blender 3.3.
    channels = getattr(owner, "channels", ())
    return number < len(channels) and channels[number].mute


def shows_sequence(scene):
    """Whether the pictures come from the video sequencer instead of a camera.

    Where everything is muted 3.4 and 4.3 render nothing at all, and 5.2 what the camera sees.
    """
    editor = scene.sequence_editor
    if not scene.render.use_sequencer or editor is None:
        return False
    return any(strip.type != "SOUND" and (
        bpy.app.version < (4, 4, 0) or not strip.mute and not _is_muted(editor, strip.channel)) for strip in _own(editor))


def views(scene, frames=None):
    """What the pictures of these frames are made of: the scene itself, and whatever its strips show, and theirs.

    Without frames: whatever is seen at any time.
    """
    found = {}
    waiting = [(scene, "SEQUENCER" if shows_sequence(scene) else "CAMERA", _has_camera(scene), set(frames or ()))]
    while waiting:
        *key, own = waiting.pop()
        key = tuple(key)
        new = own - found.get(key, set())
        if key in found and not new:
            continue
        found[key] = found.get(key, set()) | new
        if key[1] == "SEQUENCER":
            waiting += _views_of_strips(key[0], None if frames is None else new)
    return [View(*key, sorted(own)) for key, own in found.items()]


def by_camera(scene):
    """The scenes whose objects are in its pictures by strips, or because it has none."""
    return list(dict.fromkeys(view.scene for view in views(scene) if view.kind == "CAMERA"))


def by_sequence(scene):
    """The scenes whose strips are in its pictures."""
    return list(dict.fromkeys(view.scene for view in views(scene) if view.kind == "SEQUENCER"))


def _views_of_strips(scene, frames):
    played_otherwise = {strip.input_1 for strip in strips(scene) if strip.type == "SPEED"}
    for strip in strips(scene):
        if strip.type != "SCENE" or strip.scene is None:
            continue
        shown = strip.scene
        on = [] if frames is None else [
            frame for frame in frames if strip.frame_final_start <= frame < strip.frame_final_end]
        if frames is not None and not on:
            continue
        is_sequence = strip.scene_input == "SEQUENCER" and shown.sequence_editor is not None
        has_camera = strip.scene_camera is not None or _has_camera(shown)
        is_plain = strip not in played_otherwise and not _is_retimed(strip)
        yield (shown, "SEQUENCER" if is_sequence else "CAMERA", has_camera,
               {_frame_in(strip, frame) for frame in on} if is_plain else set())


def _has_camera(scene):
    return scene.camera is not None or any(marker.camera for marker in scene.timeline_markers)


def _is_retimed(strip):
    return (strip.use_reverse_frames or strip.strobe > 1 or getattr(strip, "speed_factor", 1) != 1
            or len(getattr(strip, "retiming_keys", ())) > 0)


def _frame_in(strip, frame):
    """Seen in Blender 3.4: a scene begins with its own first frame, and stands still beyond the ends of the strip."""
    position = min(max(int(frame - strip.frame_start), 0), max(strip.frame_duration - 1, 0))
    return strip.scene.frame_start + strip.animation_offset_start + position
