"""Makes shots of one flat colour: blender -b --factory-startup --python make_flat.py -- JSON

JSON: [{"file": path, "colour": [r, g, b], "frames": n, "output": "//f_###", "script": "Python text that runs on load",
"library": "//lib.blend", "camera": bool}], each key but the first may be left out. Workbench, 64 x 36 pixels, no light.
"""

import json
import os
import sys

import bpy


def make(shot):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = 64, 36
    scene.display.shading.light = "FLAT"
    scene.display.shading.color_type = "SINGLE"
    scene.display.shading.single_color = shot.get("colour", [0.5, 0.5, 0.5])
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end = 1, shot.get("frames", 2)
    scene.render.filepath = shot.get("output", "//f_###")
    bpy.ops.mesh.primitive_plane_add(size=1000)
    bpy.context.object.name = "Wall"
    if shot.get("camera", True):
        bpy.ops.object.camera_add(location=(0, 0, 10))
        scene.camera = bpy.context.object
    if "script" in shot:
        text = bpy.data.texts.new("on_load.py")
        text.write(shot["script"])
        text.use_module = True
    if "image" in shot:
        image = bpy.data.images.new("wood", 8, 8)
        image.filepath = shot["image"]
        image.source = "FILE"
        material = bpy.data.materials.new("paint")
        material.use_nodes = True
        material.node_tree.nodes.new("ShaderNodeTexImage").image = image
        bpy.data.objects["Wall"].data.materials.append(material)
    os.makedirs(os.path.dirname(shot["file"]), exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=shot["file"], compress=True)
    if "library" in shot:
        link(shot)


def link(shot):
    """Links the wall of another file; the file must stand in its place by then."""
    place = bpy.path.abspath(shot["library"])
    with bpy.data.libraries.load(place, link=True, relative=True) as (there, here):
        here.objects = [name for name in there.objects if name == "Wall"]
    for linked in here.objects:
        bpy.context.scene.collection.objects.link(linked)
    bpy.ops.wm.save_mainfile(compress=True)


with open(sys.argv[sys.argv.index("--") + 1]) as orders:
    for order in json.load(orders):
        make(order)
