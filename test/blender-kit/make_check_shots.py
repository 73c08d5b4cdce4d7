"""Makes the shots that the check is asked about: blender --background --factory-startup --python THIS -- FOLDER

Each function is one shot, named like it: something that makes the picture wrong, or its twin that looks alike and is
fine. Works in Blender 3.4 to 5.x.
"""

import math
import os
import shutil
import struct
import sys

import bpy

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from other_scene_shots import SHOTS as OTHER_SCENE_SHOTS  # noqa: E402
from scene_strip_shots import SHOTS as SCENE_STRIP_SHOTS  # noqa: E402
from shot_parts import FOLDER, add_camera, compositor_tree, save, start, textured_material  # noqa: E402

SHOTS = []
LOST_FONT = os.path.join(FOLDER, "lost.ttf")


def shot(make):
    SHOTS.append(make)
    return make


def lost_image(path="//lost.png"):
    image = bpy.data.images.new("Lost", 4, 4)
    image.source, image.filepath = "FILE", path
    return image


def with_lost_texture(thing):
    material, show = textured_material()
    show(lost_image())
    thing.data.materials.append(material)
    return material


def grid(location=(0, 0, 1)):
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=6, y_subdivisions=6, location=location, rotation=(0.6, 0, 0))
    return bpy.context.object


@shot
def texture_shown():
    _, cube = start()
    with_lost_texture(cube)


@shot
def texture_hidden():
    _, cube = start()
    with_lost_texture(cube)
    cube.hide_render = True


@shot
def texture_hidden_at_times():
    _, cube = start()
    with_lost_texture(cube)
    cube.hide_render = True
    cube.keyframe_insert("hide_render", frame=1)


@shot
def texture_excluded():
    scene, cube = start()
    with_lost_texture(cube)
    aside = bpy.data.collections.new("Aside")
    scene.collection.children.link(aside)
    aside.objects.link(cube)
    scene.collection.objects.unlink(cube)
    bpy.context.view_layer.layer_collection.children["Aside"].exclude = True


@shot
def texture_instanced():
    _, cube = start()
    with_lost_texture(cube)
    props = bpy.data.collections.new("Props")
    for collection in list(cube.users_collection):
        collection.objects.unlink(cube)
    props.objects.link(cube)
    bpy.ops.object.empty_add()
    bpy.context.object.instance_type = "COLLECTION"
    bpy.context.object.instance_collection = props


@shot
def texture_unlinked():
    _, cube = start()
    tree = with_lost_texture(cube).node_tree
    tree.links.remove(next(link for link in tree.links if link.from_node.bl_idname == "ShaderNodeTexImage"))


@shot
def texture_unused():
    _, cube = start()
    with_lost_texture(cube).use_fake_user = True
    cube.data.materials.clear()


@shot
def texture_of_a_layer_that_is_off():
    scene, cube = start()
    with_lost_texture(cube)
    layer = scene.view_layers.new("Clean")
    scene.view_layers[0].use = False
    aside = bpy.data.collections.new("Aside")
    scene.collection.children.link(aside)
    aside.objects.link(cube)
    scene.collection.objects.unlink(cube)
    layer.layer_collection.children["Aside"].exclude = True


@shot
def texture_behind_a_sequence():
    scene, cube = start()
    with_lost_texture(cube)
    scene.sequence_editor_create()
    editor = scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    span = {"length": 24} if bpy.app.version >= (5, 0, 0) else {"frame_end": 25}
    strips.new_effect("Color", "COLOR", 1, 1, **span)


@shot
def texture_of_a_brush():
    """The desk of a texture painter."""
    scene, _ = start()
    texture = bpy.data.textures.new("Stencil", "IMAGE")
    texture.image = lost_image()
    brush = bpy.data.brushes.new("Stencil", mode="TEXTURE_PAINT")
    brush.texture, brush.use_fake_user = texture, True
    if bpy.app.version < (4, 3, 0):
        scene.tool_settings.image_paint.brush = brush


@shot
def texture_of_another_output():
    _, cube = start()
    tree = with_lost_texture(cube).node_tree
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(tree.nodes.new("ShaderNodeBsdfDiffuse").outputs[0], output.inputs[0])
    output.is_active_output = True


@shot
def texture_of_a_modifier():
    _, cube = start()
    texture = bpy.data.textures.new("Bumps", "IMAGE")
    texture.image = lost_image()
    modifier = cube.modifiers.new("Displace", "DISPLACE")
    modifier.texture = texture
    return modifier


