"""Makes the small shots that the whole-loop tests render: Workbench, 64 x 36 pixels, a cube that turns."""

import os
import sys

import bpy

folder = sys.argv[sys.argv.index("--") + 1]


def new_shot():
    bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = 64, 36
    scene.render.resolution_percentage = 100
    scene.frame_start, scene.frame_end = 1, 5
    cube = bpy.data.objects["Cube"]
    cube.keyframe_insert("rotation_euler", frame=1)
    cube.rotation_euler[2] = 1.5
    cube.keyframe_insert("rotation_euler", frame=5)
    return scene


def save(name, compress=False):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, name), compress=compress)


scene = new_shot()
scene.frame_step = 2
scene.render.filepath = "//out/take_###"
save("first.blend")

scene = new_shot()
scene.render.filepath = "//"
bpy.ops.scene.new(type="FULL_COPY")
bpy.context.scene.name = "Other"
bpy.context.window.scene = scene
save("second.blend", compress=True)

scene = new_shot()
scene.frame_end = 2
scene.render.image_settings.file_format = "FFMPEG"
scene.render.filepath = "//clip"
save("movie.blend")

scene = new_shot()
bpy.data.objects.remove(bpy.data.objects["Camera"])
save("nocamera.blend")

scene = new_shot()
image = bpy.data.images.new("wood", 8, 8)
image.filepath = "//textures/wood.png"
image.source = "FILE"
material = bpy.data.objects["Cube"].active_material
material.use_nodes = True
material.node_tree.nodes.new("ShaderNodeTexImage").image = image
save("texture.blend")

scene = new_shot()
scene.render.engine = "CYCLES"
scene.cycles.samples = 256
scene.cycles.use_denoising = False
scene.cycles.use_adaptive_sampling = False
scene.render.resolution_x, scene.render.resolution_y = 200, 120
scene.frame_end = 8
scene.render.filepath = "//f_##"
save("slow.blend")
