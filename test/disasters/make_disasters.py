"""Makes the projects of the disasters: blender -b --factory-startup --python make_disasters.py -- FOLDER [NAME…]

One function a disaster, in a folder of its name; its docstring says what is wrong, and stands in the table. Without
names all are made. What is removed after saving is removed here, so that a project is as its uploader left it.
"""

import os
import shutil
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bpy  # noqa: E402

import scene_parts as parts  # noqa: E402

disaster = parts.one_project


# Files that are not where the shot looks for them

@disaster
def texture_missing(project):
    """a texture that was not uploaded"""
    _, cube = parts.start("CYCLES")
    parts.add_texture(cube, "//textures/wood.png")
    project.save()


@disaster
def library_texture_missing(project):
    """a linked library is there, its texture is not"""
    parts.add_texture(parts.start_library("Props"), "//tex/bark.png")
    project.save("lib/props.blend")
    parts.start("CYCLES")
    parts.link(project, "lib/props.blend", "Props")
    project.save()


@disaster
def library_missing(project):
    """a linked library that was not uploaded"""
    parts.start_library("Props")
    project.save("lib/props.blend")
    parts.start("CYCLES")
    parts.link(project, "lib/props.blend", "Props")
    project.save()
    project.remove("lib")


@disaster
def library_of_library_missing(project):
    """a library that a linked library links in turn"""
    parts.start_library("Bolt")
    project.save("lib/bolt.blend")
    props = parts.start_library("Props").users_collection[0]
    parts.link(project, "lib/bolt.blend", "Bolt", into="lib/props.blend")
    props.children.link(bpy.data.collections["Bolt"])
    project.save("lib/props.blend")
    parts.start("CYCLES")
    parts.link(project, "lib/props.blend", "Props")
    project.save()
    project.remove("lib/bolt.blend")


@disaster
def half_a_sequence(project):
    """an image sequence of which the last three frames are not there"""
    _, cube = parts.start("CYCLES", frames=6)
    for number in (1, 2, 3):
        project.picture("seq/plate_%04d.png" % number)
    node = parts.add_texture(cube, "//seq/plate_0001.png", "SEQUENCE")
    node.image_user.frame_start, node.image_user.frame_duration = 1, 6
    node.image_user.use_auto_refresh = True
    project.save()


@disaster
def udim_tile_missing(project):
    """one tile of a tiled (UDIM) texture"""
    _, cube = parts.start("CYCLES")
    project.picture("tex/skin.1001.png")
    project.picture("tex/skin.1003.png")
    node = parts.add_texture(cube, "//tex/skin.<UDIM>.png", "TILED")
    node.image.tiles.new(1002)
    node.image.tiles.new(1003)
    project.save()


@disaster
def older_texture_elsewhere(project):
    """the texture is missing where the shot looks for it; an older one of the same name lies in another folder"""
    _, cube = parts.start("CYCLES")
    project.picture("old/wood.png", (0.1, 0.1, 0.9))
    parts.add_texture(cube, "//textures/wood.png")
    project.save()


@disaster
def older_texture_uploaded(project):
    """a texture of the right name and older bytes than the submission's list of inputs names"""
    _, cube = parts.start("CYCLES")
    project.picture("textures/wood.png", (0.1, 0.1, 0.9))
    parts.add_texture(cube, "//textures/wood.png")
    project.save()


@disaster
def absolute_path(project):
    """a texture by an absolute path of its maker's machine"""
    _, cube = parts.start("CYCLES")
    project.picture("textures/wood.png")
    parts.add_texture(cube, "/home/ana/film/textures/wood.png")
    project.save()


@disaster
def windows_path(project):
    """a texture by a drive and backslashes"""
    _, cube = parts.start("CYCLES")
    project.picture("textures/wood.png")
    parts.add_texture(cube, "D:\\film\\textures\\wood.png")
    project.save()


