"""Makes the healthy shots: blender -b --factory-startup --python make_healthy.py -- FOLDER [NAME…]

One function a shot, in a folder of its name; its docstring says what is special, and stands in the table. Dates, render
times and paths are not written into the pictures, so that all that is left can be compared byte for byte.
"""

import math
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bpy  # noqa: E402

import scene_parts as parts  # noqa: E402

shot = parts.one_project


def start(engine="BLENDER_WORKBENCH", frames=2):
    return parts.start_bare(engine, frames)


def set_format(scene, name, depth=None, mode=None):
    settings = scene.render.image_settings
    settings.file_format = name
    if mode:
        settings.color_mode = mode
    if depth:
        settings.color_depth = depth


# Formats

@shot
def png(project):
    """PNG, 8 bit"""
    start("CYCLES")
    project.save()


@shot
def png_16_transparent(project):
    """PNG, 16 bit with alpha, transparent film"""
    scene, _ = start("CYCLES")
    scene.render.film_transparent = True
    set_format(scene, "PNG", "16", "RGBA")
    project.save()


@shot
def jpeg(project):
    """JPEG of quality 71, grey"""
    scene, _ = start()
    set_format(scene, "JPEG", mode="BW")
    scene.render.image_settings.quality = 71
    project.save()


@shot
def tiff_16(project):
    """TIFF, 16 bit, deflated"""
    scene, _ = start()
    set_format(scene, "TIFF", "16", "RGBA")
    project.save()


@shot
def exr_half(project):
    """OpenEXR, half floats, DWAA"""
    scene, _ = start("CYCLES")
    set_format(scene, "OPEN_EXR", "16", "RGBA")
    scene.render.image_settings.exr_codec = "DWAA"
    project.save()


@shot
def exr_float(project):
    """OpenEXR, full floats, with depth"""
    scene, _ = start("CYCLES")
    set_format(scene, "OPEN_EXR", "32", "RGB")
    scene.view_layers[0].use_pass_z = True
    scene.render.image_settings.use_zbuffer = True
    project.save()


@shot
def multilayer_passes(project):
    """multi-layer OpenEXR with depth, normals, vectors, light passes and cryptomatte"""
    scene, _ = start("CYCLES")
    set_format(scene, "OPEN_EXR_MULTILAYER", "32")
    layer = scene.view_layers[0]
    for name in ("z", "normal", "vector", "diffuse_direct", "glossy_color", "object_index", "cryptomatte_object"):
        setattr(layer, "use_pass_" + name, True)
    project.save()


@shot
def webp(project):
    """WebP"""
    scene, _ = start()
    set_format(scene, "WEBP", mode="RGBA")
    project.save()


@shot
def targa(project):
    """Targa"""
    scene, _ = start()
    set_format(scene, "TARGA")
    project.save()


@shot
def dpx(project):
    """DPX, 10 bit, logarithmic"""
    scene, _ = start()
    set_format(scene, "DPX", "10")
    scene.render.image_settings.use_cineon_log = True
    project.save()


@shot
def movie(project):
    """movie output: rendered as PNG frames (and a preview video)"""
    scene, _ = start()
    set_format(scene, "FFMPEG")
    scene.render.filepath = "//out/pic_"
    project.save()


# Layers, views, ranges, names

@shot
def two_view_layers(project):
    """two view layers, of which the second sees other things, in one OpenEXR"""
    scene, cube = start("CYCLES")
    set_format(scene, "OPEN_EXR_MULTILAYER", "16")
    bpy.ops.mesh.primitive_uv_sphere_add(segments=12, ring_count=6, location=(2, 0, 0))
    apart = bpy.data.collections.new("Apart")
    scene.collection.children.link(apart)
    apart.objects.link(bpy.context.object)
    scene.collection.objects.unlink(bpy.context.object)
    scene.view_layers.new("Second").layer_collection.children["Apart"].exclude = True
    project.save()


@shot
def view_layer_chosen(project):
    """one of two view layers, chosen by the render.json"""
    two_view_layers(project)


@shot
def stereo_individual(project):
    """stereo, a file an eye"""
    scene, _ = start()
    scene.render.use_multiview = True
    scene.render.image_settings.views_format = "INDIVIDUAL"
    project.save()


