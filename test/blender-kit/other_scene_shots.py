"""Shots with other scenes in their pictures: as layers in the compositor, or as background. As make_check_shots.py has
them, which saves them."""

import bpy

from shot_parts import add_camera, compositor_tree, start, textured_material

SHOTS = []


def shot(make):
    SHOTS.append(make)
    return make


def other_scene():
    """A scene with a cube, and the scene that is rendered."""
    scene, _ = start()
    other = bpy.data.scenes.new("Other")
    other.render.engine, other.cycles.samples, other.cycles.use_denoising = "CYCLES", 1, False
    bpy.context.window.scene = other
    bpy.ops.mesh.primitive_cube_add(location=(0, 0, 5))
    other.camera = add_camera("Camera of the other", (0, -9, 2.5), (1.3, 0, 0))
    bpy.context.window.scene = scene
    return scene, other


def layered(is_linked=True):
    """The other scene over this one, by the compositor."""
    scene, other = other_scene()
    tree, output = compositor_tree(scene)
    own, others = (tree.nodes.new("CompositorNodeRLayers") for _ in range(2))
    own.scene, others.scene = scene, other
    over = tree.nodes.new("CompositorNodeAlphaOver")
    pictures = [socket for socket in over.inputs if socket.type == "RGBA"]
    tree.links.new(own.outputs["Image"], pictures[0])
    if is_linked:
        tree.links.new(others.outputs["Image"], pictures[1])
    tree.links.new(over.outputs[0], output)
    return other


def background():
    scene, other = other_scene()
    scene.background_set = other
    other.camera = None
    return other


def let_fall(scene):
    """Its cube, as a rigid body that was never simulated."""
    shown = bpy.context.window.scene
    bpy.context.window.scene = scene
    bpy.ops.rigidbody.world_add()
    world = scene.rigidbody_world
    if world.collection is None:
        world.collection = bpy.data.collections.new("Bodies")
    world.collection.objects.link(next(thing for thing in scene.objects if thing.type == "MESH"))
    bpy.context.window.scene = shown


@shot
def layers_of_another_scene():
    layered()


@shot
def layers_without_camera():
    layered().camera = None


@shot
def layers_without_layer():
    layered().view_layers[0].use = False


@shot
def layers_with_noise():
    layered().cycles.use_denoising = True


@shot
def layers_with_noise_unlinked():
    layered(is_linked=False).cycles.use_denoising = True


@shot
def layers_that_fall():
    let_fall(layered())


@shot
def layers_of_an_engine():
    class Engine(bpy.types.RenderEngine):
        bl_idname, bl_label = "TABLAO_OTHER", "Test"
    bpy.utils.register_class(Engine)
    layered().render.engine = "TABLAO_OTHER"


@shot
def background_of_an_engine():
    """Its objects are rendered, by this scene's engine."""
    background().render.engine = "BLENDER_WORKBENCH"


@shot
def background_without_texture():
    other = background()
    material, show = textured_material()
    image = bpy.data.images.new("Lost", 4, 4)
    image.source, image.filepath = "FILE", "//lost.png"
    show(image)
    next(thing for thing in other.objects if thing.type == "MESH").data.materials.append(material)


@shot
def background_that_falls():
    let_fall(background())