@disaster
def wrong_case(project):
    """the shot says Wood.png, the file is called wood.PNG: the same only on Windows and macOS"""
    _, cube = parts.start("CYCLES")
    project.picture("textures/wood.png")
    os.rename(project.path("textures/wood.png"), project.path("textures/wood.PNG"))
    parts.add_texture(cube, "//textures/Wood.png")
    project.save()


@disaster
def other_unicode_form(project):
    """a name with an umlaut, composed in the shot and decomposed on the disk, as macOS writes it"""
    _, cube = parts.start("CYCLES")
    project.picture("textures/wood.png")
    os.rename(project.path("textures/wood.png"), project.path("textures/tu\u0308r.png"))
    parts.add_texture(cube, "//textures/t\u00fcr.png")
    project.save()


@disaster
def outside_the_project(project):
    """a texture by a path that leads out of the project"""
    _, cube = parts.start("CYCLES")
    parts.add_texture(cube, "//../../../elsewhere/wood.png")
    project.save()


@disaster
def font_missing(project):
    """a text whose font was not uploaded"""
    parts.start()
    shutil.copy(parts.FONT, project.path("fonts/title.ttf"))
    bpy.ops.object.text_add()
    bpy.context.object.data.font = bpy.data.fonts.load(project.path("fonts/title.ttf"))
    bpy.data.fonts[-1].filepath = "//fonts/title.ttf"
    project.save()
    project.remove("fonts")


@disaster
def sound_missing(project):
    """the sound of a sequence"""
    scene, _ = parts.start()
    strips = parts.sequencer(scene)
    project.sound("sound/voice.wav")
    strips.new_effect("Color", "COLOR", 1, 1, frame_end=10).color = (0.2, 0.5, 0.3)
    strips.new_sound("Voice", project.path("sound/voice.wav"), 2, 1).sound.filepath = "//sound/voice.wav"
    project.save()
    project.remove("sound")


@disaster
def movie_strip_missing(project):
    """the movie of a strip in a sequence"""
    scene, _ = parts.start()
    shutil.copy(os.path.join(parts.FOLDER, "plate.mp4"), project.path("plates/plate.mp4"))
    parts.sequencer(scene).new_movie("Plate", project.path("plates/plate.mp4"), 1, 1).filepath = "//plates/plate.mp4"
    project.save()
    project.remove("plates")


@disaster
def strip_picture_missing(project):
    """one picture of an image strip"""
    scene, _ = parts.start(frames=3)
    for number in (1, 2, 3):
        project.picture("plates/p_%d.png" % number, size=16)
    strip = parts.sequencer(scene).new_image("Plate", project.path("plates/p_1.png"), 1, 1)
    strip.directory = "//plates/"
    strip.elements.append("p_2.png")
    strip.elements.append("p_3.png")
    project.save()
    project.remove("plates/p_2.png")


@disaster
def movie_clip_missing(project):
    """the movie clip behind the picture in the compositor"""
    scene, _ = parts.start()
    shutil.copy(os.path.join(parts.FOLDER, "plate.mp4"), project.path("plates/plate.mp4"))
    tree, layers, composite = parts.compositor(scene)
    scene.render.film_transparent = True
    clip = tree.nodes.new("CompositorNodeMovieClip")
    clip.clip = bpy.data.movieclips.load(project.path("plates/plate.mp4"))
    clip.clip.filepath = "//plates/plate.mp4"
    over = tree.nodes.new("CompositorNodeAlphaOver")
    tree.links.new(clip.outputs["Image"], over.inputs[1])
    tree.links.new(layers.outputs["Image"], over.inputs[2])
    tree.links.new(over.outputs["Image"], composite.inputs["Image"])
    project.save()
    project.remove("plates")


@disaster
def alembic_missing(project):
    """the Alembic cache that moves a mesh"""
    _alembic_shot(project)
    project.remove("cache")


@disaster
def alembic_layer_missing(project):
    """an Alembic archive that is laid over a cache, which is there"""
    _alembic_shot(project)
    cache = bpy.data.cache_files[-1]
    cache.layers.new(filepath="//cache/over.abc")
    cache.layers.new(filepath="//cache/hidden.abc").hide_layer = True
    project.save()