@shot
def stereo_side_by_side(project):
    """stereo, side by side in one file"""
    scene, _ = start()
    scene.render.use_multiview = True
    settings = scene.render.image_settings
    settings.views_format = "STEREO_3D"
    settings.stereo_3d_format.display_mode = "SIDEBYSIDE"
    project.save()


@shot
def three_cameras(project):
    """multi-view with three cameras, a file each"""
    scene, _ = start()
    render = scene.render
    render.use_multiview = True
    render.views_format = "MULTIVIEW"
    render.image_settings.views_format = "INDIVIDUAL"
    scene.camera.name = "Rig_L"
    for suffix, place in (("_R", 1.5), ("_top", 3)):
        parts.add_camera("Rig" + suffix, (place, -9, 2.5))
    render.views.new("top").file_suffix = "_top"
    render.views["top"].camera_suffix = "_top"
    project.save()


@shot
def views_in_one_file(project):
    """stereo in one multi-view OpenEXR"""
    scene, _ = start()
    scene.render.use_multiview = True
    set_format(scene, "OPEN_EXR_MULTILAYER", "16")
    scene.render.image_settings.views_format = "MULTIVIEW"
    project.save()


@shot
def camera_markers(project):
    """cameras that take turns by markers"""
    scene, _ = start(frames=4)
    near = parts.add_camera("Near", (2, -5, 1.5))
    for frame, camera in ((1, scene.camera), (3, near)):
        scene.timeline_markers.new(camera.name, frame=frame).camera = camera
    project.save()


@shot
def camera_chosen(project):
    """another camera, chosen by the render.json"""
    start()
    parts.add_camera("Near", (2, -5, 1.5))
    project.save()


@shot
def frame_step(project):
    """every third frame of 2 to 9"""
    scene, _ = start(frames=9)
    scene.frame_start, scene.frame_step = 2, 3
    project.save()


@shot
def frames_chosen(project):
    """frames 2 and 5, chosen by the render.json"""
    start(frames=6)
    project.save()


@shot
def second_scene(project):
    """the second scene of the file, chosen by the render.json"""
    start()
    bpy.ops.scene.new(type="FULL_COPY")
    other = bpy.context.scene
    other.name = "Other"
    other.render.resolution_x = 32
    bpy.context.window.scene = bpy.data.scenes["Scene"]
    project.save()


@shot
def no_name(project):
    """an output path that is a folder only"""
    scene, _ = start()
    scene.render.filepath = "//out/"
    project.save()


@shot
def odd_names(project):
    """spaces and other alphabets in all names"""
    scene, cube = start("CYCLES")
    project.picture("Texturen & Bilder/große tür.png")
    parts.add_texture(cube, "//Texturen & Bilder/große tür.png")
    scene.render.filepath = "//out/Ansicht ü_###"
    project.save()


@shot
def between_frames(project):
    """saved half a frame behind a whole one"""
    start()[0].frame_set(1, subframe=0.5)
    project.save()


@shot
def region_of_one_pixel(project):
    """a cropped render region of one pixel, the seventh from the left"""
    render = start()[0].render
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y = 6 / 48, 7 / 48, 5 / 27, 6 / 27
    project.save()


@shot
def region_uncropped(project):
    """a render region around which the picture stays empty"""
    render = start()[0].render
    render.use_border = True
    render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y = 0.2, 0.6, 0.2, 0.6
    project.save()


@shot
def camera_marker_later(project):
    """no active camera, and the only marker with one stands behind the first frame"""
    scene, _ = start(frames=3)
    scene.timeline_markers.new("Later", frame=3).camera = scene.camera
    scene.camera = None
    project.save()


@shot
def region(project):
    """a cropped render region"""
    scene, _ = start("CYCLES")
    render = scene.render
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y = 0.25, 0.75, 0.2, 0.9
    project.save()


@shot
def half_resolution(project):
    """half the resolution and other samples, by the render.json"""
    start("CYCLES")
    project.save()


# Engines and what they show

@shot
def eevee(project):
    """EEVEE"""
    scene, _ = start("BLENDER_EEVEE", frames=1)
    scene.eevee.taa_render_samples = 1
    scene.render.resolution_x, scene.render.resolution_y = 24, 14
    project.save()


