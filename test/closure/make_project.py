"""Makes a film of three levels (a shot, its libraries, theirs) that refers to sixty files of all kinds, each a few bytes.

    blender --background --factory-startup --python make_project.py -- FOLDER

Writes FOLDER/film/…; beside the sixty there is a folder of a fluid cache, which may be needed.
"""

import glob
import os
import shutil
import sys
import wave

import bpy

film = os.path.join(sys.argv[sys.argv.index("--") + 1], "film")


def place(path):
    """Where a file of the film is on disk; its folder is made."""
    full = os.path.join(film, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


def picture(path, number=0):
    image = bpy.data.images.new("made", 4, 4)
    image.generated_color = (number % 7 / 7, number % 5 / 5, number % 3 / 3, 1)
    image.filepath_raw, image.file_format = place(path), "PNG"
    image.save()
    bpy.data.images.remove(image)


def pictures(pattern, numbers):
    for number in numbers:
        picture(pattern % number, number)


def anything(path, content="x"):
    with open(place(path), "w") as file:
        file.write(content + path)


def new_file(path):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 1, 8
    bpy.ops.wm.save_as_mainfile(filepath=place(path))


def save():
    bpy.ops.wm.save_mainfile(compress=True)


def link(path, name):
    """Links an object of another file and puts it into the scene: what nobody uses is not saved."""
    with bpy.data.libraries.load(os.path.join(film, path), link=True, relative=True) as (_, into):
        into.objects = [name]
    bpy.context.collection.objects.link(into.objects[0])


def mesh(name):
    made = bpy.data.objects.new(name, bpy.data.meshes.new(name))
    bpy.context.collection.objects.link(made)
    return made


def material(on, *paths):
    """A material with a texture for each path."""
    made = bpy.data.materials.new(on.name)
    made.use_nodes = True
    on.data.materials.append(made)
    for path in paths:
        texture(made, path)
    return made


def texture(to, path, source="FILE"):
    node = to.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.new(os.path.basename(path), 4, 4)
    node.image.source = source
    node.image.filepath = path
    return node


def sound(path):
    with wave.open(place(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(800))


def props():
    """The third level. Two of them refer to each other."""
    for name in ("sword", "shield", "house", "tree"):
        new_file("props/%s.blend" % name)
        prop = mesh(name)
        for number in (1, 2):
            picture("props/maps/%s_%d.png" % (name, number), number)
        made = material(prop, "//maps/%s_1.png" % name, "//maps/%s_2.png" % name)
        if name == "tree":
            anything("props/cache/wind.mdd")
            prop.modifiers.new("wind", "MESH_CACHE").filepath = "//cache/wind.mdd"
        if name == "house":
            anything("props/lamp.ies")
            lamp = made.node_tree.nodes.new("ShaderNodeTexIES")
            lamp.mode, lamp.filepath = "EXTERNAL", "//lamp.ies"
            anything("props/brick.osl")
            script = made.node_tree.nodes.new("ShaderNodeScript")
            script.mode, script.filepath = "EXTERNAL", "//brick.osl"
        if name == "shield":
            link("props/sword.blend", "sword")
        save()
    bpy.ops.wm.open_mainfile(filepath=place("props/sword.blend"))
    link("props/shield.blend", "shield")
    save()


def hero():
    new_file("chars/hero.blend")
    person = mesh("hero")
    for name in ("skin", "cloth", "eyes"):
        picture("chars/tex/%s.png" % name)
    made = material(person, "//tex/skin.png", "//tex/cloth.png", "//tex/eyes.png")
    pictures("chars/tex/body.%d.png", (1001, 1002, 1011))
    node = texture(made, "//tex/body.<UDIM>.png", "TILED")
    node.image.tiles[0].number = 1001
    for number in (1002, 1011):
        node.image.tiles.new(tile_number=number)
    pictures("chars/tex/blink_%04d.png", range(11, 15))
    blink = texture(made, "//tex/blink_0011.png", "SEQUENCE")
    blink.image_user.frame_duration, blink.image_user.frame_offset = 4, 10
    blink.image_user.frame_start, blink.image_user.use_cyclic = 1, True
    link("props/sword.blend", "sword")
    link("props/shield.blend", "shield")
    save()


def town():
    new_file("sets/town.blend")
    ground = mesh("town")
    for name in ("ground", "road", "wall"):
        picture("sets/tex/%s.png" % name)
    material(ground, "//tex/ground.png", "//tex/road.png", "//tex/wall.png")
    picture("sets/sky.png")
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_fake_user = True
    world.use_nodes = True
    sky = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
    sky.image = bpy.data.images.new("sky", 4, 4)
    sky.image.source, sky.image.filepath = "FILE", "//sky.png"
    smoke = bpy.data.volumes.new("smoke")
    for number in range(1, 5):
        anything("sets/vdb/smoke_%04d.vdb" % number)
    smoke.filepath, smoke.is_sequence = "//vdb/smoke_0001.vdb", True
    smoke.frame_start, smoke.frame_duration, smoke.sequence_mode = 1, 4, "REPEAT"
    bpy.context.collection.objects.link(bpy.data.objects.new("smoke", smoke))
    link("props/house.blend", "house")
    link("props/tree.blend", "tree")
    save()


def font():
    """Any font that comes with this Blender."""
    folder = os.path.join(bpy.utils.system_resource("DATAFILES"), "fonts")
    found = sorted(glob.glob(os.path.join(folder, "*.ttf")) + glob.glob("/usr/share/fonts/truetype/*/*.ttf"),
                   key=os.path.getsize)
    shutil.copyfile(found[0], place("fonts/title.ttf"))
    title = bpy.data.curves.new("title", "FONT")
    title.font = bpy.data.fonts.load(place("fonts/title.ttf"))
    title.font.filepath = "//../fonts/title.ttf"
    bpy.context.collection.objects.link(bpy.data.objects.new("title", title))


def caches(scene):
    plane = mesh("sail")
    anything("cache/sail.abc")
    bpy.ops.cachefile.open(filepath=place("cache/sail.abc"))
    file = bpy.data.cache_files[0]
    file.filepath, file.use_fake_user = "//../cache/sail.abc", True
    domain = plane.modifiers.new("smoke", "FLUID")
    domain.fluid_type = "DOMAIN"
    domain.domain_settings.cache_directory = "//../cache/fluid"
    for number in (1, 2):
        anything("cache/fluid/data/fluid_data_%04d.vdb" % number)
    assert scene.objects


def strips(scene):
    editor = scene.sequence_editor_create()
    # Called sequences before 4.4.
    made = editor.strips if hasattr(editor, "strips") else editor.sequences
    sound("sound/voice.wav")
    sound("sound/steps.wav")
    for channel, name in enumerate(("voice", "steps"), 1):
        strip = made.new_sound(name, place("sound/%s.wav" % name), channel, 1)
        strip.sound.filepath = "//../sound/%s.wav" % name
    pictures("edit/card_%d.png", range(1, 9))
    cards = made.new_image("cards", place("edit/card_1.png"), 3, 1)
    for number in range(2, 9):
        cards.elements.append("card_%d.png" % number)
    cards.directory = "//../edit/"


def shot():
    new_file("shots/sh010.blend")
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.collection.objects.link(scene.camera)
    wall = mesh("wall")
    picture("shots/poster.png")
    made = material(wall, "//poster.png")
    pictures("plates/plate_%04d.png", range(1, 9))
    plate = texture(made, "//../plates/plate_0001.png", "SEQUENCE")
    plate.image_user.frame_duration, plate.image_user.frame_start = 8, 1
    pictures("clips/ref_%03d.png", range(1, 4))
    clip = bpy.data.movieclips.load(place("clips/ref_001.png"))
    clip.filepath, clip.use_fake_user = "//../clips/ref_001.png", True
    font()
    caches(scene)
    strips(scene)
    link("chars/hero.blend", "hero")
    link("sets/town.blend", "town")
    save()


props()
hero()
town()
shot()
for leftover in glob.glob(os.path.join(film, "**", "*.blend1"), recursive=True):
    os.remove(leftover)