def _alembic_shot(project):
    _, cube = parts.start()
    project.write("cache/cube.abc", b"Ogawa\xff" + bytes(60))
    bpy.ops.cachefile.open(filepath=project.path("cache/cube.abc"))
    cache = bpy.data.cache_files[-1]
    modifier = cube.modifiers.new("Cache", "MESH_SEQUENCE_CACHE")
    modifier.cache_file, modifier.object_path = cache, "/Cube/Cube"
    cache.filepath = "//cache/cube.abc"
    project.save()


@disaster
def multires_missing(project):
    """the file in which a mesh keeps what was sculpted (Multiresolution, saved externally)"""
    parts.start()
    parts.add_sculpted(project, "sculpt/rock.btx")
    project.save()
    project.remove("sculpt")


@disaster
def vdb_missing(project):
    """the OpenVDB file of a volume"""
    parts.start("CYCLES")
    volume = bpy.data.volumes.new("Smoke")
    volume.filepath = "//cache/smoke.vdb"
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Smoke", volume))
    project.save()


@disaster
def ies_missing(project):
    """the light profile of a lamp"""
    parts.start("CYCLES")
    light = next(iter(bpy.data.lights))
    light.use_nodes = True
    node = light.node_tree.nodes.new("ShaderNodeTexIES")
    node.mode = "EXTERNAL"
    node.filepath = "//lights/spot.ies"
    light.node_tree.links.new(node.outputs[0], light.node_tree.nodes["Emission"].inputs["Strength"])
    project.save()


@disaster
def baked_cache_missing(project):
    """a baked cloth whose cache folder was not uploaded"""
    parts.start(frames=6)
    project.save()
    bpy.ops.wm.open_mainfile(filepath=project.path("shot.blend"))
    cache = parts.add_cloth()
    cache.use_disk_cache = True
    parts.bake(cache)
    bpy.ops.wm.save_mainfile(compress=True)
    project.remove("blendcache_shot")


# Files that are not what they should be

@disaster
def not_a_blend(project):
    """a file that is called .blend and is none"""
    project.write("shot.blend", b"<html>404 Not Found</html>\n" * 20)


@disaster
def truncated_blend(project):
    """an upload that was cut short"""
    parts.start()
    project.save(compress=False)
    with open(project.path("shot.blend"), "rb") as file:
        content = file.read()
    project.write("shot.blend", content[:len(content) * 2 // 3])


@disaster
def newer_file(project):
    """a file saved by Blender 5.2, where there is 3.4 only"""
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "newer.blend"), project.path("shot.blend"))


@disaster
def broken_texture(project):
    """a texture that is there and cannot be decoded"""
    _, cube = parts.start("CYCLES")
    project.write("textures/wood.png", b"\x89PNG\r\n\x1a\n" + b"nonsense" * 40)
    parts.add_texture(cube, "//textures/wood.png")
    project.save()


@disaster
def broken_sequence_frame(project):
    """an image sequence of which one frame is cut short"""
    _, cube = parts.start("CYCLES", frames=3)
    for number in (1, 2, 3):
        project.picture("seq/plate_%04d.png" % number, size=64)
    node = parts.add_texture(cube, "//seq/plate_0001.png", "SEQUENCE")
    node.image_user.frame_start, node.image_user.frame_duration = 1, 3
    node.image_user.use_auto_refresh = True
    project.write("seq/plate_0002.png", b"")
    project.save()


@disaster
def empty_texture(project):
    """a texture of 0 bytes"""
    _, cube = parts.start("CYCLES")
    project.write("wood.png", b"")
    parts.add_texture(cube, "//wood.png")
    project.save()