@shot
def grease_pencil(project):
    """a grease pencil drawing"""
    scene, _ = start()
    data = bpy.data.grease_pencils.new("Drawing")
    material = bpy.data.materials.new("Ink")
    bpy.data.materials.create_gpencil_data(material)
    data.materials.append(material)
    frame = data.layers.new("Lines").frames.new(1)
    stroke = frame.strokes.new()
    stroke.line_width = 200
    stroke.points.add(12)
    for number, point in enumerate(stroke.points):
        point.co = (math.cos(number) * 2, -2, math.sin(number) * 2)
    scene.collection.objects.link(bpy.data.objects.new("Drawing", data))
    project.save()


@shot
def motion_blur(project):
    """motion blur"""
    scene, _ = start("CYCLES")
    scene.render.use_motion_blur = True
    scene.cycles.samples = 4
    project.save()


@shot
def shape_keys(project):
    """shape keys with a driver of simple form"""
    _, cube = start()
    cube.shape_key_add(name="Basis")
    key = cube.shape_key_add(name="Long")
    for point in key.data[:4]:
        point.co.z += 2
    key.driver_add("value").driver.expression = "frame * 0.3"
    project.save()


@shot
def scripted_driver(project):
    """a scripted driver, where scripts may run"""
    _, cube = start()
    parts.add_script("import bpy\nbpy.app.driver_namespace['wave'] = lambda frame: 1 + frame * 0.5\n")
    cube.driver_add("scale", 2).driver.expression = "wave(frame)"
    project.save()


@shot
def geometry_nodes(project):
    """geometry nodes that count frames"""
    _, cube = start()
    tree = bpy.data.node_groups.new("Grow", "GeometryNodeTree")
    tree.inputs.new("NodeSocketGeometry", "Geometry")
    tree.outputs.new("NodeSocketGeometry", "Geometry")
    enter, leave = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    transform, time = tree.nodes.new("GeometryNodeTransform"), tree.nodes.new("GeometryNodeInputSceneTime")
    tree.links.new(enter.outputs[0], transform.inputs["Geometry"])
    tree.links.new(time.outputs["Frame"], transform.inputs["Scale"])
    tree.links.new(transform.outputs[0], leave.inputs[0])
    cube.modifiers.new("Grow", "NODES").node_group = tree
    project.save()


@shot
def text(project):
    """a text in a font of the project"""
    start()
    shutil.copy(parts.FONT, project.path("fonts/title.ttf"))
    bpy.ops.object.text_add(location=(-2, -3, 0), rotation=(1.3, 0, 0))
    thing = bpy.context.object.data
    thing.body = "Tablao"
    project.save()
    thing.font = bpy.data.fonts.load(project.path("fonts/title.ttf"))
    thing.font.filepath = "//fonts/title.ttf"
    project.save()


# What comes from other files

@shot
def linked_library(project):
    """a linked library with textures, and a library of that"""
    parts.add_texture(parts.start_library("Bolt"), "//tex/metal.png")
    project.picture("lib/tex/metal.png", (0.2, 0.9, 0.4))
    project.save("lib/bolt.blend")
    props = parts.start_library("Props").users_collection[0]
    parts.link(project, "lib/bolt.blend", "Bolt", into="lib/props.blend")
    props.children.link(bpy.data.collections["Bolt"])
    project.save("lib/props.blend")
    start("CYCLES")
    parts.link(project, "lib/props.blend", "Props")
    project.save()


@shot
def udim(project):
    """a tiled (UDIM) texture"""
    _, cube = start("CYCLES")
    project.picture("tex/skin.1001.png", (0.9, 0.1, 0.1))
    project.picture("tex/skin.1002.png", (0.1, 0.1, 0.9))
    node = parts.add_texture(cube, "//tex/skin.<UDIM>.png", "TILED")
    node.image.tiles.new(1002)
    for loop in cube.data.uv_layers[0].data[:12]:
        loop.uv.x += 1
    project.save()


