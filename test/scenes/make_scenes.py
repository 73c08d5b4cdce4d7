"""Makes the .blend files that the reader is tested with, and beside each what Blender itself says of it.

    blender --background --factory-startup --python make_scenes.py -- FOLDER [--compress]

FOLDER gets settings.blend, defaults.blend and needs.blend, and a .json of each. Works in Blender 3.4 to 5.2.
What Blender says is asked after the file was opened again: so the .json tells what is in the file, not in memory.
"""

import os
import sys
import wave

import bpy

# The folder with the scenes stays as it is.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import needs
import says
from says import EEVEE, strips_of

ARGS = sys.argv[sys.argv.index("--") + 1 :]
FOLDER = os.path.abspath(ARGS[0])
COMPRESS = "--compress" in ARGS


def start_empty():
    """An empty file without the workspaces, which would be most of it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    shown = bpy.context.window_manager.windows[0].workspace
    bpy.data.batch_remove([one for one in bpy.data.workspaces if one != shown])


def path_of(name):
    return os.path.join(FOLDER, name)


def add_camera(scene):
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    return camera


def set_format(scene, name):
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        kinds = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}
        settings.media_type = kinds.get(name, "IMAGE")
    settings.file_format = name


def make_cycles_scene(scene):
    scene.name = "Küche"
    scene.frame_start, scene.frame_end, scene.frame_step = -5, 48, 3
    render = scene.render
    render.engine = "CYCLES"
    render.fps, render.fps_base = 30, 1.001
    render.resolution_x, render.resolution_y, render.resolution_percentage = 333, 77, 37
    render.filepath = "//out/küche_####"
    render.use_overwrite = False
    render.use_sequencer = False
    set_format(scene, "OPEN_EXR")
    render.image_settings.color_depth = "32"
    scene.cycles.samples = 12
    scene.cycles.use_denoising = False
    scene.cycles.device = "GPU"
    scene.cycles.seed, scene.cycles.max_bounces = 1234567, 3
    scene.frame_set(17)
    render.film_transparent = True
    scene["samples"] = 99
    scene["notes"] = {"samples": 98, "text": "a look-alike"}
    if bpy.app.version >= (5, 0, 0):
        # Since then add-ons' settings live elsewhere, and a user's group may have their name.
        scene["cycles"] = {"samples": 97}
    scene.camera = add_camera(scene)
    scene.view_layers[0].name = "Front"
    scene.view_layers.new("Back").use = False


def make_other_scenes():
    stereo = bpy.data.scenes.new("Stereo")
    stereo.render.engine = EEVEE
    stereo.eevee.taa_render_samples = 7
    stereo.render.use_multiview = True
    stereo.render.views["right"].file_suffix = "_rechts"
    stereo.render.views.new("middle")
    set_format(stereo, "JPEG")
    stereo.timeline_markers.new("plain", frame=1)
    stereo.timeline_markers.new("cut", frame=10).camera = add_camera(stereo)
    stereo.camera = None

    views = bpy.data.scenes.new("Views")
    views.render.engine = "BLENDER_WORKBENCH"
    views.display.render_aa = "16"
    views.render.use_multiview = True
    views.render.views_format = "MULTIVIEW"
    views.render.views["left"].use = False
    views.render.views.new("middle").file_suffix = "_M"

    film = bpy.data.scenes.new("Film")
    film.render.engine = "CYCLES"
    set_format(film, "FFMPEG")
    film.sequence_editor_create()
    strips = strips_of(film)
    picture = strips.new_image("Pictures", path_of("pictures/a_0001.png"), 1, 1)
    picture.elements.append("a_0002.png")
    strips.new_sound("Sound", path_of("sound.wav"), 2, 1)

    empty = bpy.data.scenes.new("Nothing")
    empty.background_set = views
    stereo.background_set = bpy.context.scene
    set_format(empty, "OPEN_EXR_MULTILAYER")


def make_files():
    """Inputs that must be there for Blender to load them. They are not needed to read the .blend."""
    os.makedirs(path_of("pictures"), exist_ok=True)
    picture = bpy.data.images.new("scratch", 8, 8)
    picture.file_format = "PNG"
    for name in ("a_0001.png", "a_0002.png"):
        picture.save(filepath=path_of(f"pictures/{name}"))
    bpy.data.images.remove(picture)
    with wave.open(path_of("sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(1600))
    make_library()


def make_library():
    thing = bpy.data.objects.new("Thing", None)
    bpy.data.libraries.write(path_of("library.blend"), {thing})
    bpy.data.objects.remove(thing)


def refer_to_files():
    for name, source, path in (
        ("Wood", "FILE", "//textures\\wood.png"),
        ("Fire", "SEQUENCE", "//pictures/a_0001.png"),
        ("Clip", "MOVIE", "/films/clip.mp4"),
        ("Tiles", "TILED", "//textures/skin.<UDIM>.png"),
    ):
        image = bpy.data.images.new(name, 8, 8, tiled=source == "TILED")
        image.source = source
        image.filepath = path
        image.use_fake_user = True
    packed = bpy.data.images.load(path_of("pictures/a_0002.png"))
    packed.name = "Packed"
    packed.filepath = "//pictures/a_0002.png"
    packed.pack()
    packed.use_fake_user = True
    bpy.data.images.new("Generated", 8, 8).use_fake_user = True
    clip = bpy.data.movieclips.load(path_of("pictures/a_0001.png"))
    clip.filepath = "//pictures/a_0001.png"
    clip.use_fake_user = True
    smoke = bpy.data.volumes.new("Smoke")
    smoke.filepath = "//caches/smoke_0001.vdb"
    smoke.use_fake_user = True
    refer_from_object()
    with bpy.data.libraries.load(path_of("library.blend"), link=True, relative=True) as (_, wanted):
        wanted.objects = ["Thing"]
    bpy.data.scenes[0].collection.objects.link(bpy.data.objects["Thing"])


def refer_from_object():
    lamp = bpy.data.lights.new("Lamp", "POINT")
    lamp.use_fake_user = True
    lamp.use_nodes = True
    node = lamp.node_tree.nodes.new("ShaderNodeTexIES")
    node.mode = "EXTERNAL"
    node.filepath = "//lamps/spot.ies"
    thing = bpy.data.objects.new("Cached", bpy.data.meshes.new("Cached"))
    thing.modifiers.new("Cache", "MESH_CACHE").filepath = "//caches/cloth.pc2"
    bpy.data.scenes[0].collection.objects.link(thing)


def save(name):
    """Saves, opens again and writes down what Blender then says."""
    path = path_of(f"{name}.blend")
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=COMPRESS, relative_remap=True)
    active = bpy.context.scene.name
    says.write_down(path, path_of(f"{name}.json"))
    assert bpy.context.scene.name == active


os.makedirs(FOLDER, exist_ok=True)
start_empty()
bpy.context.scene.render.engine = "CYCLES"
save("defaults")

start_empty()
make_files()
make_cycles_scene(bpy.context.scene)
make_other_scenes()
bpy.ops.wm.save_as_mainfile(filepath=path_of("settings.blend"))
refer_to_files()
save("settings")

start_empty()
needs.make_needs()
save("needs")