@disaster
def packed_texture_broken(project):
    """a texture that was cut short before it was packed into the file"""
    _, cube = parts.start("CYCLES")
    project.picture("wood.png", size=64)
    with open(project.path("wood.png"), "rb") as file:
        content = file.read()
    half = content[:len(content) // 2]
    parts.add_texture(cube, "//wood.png").image.pack(data=half, data_len=len(half))
    project.save()
    project.remove("wood.png")


@disaster
def library_newer(project):
    """a linked library that was saved by a newer Blender than the shot"""
    parts.start_library("Props")
    project.save("lib/props.blend")
    parts.start("CYCLES")
    parts.link(project, "lib/props.blend", "Props")
    project.save()
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "newer.blend"), project.path("lib/props.blend"))


@disaster
def alembic_unknown(project):
    """an Alembic cache, and this Blender was built without Alembic"""
    _alembic_shot(project)


@disaster
def missing_data(project):
    """a library that is there, but not the collection that the shot links from it"""
    parts.start_library("Props")
    project.save("lib/props.blend")
    parts.start("CYCLES")
    parts.link(project, "lib/props.blend", "Props")
    project.save()
    parts.start_library("Renamed")
    project.save("lib/props.blend")


# Settings that cannot be met

@disaster
def no_camera(project):
    """no camera at all, and the shot is submitted"""
    parts.start()
    bpy.data.objects.remove(bpy.data.objects["Camera"])
    project.save()


@disaster
def camera_deleted(project):
    """the scene that is asked for lost its camera; another scene of the file has one"""
    parts.start()
    other = bpy.data.scenes.new("Other")
    other.render.engine = "BLENDER_WORKBENCH"
    project.save()


@disaster
def scene_unknown(project):
    """the render.json names a scene that is not in the file"""
    parts.start()
    project.save()


@disaster
def camera_unknown(project):
    """the render.json names a camera that is not in the scene"""
    parts.start()
    project.save()


@disaster
def view_layer_unknown(project):
    """the render.json names a view layer that is not in the scene"""
    parts.start()
    project.save()


@disaster
def settings_mistyped(project):
    """a key in the render.json is mistyped"""
    parts.start()
    project.save()


@disaster
def strip_of_a_scene_cut(project):
    """an edit whose strip shows a scene from its 7th frame on, of which a texture's sequence has only the first six"""
    scene, cube = parts.start("CYCLES", frames=12)
    for number in range(1, 7):
        project.picture("seq/plate_%04d.png" % number)
    user = parts.add_texture(cube, "//seq/plate_0001.png", "SEQUENCE").image_user
    user.frame_start, user.frame_duration, user.use_auto_refresh = 1, 12, True
    parts.edit_of(scene, from_frame=7)
    project.save()


@disaster
def strip_of_a_scene_without_camera(project):
    """an edit whose strip shows a scene that has no camera"""
    scene, _ = parts.start("CYCLES", frames=2)
    parts.edit_of(scene)
    scene.camera = None
    project.save()


@disaster
def strip_of_a_scene_without_layer(project):
    """an edit whose strip shows a scene of which every view layer is off"""
    scene, _ = parts.start("CYCLES", frames=2)
    parts.edit_of(scene)
    scene.view_layers[0].use = False
    project.save()


@disaster
def strip_of_a_scene_with_noise(project):
    """an edit whose strip shows a scene that is denoised, and this Blender was built without a denoiser"""
    scene, _ = parts.start("CYCLES", frames=2)
    parts.edit_of(scene)
    scene.cycles.use_denoising = True
    project.save()


@disaster
def background_scene_broken(project):
    """a scene that shows another one behind its own objects, where a texture cannot be decoded"""
    scene, cube = parts.start("CYCLES", frames=2)
    project.write("textures/wood.png", b"\x89PNG\r\n\x1a\n" + b"nonsense" * 40)
    parts.add_texture(cube, "//textures/wood.png")
    parts.scene_over(scene).background_set = scene
    project.save()