@shot
def image_sequence(project):
    """a texture that is an image sequence"""
    _, cube = start("CYCLES", frames=3)
    for number in (1, 2, 3):
        project.picture("seq/plate_%04d.png" % number, (number / 3, 0.1, 0.9 - number / 4))
    node = parts.add_texture(cube, "//seq/plate_0001.png", "SEQUENCE")
    user = node.image_user
    user.frame_start, user.frame_duration, user.use_auto_refresh = 1, 3, True
    project.save()


@shot
def moving_texture(project):
    """a texture that is a movie"""
    _, cube = start("CYCLES", frames=3)
    shutil.copy(os.path.join(parts.FOLDER, "plate.mp4"), project.path("plates/plate.mp4"))
    node = parts.add_texture(cube, "//plates/plate.mp4", "MOVIE")
    user = node.image_user
    user.frame_start, user.frame_duration, user.use_auto_refresh = 1, 12, True
    project.save()


@shot
def packed(project):
    """a packed texture whose file is gone"""
    _, cube = start("CYCLES")
    project.picture("tex/wood.png", (0.3, 0.8, 0.2))
    node = parts.add_texture(cube, project.path("tex/wood.png"))
    node.image.pack()
    node.image.filepath = "//tex/wood.png"
    project.save()
    project.remove("tex")


@shot
def backslashes(project):
    """a relative path with backslashes, as Windows writes it"""
    _, cube = start("CYCLES")
    project.picture("textures/wood.png", (0.3, 0.3, 0.9))
    parts.add_texture(cube, "//textures\\wood.png")
    project.save()


@shot
def sequence(project):
    """a sequence of picture strips, an effect and sound"""
    scene, _ = start(frames=3)
    for number in (1, 2, 3):
        project.picture("plates/p_%d.png" % number, (number / 3, 0.5, 0.1), size=16)
    project.sound("sound/voice.wav")
    project.save()
    strips = parts.sequencer(scene)
    strip = strips.new_image("Plate", project.path("plates/p_1.png"), 1, 1)
    strip.directory = "//plates/"
    strip.elements.append("p_2.png")
    strip.elements.append("p_3.png")
    glow = strips.new_effect("Color", "COLOR", 2, 1, frame_end=4)
    glow.color, glow.blend_type, glow.blend_alpha = (0.1, 0.2, 0.6), "ADD", 0.5
    strips.new_sound("Voice", project.path("sound/voice.wav"), 3, 1).sound.filepath = "//sound/voice.wav"
    project.save()


@shot
def muted_strips(project):
    """strips whose channel or meta strip is muted, and whose pictures are gone"""
    scene, _ = start()
    for name in "abc":
        project.picture("plates/%s_1.png" % name, (0.2, 0.5, 0.1), size=16)
    project.save()
    strips = parts.sequencer(scene)
    for channel, name in enumerate("abc", 1):
        strip = strips.new_image(name, project.path("plates/%s_1.png" % name), channel, 1)
        strip.directory, strip.frame_final_end = "//plates/", 4
    scene.sequence_editor.channels[2].mute = True
    meta = strips.new_meta("Meta", 4, 1)
    strips["c"].move_to_meta(meta)
    meta.mute = True
    project.save()
    project.remove("plates/b_1.png")
    project.remove("plates/c_1.png")


@shot
def strip_of_a_scene(project):
    """an edit whose strip shows another scene from its 7th frame on; of a texture's sequence only that part is there"""
    scene, cube = start("CYCLES", frames=12)
    for number in (7, 8):
        project.picture("seq/plate_%04d.png" % number, (number / 8, 0.5, 0.1))
    user = parts.add_texture(cube, "//seq/plate_0007.png", "SEQUENCE").image_user
    user.frame_start, user.frame_duration, user.use_auto_refresh = 1, 12, True
    parts.edit_of(scene, from_frame=7)
    project.save()


@shot
def background_scene(project):
    """a scene that shows another one, with a texture, behind its own objects"""
    scene, cube = start("CYCLES")
    project.picture("textures/wood.png")
    parts.add_texture(cube, "//textures/wood.png")
    parts.scene_over(scene).background_set = scene
    bpy.ops.mesh.primitive_cube_add(size=1, location=(2, 0, 0))
    project.save()


