"""Shots with other scenes in their pictures: as layers in the compositor, or as background. As make_check_shots.py has
them, which saves them."""

import contextlib

import bpy

from scene_strip_shots import edited
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
    with in_scene(other):
        bpy.ops.mesh.primitive_cube_add(location=(0, 0, 5))
        other.camera = add_camera("Camera of the other", (0, -9, 2.5), (1.3, 0, 0))
    return scene, other


@contextlib.contextmanager
def in_scene(scene):
    """What is added meanwhile is added there."""
    shown = bpy.context.window.scene
    bpy.context.window.scene = scene
    try:
        yield
    finally:
        bpy.context.window.scene = shown


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
    with in_scene(scene):
        bpy.ops.rigidbody.world_add()
    world = scene.rigidbody_world
    if world.collection is None:
        world.collection = bpy.data.collections.new("Bodies")
    world.collection.objects.link(next(thing for thing in scene.objects if thing.type == "MESH"))


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


def let_rain(scene):
    """On falling drops alone a frame does not need those before."""
    with in_scene(scene):
        bpy.ops.mesh.primitive_ico_sphere_add(radius=0.1)
        drop = bpy.context.object
        bpy.ops.mesh.primitive_plane_add(size=4, location=(0, 0, 3))
        plane = bpy.context.object
    plane.modifiers.new("Rain", "PARTICLE_SYSTEM")
    settings = plane.particle_systems[0].settings
    settings.count, settings.frame_end = 20, 20
    settings.render_type, settings.instance_object = "OBJECT", drop


def put_roof(scene):
    with in_scene(scene):
        bpy.ops.mesh.primitive_plane_add(size=6, location=(0, 0, 2.9))
        bpy.context.object.modifiers.new("Collision", "COLLISION")


@shot
def layers_where_it_rains():
    let_rain(layered())
    put_roof(bpy.context.scene)


@shot
def layers_where_it_rains_on_a_roof():
    other = layered()
    let_rain(other)
    put_roof(other)


@shot
def background_where_it_rains():
    """Tried: of the background itself nothing stops its rain."""
    other = background()
    let_rain(other)
    put_roof(other)


@shot
def background_where_it_rains_on_a_roof():
    let_rain(background())
    put_roof(bpy.context.scene)


@shot
def strip_where_it_rains_on_a_roof():
    scene, _ = start()
    let_rain(scene)
    put_roof(scene)
    edited(scene)