@disaster
def composited_scene_with_noise(project):
    """a compositor that takes the layers of another scene, which is denoised, and this Blender was built without a denoiser"""
    scene, _ = parts.start("CYCLES", frames=2)
    parts.compositor(parts.scene_over(scene))[1].scene = scene
    scene.cycles.use_denoising = True
    project.save()


@disaster
def strip_of_a_scene_of_an_engine(project):
    """an edit whose strip shows a scene that is made for a render engine that is not installed"""
    scene, _ = parts.start("BLENDER_EEVEE", frames=2)
    parts.edit_of(scene)
    project.save(compress=False)
    project.patch(b"BLENDER_EEVEE\0", b"FILMSTAR\0\0\0\0\0\0")


@disaster
def step_of_zero(project):
    """a frame step of 0, by a program that wrote the file"""
    scene, _ = parts.start(frames=4)
    scene.frame_step = 31337
    project.save(compress=False)
    project.patch(struct.pack("<i", 31337), struct.pack("<i", 0))


@disaster
def too_small(project):
    """1 % of a small picture: not even one pixel"""
    scene, _ = parts.start()
    scene.render.resolution_percentage = 1
    project.save()


@disaster
def region_of_nothing(project):
    """a render region without width"""
    render = parts.start()[0].render
    render.use_border = True
    render.border_min_x = render.border_max_x = 0.5
    project.save()


@disaster
def look_unknown(project):
    """the colours are made with a look that this Blender does not have"""
    scene, _ = parts.start()
    scene.view_settings.look = "High Contrast"
    project.save(compress=False)
    project.patch(b"High Contrast\0", b"FilmX Contra\0\0")


@disaster
def no_view_layer(project):
    """every view layer is switched off for rendering"""
    scene, _ = parts.start("CYCLES")
    scene.view_layers[0].use = False
    project.save()


@disaster
def empty_range(project):
    """the range ends before it starts"""
    scene, _ = parts.start()
    scene.frame_start, scene.frame_end = 777777, 888888
    project.save(compress=False)
    project.patch(struct.pack("<ii", 777777, 888888), struct.pack("<ii", 10, 5))


@disaster
def negative_frames(project):
    """the range starts before frame 0"""
    scene, _ = parts.start()
    scene.frame_start, scene.frame_end = 777777, 888888
    project.save(compress=False)
    project.patch(struct.pack("<ii", 777777, 888888), struct.pack("<ii", -2, 1))


@disaster
def odd_format(project):
    """a format (Iris) whose extension Blender's command line and other programs do not agree on"""
    scene, _ = parts.start()
    scene.render.image_settings.file_format = "IRIS"
    project.save()


@disaster
def braces_in_name(project):
    """braces in the name of the file, which Flamenco would expand"""
    parts.start()
    project.save("shot{1}.blend")


@disaster
def denoiser_absent(project):
    """denoising is on and this Blender was built without a denoiser"""
    scene, _ = parts.start("CYCLES")
    scene.cycles.use_denoising = True
    project.save()


@disaster
def gpu_absent(project):
    """a GPU is asked for and there is none"""
    scene, _ = parts.start("CYCLES")
    scene.cycles.device = "GPU"
    project.save()


@disaster
def view_transform_unknown(project):
    """the colours are made with a view transform that this Blender does not have"""
    scene, _ = parts.start()
    scene.view_settings.view_transform = "Filmic"
    project.save(compress=False)
    project.patch(b"Filmic\0", b"FilmX1\0")


@disaster
def stereo_camera_missing(project):
    """a multi-view scene without the cameras of its views"""
    scene, _ = parts.start()
    scene.render.use_multiview = True
    scene.render.views_format = "MULTIVIEW"
    project.save()


# What add-ons, scripts and simulations bring

@disaster
def engine_absent(project):
    """a render engine of an add-on that is not installed"""
    class Engine(bpy.types.RenderEngine):
        bl_idname, bl_label = "FILMSTAR", "Filmstar"
    parts.start()
    bpy.utils.register_class(Engine)
    bpy.context.scene.render.engine = "FILMSTAR"
    project.save()
    bpy.context.scene.render.engine = "CYCLES"
    bpy.utils.unregister_class(Engine)