@shot
def texture_of_a_modifier_that_is_off():
    texture_of_a_modifier().show_render = False


@shot
def texture_broken():
    _, cube = start()
    with open(os.path.join(FOLDER, "broken.png"), "w", encoding="ascii") as file:
        file.write("no picture")
    material, show = textured_material()
    show(lost_image("//broken.png"))
    cube.data.materials.append(material)


def with_texture(path):
    _, cube = start()
    material, show = textured_material()
    node = show(lost_image(path))
    cube.data.materials.append(material)
    return node


def write(name, content):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(content)


def picture(name, kind):
    """The bytes of a picture that cannot be compressed to almost nothing."""
    image = bpy.data.images.new("Noise", 128, 128, float_buffer=kind == "OPEN_EXR")
    image.pixels = [(step * 7919 % 251) / 250 for step in range(128 * 128 * 4)]
    image.filepath_raw, image.file_format = os.path.join(FOLDER, name), kind
    image.save()
    bpy.data.images.remove(image)
    with open(os.path.join(FOLDER, name), "rb") as file:
        return file.read()


def texture_cut(kind, extension):
    """Its upload ended halfway."""
    name = "cut_%s%s" % (kind.lower(), extension)

    def make():
        content = picture(name, kind)
        write(name, content[:len(content) // 2])
        with_texture("//" + name)

    def make_whole():
        picture("whole_" + name, kind)
        with_texture("//whole_" + name)
    make.__name__, make_whole.__name__ = "texture_cut_" + kind.lower(), "texture_whole_" + kind.lower()
    SHOTS.extend((make, make_whole))


for kind, extension in (("PNG", ".png"), ("JPEG", ".jpg"), ("OPEN_EXR", ".exr"), ("TIFF", ".tif"), ("BMP", ".bmp"),
                        ("JPEG2000", ".jp2"), ("HDR", ".hdr"), ("TARGA", ".tga"), ("TARGA_RAW", ".tga")):
    texture_cut(kind, extension)


@shot
def texture_of_a_phone():
    """A JPEG with a film behind it."""
    write("phone.jpg", picture("phone.jpg", "JPEG") + b"film" * 5000)
    with_texture("//phone.jpg")


@shot
def texture_from_below():
    """An OpenEXR picture whose lines are stored from the last to the first, as some programs do."""
    def attribute(name, kind, value):
        return name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value
    size = 8
    box = struct.pack("<4i", 0, 0, size - 1, size - 1)
    head = b"v/1\1" + struct.pack("<I", 2) + b"".join([
        attribute(b"channels", b"chlist", b"Y\0" + struct.pack("<iIii", 2, 0, 1, 1) + b"\0"),
        attribute(b"compression", b"compression", b"\0"),
        attribute(b"dataWindow", b"box2i", box), attribute(b"displayWindow", b"box2i", box),
        attribute(b"lineOrder", b"lineOrder", b"\1"),
        attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1)),
        attribute(b"screenWindowCenter", b"v2f", struct.pack("<2f", 0, 0)),
        attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1))]) + b"\0"
    lines = [struct.pack("<iI", y, size * 4) + struct.pack("<f", 0.5) * size for y in reversed(range(size))]
    start_of_lines = len(head) + size * 8
    table = [start_of_lines + (size - 1 - y) * len(lines[0]) for y in range(size)]
    write("below.exr", head + struct.pack("<%dQ" % size, *table) + b"".join(lines))
    with_texture("//below.exr")


@shot
def texture_movie_broken():
    write("broken.mp4", b"no movie" * 100)
    with_texture("//broken.mp4").image.source = "MOVIE"


def with_packed(content):
    """A texture that travels inside the file; Blender does not look at what it packs."""
    _, cube = start()
    material, show = textured_material()
    image = lost_image("//packed.png")
    image.pack(data=content, data_len=len(content))
    show(image)
    cube.data.materials.append(material)


@shot
def texture_packed():
    picture("packed.png", "PNG")
    with open(os.path.join(FOLDER, "packed.png"), "rb") as file:
        with_packed(file.read())
    os.remove(os.path.join(FOLDER, "packed.png"))


@shot
def texture_packed_broken():
    with_packed(b"<html>404 Not Found</html>")


