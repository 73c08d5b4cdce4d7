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

    Where everything is muted 3.4 and 4.3 render nothing at all, and 5.2 what the camera sees: seen there, and so in the
    sources of 4.4.3 and 5.0.1 (`RE_seq_render_active` asks whether a strip or its channel is muted; that of 4.3 does not).
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
    waiting = [(scene, "SEQUENCER" if shows_sequence(scene) else "CAMERA", has_camera(scene), set(frames or ()))]
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
    uneven = _played_unevenly(scene)
    for strip in strips(scene):
        if strip.type != "SCENE" or strip.scene is None:
            continue
        shown = strip.scene
        on = [] if frames is None else frames_on(strip, frames)
        if frames is not None and not on:
            continue
        is_sequence = strip.scene_input == "SEQUENCER" and shown.sequence_editor is not None
        is_plain = strip not in uneven and not strip.use_reverse_frames
        yield (shown, "SEQUENCER" if is_sequence else "CAMERA", strip.scene_camera is not None or has_camera(shown),
               {_frame_in(strip, frame) for frame in on} if is_plain else set())


def has_camera(scene):
    return scene.camera is not None or any(marker.camera for marker in scene.timeline_markers)


def pictures_shown(scene, frames):
    """(strip of pictures, places in its list of those that these frames show), where that can be told."""
    uneven = _played_unevenly(scene)
    for strip in strips(scene):
        if strip.type != "IMAGE" or strip in uneven:
            continue
        places = {_place(strip, frame) for frame in frames_on(strip, frames)}
        yield strip, sorted(place for place in places if place < len(strip.elements))


def frames_on(strip, frames):
    """Those on which the strip is seen."""
    return [frame for frame in frames if strip.frame_final_start <= frame < strip.frame_final_end]


def _place(strip, frame):
    """What was cut off at its beginning is still in the list."""
    position = _position(strip, frame)
    if strip.use_reverse_frames:
        position = strip.frame_duration - 1 - position
    return position + strip.animation_offset_start


def _position(strip, frame):
    """The first and the last picture are held beyond the strip's own length."""
    return min(max(int(frame - strip.frame_start), 0), max(strip.frame_duration - 1, 0))


def _played_unevenly(scene):
    """Strips whose pictures do not simply follow one another."""
    shown = strips(scene)
    return {strip.input_1 for strip in shown if strip.type == "SPEED"} | {strip for strip in shown if _is_retimed(strip)}


def _is_retimed(strip):
    return (getattr(strip, "strobe", 1) > 1 or getattr(strip, "speed_factor", 1) != 1
            or len(getattr(strip, "retiming_keys", ())) > 0)


def _frame_in(strip, frame):
    """Seen in Blender 3.4: a scene begins with its own first frame, and stands still beyond the ends of the strip."""
    return strip.scene.frame_start + strip.animation_offset_start + _position(strip, frame)