@shot
def composited_scene(project):
    """a picture that the compositor makes of the layers of two scenes, one with a texture"""
    scene, cube = start("CYCLES")
    project.picture("textures/wood.png")
    parts.add_texture(cube, "//textures/wood.png")
    over = parts.scene_over(scene)
    bpy.ops.mesh.primitive_cube_add(size=1, location=(2, 0, 0))
    over.render.film_transparent = True
    tree, layers, composite = parts.compositor(over)
    behind = tree.nodes.new("CompositorNodeRLayers")
    behind.scene = scene
    blend = tree.nodes.new("CompositorNodeAlphaOver")
    tree.links.new(behind.outputs["Image"], blend.inputs[1])
    tree.links.new(layers.outputs["Image"], blend.inputs[2])
    tree.links.new(blend.outputs["Image"], composite.inputs["Image"])
    project.save()


@shot
def multires_external(project):
    """a mesh whose sculpted shape stands in a file of its own"""
    start()
    parts.add_sculpted(project, "sculpt/rock.btx")
    project.save()


# Simulations that were baked

@shot
def baked_cloth(project):
    """a cloth baked into the file, in chunks"""
    start(frames=6)
    parts.bake(parts.add_cloth())
    project.save()


@shot
def baked_cloth_on_disk(project):
    """a cloth baked into its cache folder, in chunks"""
    start(frames=6)
    project.save()
    cache = parts.add_cloth()
    cache.use_disk_cache = True
    project.save()
    parts.bake(cache)
    project.save()


@shot
def baked_rigid_body(project):
    """a rigid body world baked into the file, in chunks"""
    scene, _ = start(frames=6)
    bpy.ops.rigidbody.world_add()
    bpy.ops.mesh.primitive_cube_add(size=0.5, location=(0, 0, 3))
    bpy.ops.rigidbody.object_add()
    scene.rigidbody_world.point_cache.frame_end = 6
    parts.bake(scene.rigidbody_world.point_cache)
    project.save()


# Outputs of the compositor, and settings that spoil a farm's work

@shot
def composited(project):
    """a picture that the compositor makes of two"""
    scene, _ = start("CYCLES")
    project.picture("plates/back.png", (0.9, 0.7, 0.2), size=48)
    tree, layers, composite = parts.compositor(scene)
    scene.render.film_transparent = True
    plate = tree.nodes.new("CompositorNodeImage")
    plate.image = bpy.data.images.load(project.path("plates/back.png"))
    plate.image.filepath = "//plates/back.png"
    over = tree.nodes.new("CompositorNodeAlphaOver")
    tree.links.new(plate.outputs["Image"], over.inputs[1])
    tree.links.new(layers.outputs["Image"], over.inputs[2])
    tree.links.new(over.outputs["Image"], composite.inputs["Image"])
    project.save()


def _file_output(scene, path):
    tree, layers, _ = parts.compositor(scene)
    scene.view_layers[0].use_pass_normal = True
    node = tree.nodes.new("CompositorNodeOutputFile")
    node.name = "Passes"
    node.base_path = path
    node.format.file_format = "PNG"
    node.file_slots.new("normal_")
    tree.links.new(layers.outputs["Image"], node.inputs[0])
    tree.links.new(layers.outputs["Normal"], node.inputs[1])


@shot
def file_output(project):
    """a File Output node of the compositor"""
    scene, _ = start("CYCLES")
    _file_output(scene, "//passes/")
    project.save()


@shot
def file_output_elsewhere(project):
    """a File Output node whose folder exists on its maker's machine only: Blender alone writes nothing there"""
    scene, _ = start("CYCLES")
    _file_output(scene, "/proc/nowhere/")
    project.save()


@shot
def leftovers(project):
    """overwriting off, placeholders on, and junk under the frames' names: Blender alone keeps the junk"""
    scene, _ = start()
    scene.render.use_overwrite = False
    scene.render.use_placeholder = True
    project.save()


@shot
def no_extension(project):
    """file extensions off: Blender alone calls the pictures pic_0001"""
    scene, _ = start()
    scene.render.use_file_extension = False
    project.save()


@shot
def metadata(project):
    """metadata on: only the pixels can be compared"""
    parts.start(frames=2)
    project.save()


parts.make_projects()