@shot
def texture_packed_cut():
    picture("packed.png", "PNG")
    with open(os.path.join(FOLDER, "packed.png"), "rb") as file:
        with_packed(file.read()[:-20])
    os.remove(os.path.join(FOLDER, "packed.png"))


@shot
def strip_broken():
    scene, _ = start()
    write("strip.png", b"no picture")
    scene.sequence_editor_create()
    editor = scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strips.new_image("Strip", os.path.join(FOLDER, "strip.png"), 1, 1)


def with_text():
    fonts = os.path.join(bpy.utils.system_resource("DATAFILES"), "fonts")
    name = next(name for name in sorted(os.listdir(fonts)) if name.endswith((".ttf", ".woff2", ".pfb")))
    shutil.copyfile(os.path.join(fonts, name), LOST_FONT)
    bpy.ops.object.text_add()
    bpy.context.object.data.font = bpy.data.fonts.load(LOST_FONT)
    return bpy.context.object


@shot
def font_shown():
    start()
    with_text()


@shot
def font_broken():
    start()
    font = with_text().data.font
    write("broken.ttf", b"no font")
    font.filepath = "//broken.ttf"


@shot
def font_hidden():
    start()
    with_text().hide_render = True


@shot
def volume_shown():
    start()
    bpy.ops.object.volume_add()
    bpy.context.object.data.filepath = "//lost.vdb"


def with_volume_sequence(mode):
    start()
    bpy.ops.object.volume_add()
    volume = bpy.context.object.data
    write("smoke_0001.vdb", b"\0\0\0\0 BDV")
    write("smoke_0002.vdb", b"\0\0\0\0 BDV")
    volume.filepath = "//smoke_0001.vdb"
    volume.is_sequence, volume.frame_start, volume.frame_duration, volume.sequence_mode = True, 1, 2, mode


@shot
def volume_sequence():
    with_volume_sequence("PING_PONG")


@shot
def volume_sequence_cut():
    with_volume_sequence("CLIP")
    bpy.context.object.data.frame_duration = 3


@shot
def texture_of_a_modifier_moves():
    modifier = texture_of_a_modifier()
    for number in (1, 2):
        picture("bumps_%04d.png" % number, "PNG")
    image = modifier.texture.image
    image.source, image.filepath = "SEQUENCE", "//bumps_0001.png"
    user = modifier.texture.image_user
    user.frame_duration, user.frame_start, user.use_auto_refresh = 3, 1, True


@shot
def volume_hidden():
    start()
    bpy.ops.object.volume_add()
    bpy.context.object.data.filepath = "//lost.vdb"
    bpy.context.object.hide_render = True


@shot
def light_profile_broken():
    write("broken.ies", b"no light")
    light_profile("//broken.ies")


@shot
def light_profile(path="//lost.ies"):
    scene, _ = start()
    light = next(thing.data for thing in scene.objects if thing.type == "LIGHT")
    light.use_nodes = True
    tree = light.node_tree
    node = tree.nodes.new("ShaderNodeTexIES")
    node.mode, node.filepath = "EXTERNAL", path
    tree.links.new(node.outputs[0], tree.nodes["Emission"].inputs["Strength"])


@shot
def engine():
    class Engine(bpy.types.RenderEngine):
        bl_idname, bl_label = "TABLAO_TEST", "Test"
    bpy.utils.register_class(Engine)
    scene, _ = start()
    scene.render.engine = "TABLAO_TEST"
    save("engine")
    bpy.utils.unregister_class(Engine)


def with_node_of_an_addon(is_linked):
    class Node(bpy.types.Node):
        bl_idname, bl_label = "TablaoTestNode", "Test"

        def init(self, _context):
            self.outputs.new("NodeSocketColor", "Color")
    bpy.utils.register_class(Node)
    _, cube = start()
    material, _ = textured_material()
    tree = material.node_tree
    node = tree.nodes.new("TablaoTestNode")
    if is_linked:
        tree.links.new(node.outputs[0], tree.nodes["Principled BSDF"].inputs["Base Color"])
    cube.data.materials.append(material)


@shot
def node_of_an_addon():
    with_node_of_an_addon(True)


@shot
def node_of_an_addon_unlinked():
    with_node_of_an_addon(False)


def with_driver(expression):
    _, cube = start()
    cube.driver_add("scale", 0).driver.expression = expression
    return cube


@shot
def driver_simple():
    with_driver("1 + sin(frame) * 0.5")


