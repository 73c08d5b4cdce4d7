"""Makes the shots that the kit's tests render: blender --background --factory-startup --python make_shots.py -- FOLDER

Small and quick, each with something that could make a frame come out differently. Works in Blender 3.4 to 5.x.
"""

import os
import sys

import bpy

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from shot_parts import FOLDER, add_camera, compositor_tree, save, start, textured_material  # noqa: E402

NAMES = ["Image", "Image_001", "cam2", "beauty_####-final", "####.beauty", "x/####_y", "plain.png", "a#b##c"]


def compositor():
    """Inverted by the compositor, which also writes two passes of its own."""
    scene, _ = start()
    tree, picture = compositor_tree(scene)
    layers = tree.nodes.new("CompositorNodeRLayers")
    invert = tree.nodes.new("CompositorNodeInvert")
    tree.links.new(layers.outputs["Image"], invert.inputs["Color"])
    tree.links.new(invert.outputs[0], picture)
    output = tree.nodes.new("CompositorNodeOutputFile")
    output.name = "Extra/passes"
    if hasattr(output, "directory"):
        output.directory = "/nowhere/at/all"
        output.file_name = "plain"
        output.format.media_type = "IMAGE"
        output.format.file_format = "PNG"
        output.file_output_items.new("RGBA", "plain")
    else:
        output.base_path = "/nowhere/at/all"
        output.format.file_format = "PNG"
        output.file_slots.clear()
        output.file_slots.new("plain")
    tree.links.new(layers.outputs["Image"], output.inputs[0])
    save("compositor")


def nested():
    """A File Output node in a group in a group, whose file would leave its folder; and a group that nothing uses."""
    scene, _ = start()
    tree, picture = compositor_tree(scene)
    layers = tree.nodes.new("CompositorNodeRLayers")
    tree.links.new(layers.outputs["Image"], picture)
    inner, outer, unused = (group_with_input(name) for name in ("Inner", "Outer", "Unused"))
    for group in (inner, unused):
        output = group.nodes.new("CompositorNodeOutputFile")
        output.name = "Out of " + group.name
        if hasattr(output, "directory"):
            output.directory, output.file_name = "/nowhere", "../../up/pass"
            output.format.media_type = "IMAGE"
            output.format.file_format = "PNG"
            output.file_output_items.new("RGBA", "image")
        else:
            output.base_path = "/nowhere"
            output.format.file_format = "PNG"
            output.file_slots[0].path = "../../up/pass"
        group.links.new(group.nodes["Group Input"].outputs[0], output.inputs[0])
    for group, into in ((inner, outer), (outer, tree)):
        node = into.nodes.new("CompositorNodeGroup")
        node.node_tree = group
        source = into.nodes["Group Input"].outputs[0] if into is outer else layers.outputs["Image"]
        into.links.new(source, node.inputs[0])
    unused.use_fake_user = True
    save("nested")


def output_names():
    """A File Output node under names that people give: digits at the end, the frame's number first or in the middle; and
    a second node for a view layer that is not rendered."""
    scene, _ = start()
    tree, picture = compositor_tree(scene)
    layers = tree.nodes.new("CompositorNodeRLayers")
    tree.links.new(layers.outputs["Image"], picture)
    scene.view_layers.new("Second").use = False
    off = tree.nodes.new("CompositorNodeRLayers")
    off.layer = "Second"
    for source, names in ((layers, NAMES), (off, ["off"])):
        output = tree.nodes.new("CompositorNodeOutputFile")
        if hasattr(output, "directory"):
            output.file_name = ""
            output.format.media_type = "IMAGE"
        else:
            output.file_slots.clear()
        output.format.file_format = "PNG"
        for index, name in enumerate(names):
            if hasattr(output, "directory"):
                output.file_output_items.new("RGBA", name)
            else:
                output.file_slots.new(name)
            tree.links.new(source.outputs["Image"], output.inputs[index])
    save("output_names")


def nothing_to_write():
    """File Output nodes that Blender leaves out: a pass that is off, one colour, an empty image node."""
    scene, _ = start()
    tree, picture = compositor_tree(scene)
    layers = tree.nodes.new("CompositorNodeRLayers")
    tree.links.new(layers.outputs["Image"], picture)
    layer = scene.view_layers[0]
    layer.use_pass_mist = True
    sources = [layers.outputs["Mist"], tree.nodes.new("CompositorNodeRGB").outputs[0],
               tree.nodes.new("CompositorNodeImage").outputs[0]]
    for source in sources:
        output = tree.nodes.new("CompositorNodeOutputFile")
        if hasattr(output, "file_output_items"):
            output.format.media_type = "IMAGE"
            output.file_output_items.new("RGBA", "image")
        tree.links.new(source, output.inputs[0])
    layer.use_pass_mist = False
    save("nothing_to_write")


def group_with_input(name):
    group = bpy.data.node_groups.new(name, "CompositorNodeTree")
    if hasattr(group, "interface"):
        group.interface.new_socket(name="Image", in_out="INPUT", socket_type="NodeSocketColor")
    else:
        group.inputs.new("NodeSocketColor", "Image")
    group.nodes.new("NodeGroupInput").name = "Group Input"
    return group