@disaster
def nodes_undefined(project):
    """a shader node of an add-on that is not installed"""
    class LostShader(bpy.types.ShaderNodeCustomGroup):
        bl_idname, bl_label, bl_name = "LostShader", "Lost", "LostShader"
    _, cube = parts.start("CYCLES")
    group = bpy.data.node_groups.new("Inside", "ShaderNodeTree")
    group.outputs.new("NodeSocketShader", "Shader")
    group.links.new(group.nodes.new("ShaderNodeEmission").outputs[0], group.nodes.new("NodeGroupOutput").inputs[0])
    bpy.utils.register_class(LostShader)
    tree = parts.add_material(cube, "Glowing")
    node = tree.nodes.new("LostShader")
    node.node_tree = group
    tree.links.new(node.outputs[0], tree.nodes["Material Output"].inputs["Surface"])
    project.save()
    # Blender crashes when a class goes whose nodes are there.
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.utils.unregister_class(LostShader)


@disaster
def driver_blocked(project):
    """a scripted driver, and scripts may not run"""
    _, cube = parts.start()
    parts.add_script("import bpy\nbpy.app.driver_namespace['wave'] = lambda frame: frame * 0.3\n")
    cube.driver_add("scale", 2).driver.expression = "wave(frame)"
    project.save()


@disaster
def driver_fails(project):
    """a scripted driver that fails although scripts may run"""
    _, cube = parts.start()
    cube.driver_add("scale", 2).driver.expression = "no_such_function(frame) + 1"
    project.save()


@disaster
def cloth_unbaked(project):
    """a cloth that was not baked, in chunks"""
    parts.start(frames=6)
    parts.add_cloth()
    project.save()


@disaster
def soft_body_unbaked(project):
    """a soft body that was not baked, in chunks"""
    parts.start(frames=6)
    bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=6, location=(0, 0, 3))
    bpy.context.object.modifiers.new("Soft", "SOFT_BODY").settings.use_goal = False
    project.save()


@disaster
def particles_unbaked(project):
    """particles with drag that were not baked, in chunks"""
    parts.start(frames=6)
    bpy.ops.mesh.primitive_plane_add(location=(0, 0, 3))
    bpy.context.object.modifiers.new("Rain", "PARTICLE_SYSTEM")
    settings = bpy.data.particles[-1]
    settings.count, settings.frame_start, settings.frame_end = 50, 1, 6
    # Without it each particle's way is a formula of time, and right in any order.
    settings.drag_factor = 0.5
    project.save()


@disaster
def rigid_body_unbaked(project):
    """a rigid body world that was not baked, in chunks"""
    parts.start(frames=6)
    bpy.ops.rigidbody.world_add()
    bpy.ops.mesh.primitive_cube_add(size=0.5, location=(0, 0, 3))
    bpy.ops.rigidbody.object_add()
    project.save()


@disaster
def fluid_unbaked(project):
    """a fluid that was not baked"""
    parts.start(frames=6)
    bpy.ops.mesh.primitive_cube_add(size=3, location=(0, 0, 1))
    domain = bpy.context.object
    domain.name = "Domain"
    modifier = domain.modifiers.new("Fluid", "FLUID")
    modifier.fluid_type = "DOMAIN"
    modifier.domain_settings.domain_type = "LIQUID"
    modifier.domain_settings.resolution_max = 16
    modifier.domain_settings.cache_type = "ALL"
    modifier.domain_settings.use_mesh = True
    modifier.domain_settings.cache_directory = "//cache_fluid"
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.5, location=(0, 0, 2))
    flow = bpy.context.object.modifiers.new("Fluid", "FLUID")
    flow.fluid_type = "FLOW"
    flow.flow_settings.flow_type = "LIQUID"
    project.save()


# What goes wrong while it renders