@shot
def driver_script():
    with_driver("wave(frame)")


@shot
def driver_muted():
    with_driver("wave(frame)").animation_data.drivers[0].mute = True


def with_driver_of(thing_of, path):
    cube = with_driver("var + 1")
    target = cube.animation_data.drivers[0].driver.variables.new().targets[0]
    target.id, target.data_path = thing_of(cube), path


@shot
def driver_of_a_lost_thing():
    with_driver_of(lambda _: None, "location.x")


@shot
def driver_of_a_lost_property():
    with_driver_of(lambda cube: cube, '["squash"]')


@shot
def driver_of_an_addons_property():
    with_driver_of(lambda cube: cube, "my_addon.size")


@shot
def driver_script_hidden():
    _, cube = start()
    bpy.ops.mesh.primitive_cube_add()
    other = bpy.context.object
    other.driver_add("scale", 0).driver.expression = "wave(frame)"
    other.hide_render = True


@shot
def rig_panel():
    start()
    text = bpy.data.texts.new("rig_ui.py")
    text.write("import bpy\n")
    text.use_module = True


@shot
def rig_panel_broken():
    start()
    text = bpy.data.texts.new("rig_ui.py")
    text.write("import bpy\n\ndef register():\n    bpy.no_such_thing\n\nregister()\n")
    text.use_module = True


@shot
def cloth():
    start()
    grid().modifiers.new("Cloth", "CLOTH")


@shot
def cloth_hidden():
    start()
    thing = grid()
    thing.modifiers.new("Cloth", "CLOTH")
    thing.hide_render = True


@shot
def cloth_off():
    start()
    grid().modifiers.new("Cloth", "CLOTH").show_render = False


@shot
def cloth_played():
    scene, _ = start()
    grid().modifiers.new("Cloth", "CLOTH")
    for frame in range(1, 5):
        scene.frame_set(frame)


@shot
def cloth_baked():
    scene, _ = start()
    thing = grid()
    cache = thing.modifiers.new("Cloth", "CLOTH").point_cache
    cache.frame_end = 4
    with bpy.context.temp_override(scene=scene, active_object=thing, object=thing, point_cache=cache):
        bpy.ops.ptcache.bake(bake=True)


@shot
def soft_body():
    start()
    grid().modifiers.new("Soft", "SOFT_BODY")


@shot
def rigid_body():
    scene, _ = start()
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.rigidbody.object_add()
    # It lies in the file, but is not taken from there.
    for frame in range(1, 5):
        scene.frame_set(frame)


@shot
def rigid_body_kinematic():
    start()
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.rigidbody.object_add()
    bpy.context.object.rigid_body.kinematic = True


def with_body():
    start()
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.rigidbody.object_add()
    return bpy.context.object


@shot
def rigid_body_kinematic_at_first():
    thing = with_body()
    for frame, is_held in ((3, False), (1, True)):
        thing.rigid_body.kinematic = is_held
        thing.keyframe_insert("rigid_body.kinematic", frame=frame)


@shot
def rigid_body_not_dynamic():
    with_body().rigid_body.enabled = False


def with_particles():
    start()
    thing = grid()
    thing.modifiers.new("Particles", "PARTICLE_SYSTEM")
    return thing.particle_systems[0]


@shot
def particles_falling():
    with_particles()


def drawn_particles():
    """What they are drawn as is seen by an engine: halos are not."""
    system = with_particles()
    emitter = bpy.context.object
    bpy.ops.mesh.primitive_ico_sphere_add(location=(0, 0, 50))
    system.settings.render_type, system.settings.instance_object = "OBJECT", bpy.context.object
    system.settings.frame_end = 4
    return emitter, system.settings


def keyed(block, path, *values):
    """Animated from the first frame to the fourth."""
    for frame, value in zip((1, 4), values):
        setattr(block, path, value)
        block.keyframe_insert(path, frame=frame)


def moving_empty():
    bpy.ops.object.empty_add()
    keyed(bpy.context.object, "location", (0, 0, 0), (3, 0, 0))
    return bpy.context.object


@shot
def particles_of_a_moving_thing():
    emitter, _ = drawn_particles()
    keyed(emitter, "location", (0, 0, 0), (3, 0, 0))


@shot
def particles_of_a_child():
    emitter, _ = drawn_particles()
    emitter.parent = moving_empty()