def sequencer():
    """The picture comes from the sequencer, and there is a sound."""
    import math
    import struct
    import wave
    path = os.path.join(FOLDER, "tone.wav")
    with wave.open(path, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n * 0.3))) for n in range(8000)))
    scene, _ = start()
    scene.sequence_editor_create()
    editor = scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    span = {"length": 24} if bpy.app.version >= (5, 0, 0) else {"frame_end": 25}
    color = strips.new_effect("Color", "COLOR", 1, 1, **span)
    color.color = (0.9, 0.2, 0.1)
    for frame, alpha in ((1, 0.1), (24, 1.0)):
        color.blend_alpha = alpha
        color.keyframe_insert("blend_alpha", frame=frame)
    strips.new_sound("Tone", path, 2, 1)
    save("sequencer")


def moving():
    """Motion blur, a driver that counts frames, two cameras that take turns, a layer that is off."""
    scene, cube = start()
    scene.render.use_motion_blur = True
    scene.cycles.samples = 4
    driver = cube.driver_add("rotation_euler", 2).driver
    driver.expression = "frame * 0.2"
    near = add_camera("Near", (0, -5, 1.5), (1.3, 0, 0))
    for frame, camera in ((1, scene.camera), (3, near)):
        scene.timeline_markers.new(camera.name, frame=frame).camera = camera
    scene.view_layers.new("Second").use = False
    save("moving")


def heavy():
    """Slow enough that a test can end Blender in the middle of a frame."""
    scene, _ = start()
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    scene.cycles.samples = 4000
    scene.cycles.use_adaptive_sampling = False
    save("heavy")


def faulty():
    """A texture that is not there, a driver that cannot work, and no camera."""
    scene, cube = start()
    image = bpy.data.images.new("Lost", 4, 4)
    image.source = "FILE"
    image.filepath = "//textures/lost.png"
    material, show = textured_material()
    show(image)
    cube.data.materials.append(material)
    cube.driver_add("scale", 0).driver.expression = "no_such_name + 1"
    bpy.data.objects.remove(scene.camera)
    save("faulty")


def textured():
    """A sequence that lacks frame 3, a tiled image without its second tile, and a lost image that no picture shows."""
    scene, cube = start()
    folder = os.path.join(FOLDER, "tex")
    os.makedirs(folder, exist_ok=True)
    for name in ("seq_001", "seq_002", "seq_004", "tile.1001"):
        image = bpy.data.images.new(name, 4, 4)
        image.filepath_raw = os.path.join(folder, name + ".png")
        image.file_format = "PNG"
        image.save()
        bpy.data.images.remove(image)

    def picture(name, source):
        image = bpy.data.images.new(name, 4, 4)
        image.source = source
        image.filepath = "//tex/" + name
        return image
    material, show = textured_material()
    sequence = show(picture("seq_001.png", "SEQUENCE"))
    sequence.image_user.frame_start, sequence.image_user.frame_duration = 1, 4
    show(picture("tile.<UDIM>.png", "TILED")).image.tiles.new(1002)
    cube.data.materials.append(material)
    camera = scene.camera.data
    camera.show_background_images = True
    camera.background_images.new().image = picture("reference.png", "FILE")
    save("textured")


def linking():
    """A linked file that is gone."""
    start()
    bpy.data.collections.new("Props").use_fake_user = True
    save("props")
    library = os.path.join(FOLDER, "props.blend")
    scene, _ = start()
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.collections = ["Props"]
    scene.collection.children.link(wanted.collections[0])
    save("linking")
    os.remove(library)


def denoised():
    """Denoising is on."""
    scene, _ = start()
    scene.cycles.use_denoising = True
    save("denoised")


def stereo():
    """Two views, each in its own file."""
    scene, _ = start()
    scene.render.use_multiview = True
    scene.render.views_format = "STEREO_3D"
    scene.render.image_settings.views_format = "INDIVIDUAL"
    save("stereo")


def dying():
    """A script of its own ends Blender on frame 2, as running out of memory would."""
    start()
    text = bpy.data.texts.new("die.py")
    text.write("""
import bpy, os, signal
def die(scene, *_):
    if scene.frame_current == 2:
        os.kill(os.getpid(), signal.SIGKILL)
bpy.app.handlers.render_pre.append(die)
""")
    text.use_module = True
    save("dying")


def cut_short():
    """A script of its own takes the end off the file of frame 2 once, as a full disk would."""
    start()
    text = bpy.data.texts.new("cut.py")
    text.write("""
import bpy, os
def cut(scene, *_):
    folder = os.path.dirname(bpy.path.abspath(scene.render.filepath))
    path = os.path.join(folder, "shot_0002.png")
    if scene.frame_current == 2 and not os.path.exists(folder + "/cut"):
        open(folder + "/cut", "w").close()
        os.truncate(path, os.path.getsize(path) // 2)
bpy.app.handlers.render_write.append(cut)
""")
    text.use_module = True
    save("cut_short")


def plain():
    """Two scenes, each with something to see."""
    start()
    other = bpy.data.scenes.new("Other")
    other.render.engine = "CYCLES"
    save("plain")


for make in (plain, compositor, nested, output_names, nothing_to_write, sequencer, moving, heavy, faulty, textured, linking,
             denoised, stereo, dying, cut_short):
    make()