@disaster
def file_output_unwritable(project):
    """a File Output node of the compositor whose folder cannot be written"""
    scene, _ = parts.start()
    tree, layers, _ = parts.compositor(scene)
    node = tree.nodes.new("CompositorNodeOutputFile")
    node.name = "Passes"
    node.base_path = "/proc/nowhere/"
    tree.links.new(layers.outputs["Image"], node.inputs[0])
    project.save()


@disaster
def folder_unwritable(project):
    """a file stands where the folder of the frames should be"""
    scene, _ = parts.start(frames=2)
    scene.render.filepath = "//out/pic_####"
    project.save()


@disaster
def frame_unwritable(project):
    """a folder stands where one of the frames should be"""
    parts.start(frames=3)
    project.save()


@disaster
def disk_full(project):
    """the disk is full before the last frames are written"""
    scene, _ = parts.start(frames=4)
    scene.render.image_settings.file_format = "TARGA_RAW"
    scene.render.resolution_x, scene.render.resolution_y = 480, 270
    project.save()


@disaster
def out_of_memory(project):
    """a picture of 3.2 gigapixels, more than the machine's memory"""
    scene, _ = parts.start("CYCLES")
    scene.render.resolution_x = scene.render.resolution_y = 56000
    scene.cycles.use_auto_tile = False
    project.save()


@disaster
def crash_in_a_frame(project):
    """Blender crashes in frame 2 of 3 (by a script of the file, where scripts may run)"""
    parts.start(frames=3)
    parts.add_script("""
import bpy, os, signal
def crash(scene, *_):
    if scene.frame_current == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
bpy.app.handlers.render_pre.append(crash)
""")
    project.save()


@disaster
def killed_in_a_frame(project):
    """the kernel kills Blender in frame 2 of 3, as it does when memory runs out"""
    parts.start(frames=3)
    parts.add_script("""
import bpy, os, signal
def die(scene, *_):
    if scene.frame_current == 2:
        os.kill(os.getpid(), signal.SIGKILL)
bpy.app.handlers.render_pre.append(die)
""")
    project.save()


@disaster
def hangs_in_a_frame(project):
    """frame 2 of 3 never ends"""
    parts.start(frames=3)
    parts.add_script("""
import bpy, time
def hang(scene, *_):
    if scene.frame_current == 2:
        time.sleep(100000)
bpy.app.handlers.render_pre.append(hang)
""")
    project.save()


@disaster
def black_frame(project):
    """a script that lights the scene fails on frame 2 of 3, which stays dark"""
    scene, _ = parts.start("CYCLES", frames=3)
    scene.world.color = (0, 0, 0)
    scene.world.use_nodes = False
    bpy.data.lights[0].energy = 0
    parts.add_script("""
import bpy
def light(scene, *_):
    bpy.data.lights[0].energy = 0
    bpy.data.lights[0].energy = {1: 3, 3: 4}[scene.frame_current]
bpy.app.handlers.frame_change_pre.append(light)
bpy.app.handlers.render_pre.append(light)
""")
    project.save()


# A script that does something to the file of frame 2 when Blender ends: after it was rendered and recorded.
AT_THE_END = """
import atexit, bpy, os
written = []
def note(scene, *_):
    if scene.frame_current == 2:
        written.extend((scene.render.frame_path(frame=2), bpy.path.abspath(scene.render.filepath)))
def spoil():
    for path in filter(os.path.isfile, written):
        %s
bpy.app.handlers.render_write.append(note)
atexit.register(spoil)
"""


@disaster
def frame_cut_short(project):
    """the file of frame 2 of 3 is cut short after it was rendered and recorded"""
    parts.start(frames=3)
    parts.add_script(AT_THE_END % "os.truncate(path, os.path.getsize(path) // 2)")
    project.save()


@disaster
def frame_goes_missing(project):
    """the file of frame 2 of 3 is taken away after it was rendered and recorded"""
    parts.start(frames=3)
    parts.add_script(AT_THE_END % "os.remove(path)")
    project.save()


parts.make_projects()
