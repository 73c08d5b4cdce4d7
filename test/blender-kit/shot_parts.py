"""What the made shots have in common. Works in Blender 3.4 to 5.x."""

import os
import sys

import bpy

FOLDER = sys.argv[sys.argv.index("--") + 1]


def start():
    """A moving cube before a camera, 64 × 36 pixels."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = 64, 36
    render.image_settings.file_format = "PNG"
    render.filepath = "//out/shot_####"
    scene.frame_start, scene.frame_end = 1, 24
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    scene.world = bpy.data.worlds.new("World")
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    for frame, place in ((1, -2.0), (24, 2.0)):
        cube.location.x = place
        cube.keyframe_insert("location", frame=frame)
    bpy.ops.object.light_add(type="SUN", rotation=(0.6, 0.3, 0))
    scene.camera = add_camera("Camera", (0, -9, 2.5), (1.3, 0, 0))
    return scene, cube


def add_camera(name, location, rotation):
    bpy.ops.object.camera_add(location=location, rotation=rotation)
    bpy.context.object.name = name
    return bpy.context.object


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FOLDER, name + ".blend"), compress=True)


def textured_material():
    """A material, and a function that adds an image to what it shows and returns its node."""
    material = bpy.data.materials.new("Textured")
    material.use_nodes = True
    tree = material.node_tree
    shader = tree.nodes["Principled BSDF"]
    inputs = iter(socket for socket in shader.inputs if socket.type == "RGBA")

    def show(image):
        node = tree.nodes.new("ShaderNodeTexImage")
        node.image = image
        tree.links.new(node.outputs["Color"], next(inputs))
        return node
    return material, show


def compositor_tree(scene):
    """An empty compositor tree, and the socket of it that gives the picture."""
    if hasattr(scene, "compositing_node_group"):
        tree = bpy.data.node_groups.new("Compositor", "CompositorNodeTree")
        scene.compositing_node_group = tree
        tree.interface.new_socket(name="Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        return tree, tree.nodes.new("NodeGroupOutput").inputs[0]
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    return scene.node_tree, scene.node_tree.nodes.new("CompositorNodeComposite").inputs[0]
