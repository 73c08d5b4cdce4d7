"""Parts that the scenes of both tables are put together from: small, quick, the same on every run."""

import json
import os
import shutil
import struct
import sys

import bpy

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"

ARGS = sys.argv[sys.argv.index("--") + 1:]
FOLDER = os.path.abspath(ARGS[0])
MADE = []


def one_project(make):
    """Marks what makes a project: its name is that of the function, its docstring stands in the table."""
    MADE.append(make)
    return make


def make_projects():
    """Makes those that the command line names, else all, and tells of all in made.json."""
    texts = {make.__name__.replace("_", "-"): make.__doc__ for make in MADE}
    wanted = ARGS[1:] or texts
    for name, make in zip(texts, MADE):
        if name in wanted:
            make(Project(os.path.join(FOLDER, name)))
    with open(os.path.join(FOLDER, "made.json"), "w", encoding="utf-8") as file:
        json.dump(texts, file)


class Project:
    """The folder of one shot. Everything is made inside it."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)

    def path(self, name):
        """Absolute path of a file of the project; its folder is there."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def save(self, name="shot.blend", compress=True):
        bpy.ops.wm.save_as_mainfile(filepath=self.path(name), compress=compress, relative_remap=False)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def remove(self, name):
        path = os.path.join(self.folder, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def patch(self, before, after, name="shot.blend"):
        """Replaces bytes of the saved file (not compressed): for what Blender's own interface refuses to set."""
        with open(self.path(name), "rb") as file:
            content = file.read()
        assert before in content, "nothing to patch in %s" % name
        self.write(name, content.replace(before, after))

    def picture(self, name, color=(0.8, 0.4, 0.1), size=8):
        """A picture file with a bright corner, so that its place and turn show."""
        image = bpy.data.images.new("picture", size, size)
        pixels = [*color, 1.0] * (size * size)
        pixels[0:4] = [1.0, 1.0, 1.0, 1.0]
        image.pixels = pixels
        image.filepath_raw = self.path(name)
        image.file_format = "PNG"
        image.save()
        bpy.data.images.remove(image)

    def sound(self, name, seconds=1):
        """A silent tone: what is in it does not matter here."""
        samples = bytes(8000 * 2 * seconds)
        header = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data"
        body = header + struct.pack("<I", len(samples)) + samples
        self.write(name, b"RIFF" + struct.pack("<I", len(body)) + body)


def start(engine="BLENDER_WORKBENCH", frames=1):
    """A cube that moves and turns before a camera, under a sun, 48 × 27 pixels. Returns (scene, cube)."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render = scene.render
    render.engine = engine
    render.resolution_x, render.resolution_y, render.resolution_percentage = 48, 27, 100
    render.filepath = "//out/pic_####"
    render.image_settings.file_format = "PNG"
    scene.frame_start, scene.frame_end = 1, frames
    scene.cycles.samples = 2
    scene.eevee.taa_render_samples = 1
    scene.cycles.use_denoising = False
    scene.world = bpy.data.worlds.new("World")
    scene.world.color = (0.05, 0.1, 0.2)
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    for frame, place in ((1, -1.5), (6, 1.5)):
        cube.location.x = place
        cube.rotation_euler.z = place
        cube.keyframe_insert("location", frame=frame)
        cube.keyframe_insert("rotation_euler", frame=frame)
    bpy.ops.object.light_add(type="SUN", rotation=(0.6, 0.3, 0))
    bpy.context.object.data.energy = 3
    scene.camera = add_camera("Camera")
    return scene, cube


def start_bare(engine, frames=2):
    """The same without dates, render times and paths in the pictures."""
    scene, cube = start(engine, frames)
    for name in dir(scene.render):
        if name.startswith("use_stamp"):
            setattr(scene.render, name, False)
    return scene, cube


def add_camera(name, location=(0, -9, 2.5)):
    bpy.ops.object.camera_add(location=location, rotation=(1.3, 0, 0))
    bpy.context.object.name = name
    return bpy.context.object


def add_material(thing, name="Material"):
    """A material with nodes on `thing`. Returns its node tree."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    thing.data.materials.append(material)
    return material.node_tree


def add_texture(thing, path, source="FILE"):
    """A picture on `thing`, by the path as stored. Returns its node; nothing is loaded."""
    image = bpy.data.images.new(os.path.basename(path), 8, 8)
    image.source = source
    image.filepath = path
    tree = add_material(thing)
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    tree.links.new(node.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    return node


def link(project, library, collection, into="shot.blend"):
    """Links a collection of a saved library into the scene, by a relative path, as the user interface does."""
    project.save(into)
    with bpy.data.libraries.load(project.path(library), link=True, relative=True) as (_, wanted):
        wanted.collections = [collection]
    bpy.context.scene.collection.children.link(wanted.collections[0])


def start_library(name):
    """A file with one collection `name` and a small cube in it, to be linked. Returns the cube."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 1.5))
    thing = bpy.context.object
    thing.name = name
    collection = bpy.data.collections.new(name)
    collection.use_fake_user = True
    collection.objects.link(thing)
    bpy.context.scene.collection.objects.unlink(thing)
    return thing


def add_script(code):
    """A text of the file that runs when it is opened, where scripts may run."""
    text = bpy.data.texts.new("startup.py")
    text.write(code)
    text.use_module = True


def sequencer(scene):
    """The scene's picture comes from its (empty) sequencer. Returns its strips."""
    scene.sequence_editor_create()
    return scene.sequence_editor.sequences


def edit_of(scene, from_frame=1):
    """A scene of its own, which is rendered for two frames: its only strip shows `scene` from this frame of it on."""
    edit = bpy.data.scenes.new("Edit")
    render = edit.render
    render.engine = "BLENDER_WORKBENCH"
    render.resolution_x, render.resolution_y, render.resolution_percentage = 48, 27, 100
    render.filepath = "//out/pic_####"
    edit.frame_start, edit.frame_end = 1, 2
    strip = sequencer(edit).new_scene("Shot", scene, 1, 1)
    strip.frame_start = 2 - from_frame
    strip.frame_final_start = 1
    for name in dir(render):
        if name.startswith("use_stamp"):
            setattr(render, name, False)
    bpy.context.window.scene = edit


def add_sculpted(project, path):
    """A ball whose shape is sculpted (Multiresolution) and stands in a file of the project. The scene is saved first."""
    bpy.ops.mesh.primitive_cube_add(size=3, location=(0, 0, 1))
    rock = bpy.context.object
    rock.name = rock.data.name = "Rock"
    rock.modifiers.new("Multires", "MULTIRES")
    for _ in range(2):
        bpy.ops.object.multires_subdivide(modifier="Multires")
    bpy.ops.object.duplicate()
    shape = bpy.context.object
    bpy.ops.object.modifier_apply(modifier="Multires")
    for number, vertex in enumerate(shape.data.vertices):
        vertex.co *= 1.6 if number % 2 else 0.8
    bpy.context.view_layer.objects.active = rock
    rock.select_set(True)
    bpy.ops.object.multires_reshape(modifier="Multires")
    bpy.data.objects.remove(shape)
    project.save()
    bpy.ops.object.multires_external_save(modifier="Multires", filepath=project.path(path))


def scene_over(scene):
    """A second scene with a camera and no object of its own, as the one that is rendered. Returns it."""
    over = bpy.data.scenes.new("Over")
    for name in ("engine", "resolution_x", "resolution_y", "resolution_percentage", "filepath"):
        setattr(over.render, name, getattr(scene.render, name))
    for name in dir(over.render):
        if name.startswith("use_stamp"):
            setattr(over.render, name, False)
    over.frame_start, over.frame_end = scene.frame_start, scene.frame_end
    over.cycles.samples = 2
    over.cycles.use_denoising = False
    over.world = scene.world
    bpy.context.window.scene = over
    over.camera = add_camera("Over", location=(1, -9, 2.5))
    return over


def add_cloth(location=(0, 0, 2)):
    """A sheet that falls on the cube. Returns its point cache."""
    bpy.ops.mesh.primitive_grid_add(size=3, x_subdivisions=8, y_subdivisions=8, location=location)
    modifier = bpy.context.object.modifiers.new("Cloth", "CLOTH")
    modifier.point_cache.frame_end = 6
    return modifier.point_cache


def bake(cache):
    """Bakes a point cache from its first frame to its last."""
    with bpy.context.temp_override(scene=bpy.context.scene, point_cache=cache):
        bpy.ops.ptcache.bake(bake=True)


def compositor(scene):
    """The scene's compositor with its picture passed through. Returns (tree, layers node, composite node)."""
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    layers = tree.nodes.new("CompositorNodeRLayers")
    composite = tree.nodes.new("CompositorNodeComposite")
    tree.links.new(layers.outputs["Image"], composite.inputs["Image"])
    return tree, layers, composite