@shot
def particles_of_a_constrained_thing():
    emitter, _ = drawn_particles()
    emitter.constraints.new("COPY_LOCATION").target = moving_empty()


@shot
def particles_of_a_constrained_thing_at_rest():
    emitter, _ = drawn_particles()
    emitter.constraints.new("COPY_LOCATION").target = bpy.context.scene.camera


@shot
def particles_of_a_thing_that_changes():
    emitter, _ = drawn_particles()
    emitter.shape_key_add(name="Basis")
    key = emitter.shape_key_add(name="Far")
    for point in key.data:
        point.co.x += 3
    keyed(key, "value", 0, 1)


@shot
def particles_thrown_ever_faster():
    _, settings = drawn_particles()
    keyed(settings, "normal_factor", 1, 20)


@shot
def hair_of_a_constrained_thing():
    emitter, settings = drawn_particles()
    settings.type = "HAIR"
    emitter.constraints.new("COPY_LOCATION").target = moving_empty()


@shot
def dynamic_paint():
    start()
    thing = grid()
    modifier = thing.modifiers.new("Paint", "DYNAMIC_PAINT")
    with bpy.context.temp_override(object=thing, active_object=thing):
        bpy.ops.dpaint.type_toggle(type="CANVAS")
    modifier.canvas_settings.canvas_surfaces[0].surface_type = "DISPLACE"


@shot
def particles_dragged():
    with_particles().settings.drag_factor = 0.5


@shot
def hair():
    with_particles().settings.type = "HAIR"


@shot
def hair_dynamics():
    system = with_particles()
    system.settings.type = "HAIR"
    system.use_hair_dynamics = True


def with_zone(offset, from_frame=0):
    scene, cube = start()
    group = bpy.data.node_groups.new("Zone", "GeometryNodeTree")
    for in_out in ("INPUT", "OUTPUT"):
        group.interface.new_socket(name="Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
    nodes = group.nodes
    entry, end = nodes.new("GeometryNodeSimulationInput"), nodes.new("GeometryNodeSimulationOutput")
    entry.pair_with_output(end)
    move = nodes.new("GeometryNodeSetPosition")
    move.inputs["Offset"].default_value = offset
    if from_frame:
        clock, later = nodes.new("GeometryNodeInputSceneTime"), nodes.new("FunctionNodeCompare")
        later.data_type, later.operation = "FLOAT", "GREATER_EQUAL"
        later.inputs[1].default_value = from_frame
        group.links.new(clock.outputs["Frame"], later.inputs[0])
        group.links.new(later.outputs[0], move.inputs["Selection"])
        scene.frame_start = 0
    chain = [nodes.new("NodeGroupInput"), entry, move, end, nodes.new("NodeGroupOutput")]
    for one, next_one in zip(chain, chain[1:]):
        group.links.new(next(socket for socket in one.outputs if socket.type == "GEOMETRY"),
                        next(socket for socket in next_one.inputs if socket.type == "GEOMETRY"))
    cube.modifiers.new("Zone", "NODES").node_group = group


if bpy.app.version >= (4, 0, 0):
    @shot
    def zone():
        with_zone((0.2, 0, 0))

    @shot
    def zone_that_begins_late():
        with_zone((0.2, 0, 0), from_frame=3)

    @shot
    def zone_at_rest():
        with_zone((0, 0, 0))

    def with_zone_that_heats(read):
        """Nothing moves; a number of every corner grows from frame to frame. The material reads this attribute."""
        with_zone((0, 0, 0))
        cube = bpy.data.objects["Cube"]
        group = cube.modifiers["Zone"].node_group
        nodes, links = group.nodes, group.links
        end = next(node for node in nodes if node.bl_idname == "GeometryNodeSimulationOutput")
        known, more = nodes.new("GeometryNodeInputNamedAttribute"), nodes.new("ShaderNodeMath")
        keep = nodes.new("GeometryNodeStoreNamedAttribute")
        known.inputs["Name"].default_value = keep.inputs["Name"].default_value = "Heat"
        more.inputs[1].default_value = 0.2
        into = next(socket for socket in end.inputs if socket.type == "GEOMETRY")
        links.new(into.links[0].from_socket, keep.inputs["Geometry"])
        links.new(keep.outputs["Geometry"], into)
        links.new(next(socket for socket in known.outputs if socket.type == "VALUE"), more.inputs[0])
        links.new(more.outputs[0], next(socket for socket in keep.inputs if socket.type == "VALUE"))
        material = bpy.data.materials.new("Heat")
        material.use_nodes = True
        tree = material.node_tree
        reader = tree.nodes.new("ShaderNodeAttribute")
        reader.attribute_name = read
        tree.links.new(reader.outputs["Fac"], tree.nodes["Principled BSDF"].inputs["Roughness"])
        cube.data.materials.append(material)

    @shot
    def zone_that_heats():
        with_zone_that_heats("Heat")

    @shot
    def zone_that_heats_unseen():
        with_zone_that_heats("Cold")


if bpy.app.version >= (5, 0, 0):
    @shot
    def texture_behind_muted_strips():
        scene, cube = start()
        with_lost_texture(cube)
        scene.sequence_editor_create()
        scene.sequence_editor.strips.new_effect("Red", "COLOR", 1, 1, length=10).mute = True


if hasattr(bpy.types, "GeometryNodeImportSTL"):
    def with_import(is_linked):
        _, cube = start()
        group = bpy.data.node_groups.new("Import", "GeometryNodeTree")
        group.interface.new_socket(name="Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
        node = group.nodes.new("GeometryNodeImportSTL")
        node.inputs["Path"].default_value = "//bolt.stl"
        end = group.nodes.new("NodeGroupOutput")
        if is_linked:
            group.links.new(node.outputs[0], end.inputs[0])
        cube.modifiers.new("Import", "NODES").node_group = group

    @shot
    def import_node():
        with_import(True)

    @shot
    def import_node_unlinked():
        with_import(False)


@shot
def views_without_cameras():
    scene, _ = start()
    scene.render.use_multiview = True
    scene.render.views_format = "MULTIVIEW"


@shot
def views_with_cameras():
    views_without_cameras()
    scene = bpy.context.scene
    scene.camera.name = "Eye_L"
    add_camera("Eye_R", (0.1, -9, 2.5), (1.3, 0, 0))


@shot
def colours():
    scene, _ = start()
    scene.view_settings.view_transform = "Filmic"
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FOLDER, "colours.blend"), compress=False)


