"""Shots whose pictures are other scenes, shown by strips: as make_check_shots.py has them, which saves them."""

import os

import bpy

from shot_parts import FOLDER, add_camera, start, textured_material

SHOTS = []
# The strips begin so far in the scene that they show: the first frame of the edit is this frame of it.
FIRST_SHOWN = 7


def shot(make):
    SHOTS.append(make)
    return make


def strips_of(scene):
    editor = scene.sequence_editor
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def edited(scene, scene_input="CAMERA"):
    """A scene of its own, which is rendered, whose strip shows `scene` from FIRST_SHOWN on. Returns the strip."""
    edit = bpy.data.scenes.new("Edit")
    edit.render.engine = "BLENDER_WORKBENCH"
    edit.frame_start, edit.frame_end = 1, 4
    edit.sequence_editor_create()
    strip = strips_of(edit).new_scene("Strip", scene, 1, 1)
    strip.frame_start = 2 - FIRST_SHOWN
    strip.frame_final_start = 1
    strip.scene_input = scene_input
    bpy.context.window.scene = edit
    return strip


def pictures(stem, numbers):
    for number in numbers:
        image = bpy.data.images.new("picture", 2, 2)
        image.file_format = "PNG"
        image.filepath_raw = os.path.join(FOLDER, "%s_%04d.png" % (stem, number))
        image.save()
        bpy.data.images.remove(image)


def with_sequence(stem, numbers):
    """Of a sequence on the cube there are these pictures."""
    scene, cube = start()
    pictures(stem, numbers)
    image = bpy.data.images.new("Sequence", 4, 4)
    image.source, image.filepath = "SEQUENCE", "//%s_0001.png" % stem
    material, show = textured_material()
    user = show(image).image_user
    user.frame_start, user.frame_duration, user.use_auto_refresh = 1, 24, True
    cube.data.materials.append(material)
    return scene


@shot
def strip_scene():
    edited(with_sequence("late", range(FIRST_SHOWN, FIRST_SHOWN + 4)))


@shot
def strip_scene_cut():
    edited(with_sequence("early", range(1, 5)))


@shot
def strip_scene_played_backwards():
    """On which frames what is seen is not told: nothing is asked of single frames."""
    edited(with_sequence("backwards", range(FIRST_SHOWN, 25))).use_reverse_frames = True


@shot
def strip_scene_without_camera():
    scene, _ = start()
    edited(scene)
    scene.camera = None


@shot
def strip_scene_with_camera_of_the_strip():
    scene, _ = start()
    edited(scene).scene_camera = add_camera("Other", (0, -9, 2.5), (1.3, 0, 0))
    scene.camera = None


@shot
def strip_scene_without_layer():
    scene, _ = start()
    edited(scene)
    scene.view_layers[0].use = False


@shot
def strip_scene_muted():
    """Since Blender 5 the edit then shows what its own camera sees."""
    scene, _ = start()
    edited(scene).mute = True
    bpy.context.window.scene.camera = scene.camera
    scene.camera = None


@shot
def strip_scene_never_seen():
    """The strip begins when the run is over."""
    scene = with_sequence("never", ())
    strip = edited(scene)
    strip.frame_start = 100


def with_strip_of_pictures(stem, numbers):
    """A scene whose strips show so many pictures, of which there are these; its camera is nowhere."""
    scene, _ = start()
    scene.sequence_editor_create()
    pictures(stem, [1])
    strip = strips_of(scene).new_image("Pictures", os.path.join(FOLDER, "%s_0001.png" % stem), 1, 1)
    for number in range(2, 13):
        strip.elements.append("%s_%04d.png" % (stem, number))
    strip.frame_final_end = 13
    os.remove(os.path.join(FOLDER, "%s_0001.png" % stem))
    pictures(stem, numbers)
    scene.camera = None
    return scene


@shot
def strip_of_strips():
    edited(with_strip_of_pictures("strips", range(FIRST_SHOWN, FIRST_SHOWN + 4)), "SEQUENCER")


@shot
def strip_of_strips_cut():
    edited(with_strip_of_pictures("cut_strips", range(1, 5)), "SEQUENCER")


def with_trimmed_strip(stem, numbers, is_reversed=False):
    """The first half of its pictures is cut off for good: the edit begins with the seventh, or with the last."""
    strip = strips_of(with_strip_of_pictures(stem, numbers))[0]
    strip.animation_offset_start = FIRST_SHOWN - 1
    strip.frame_start = 1
    strip.use_reverse_frames = is_reversed


@shot
def strip_trimmed():
    with_trimmed_strip("trimmed", range(FIRST_SHOWN, FIRST_SHOWN + 4))


@shot
def strip_trimmed_cut():
    with_trimmed_strip("cut_trimmed", range(1, FIRST_SHOWN))


@shot
def strip_trimmed_and_reversed():
    with_trimmed_strip("reversed", range(9, 13), True)


@shot
def strip_trimmed_and_reversed_cut():
    with_trimmed_strip("cut_reversed", range(1, 9), True)