@shot
def colours_of_another_scene():
    colours_of("colours_of_another_scene")


@shot
def colours_of_an_image():
    colours_of("colours_of_an_image")


def colours_of(name):
    """Filmic in a scene that is not rendered, and Raw in an image that is shown or not."""
    with_texture("//whole_cut_png.png").image.colorspace_settings.name = "sRGB"
    scene = bpy.context.scene
    scene.view_settings.view_transform = "Raw"
    other = bpy.data.scenes.new("Other")
    other.view_settings.view_transform = "Filmic"
    unused = bpy.data.images.load(os.path.join(FOLDER, "whole_cut_jpeg.jpg"))
    unused.use_fake_user = True
    unused.colorspace_settings.name = "Filmic sRGB"
    if name == "colours_of_an_image":
        bpy.data.images["Lost"].colorspace_settings.name = "Filmic sRGB"
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FOLDER, name + ".blend"), compress=False)


def unknown_colours():
    """As from a machine with another colour configuration."""
    with open(os.path.join(FOLDER, "colours.blend"), "rb") as file:
        content = file.read()
    with open(os.path.join(FOLDER, "colours_unknown.blend"), "wb") as file:
        file.write(content.replace(b"Filmic\0", b"Filmac\0"))
    for name in ("colours_of_another_scene", "colours_of_an_image"):
        path = os.path.join(FOLDER, name + ".blend")
        with open(path, "rb") as file:
            content = file.read()
        with open(path, "wb") as file:
            file.write(content.replace(b"Filmic\0", b"Filmac\0").replace(b"Filmic sRGB\0", b"Filmac sRGB\0"))


@shot
def clean():
    """Much of everything, and nothing wrong."""
    scene, cube = start()
    tree, picture = compositor_tree(scene)
    layers = tree.nodes.new("CompositorNodeRLayers")
    tree.links.new(layers.outputs["Image"], picture)
    cube.rotation_euler.z = math.pi / 5
    cube.modifiers.new("Bevel", "BEVEL")
    scene.view_layers.new("Second")


for make in SHOTS + SCENE_STRIP_SHOTS + OTHER_SCENE_SHOTS:
    make()
    if make not in {colours, colours_of_another_scene, colours_of_an_image, engine}:
        save(make.__name__)
unknown_colours()
os.remove(LOST_FONT)
