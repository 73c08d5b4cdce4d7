"""Makes the .blend files that the reader is tested with, and beside each what Blender itself says of it.

    blender --background --factory-startup --python make_scenes.py -- FOLDER [--compress]

FOLDER gets settings.blend, defaults.blend and needs.blend, and a .json of each. Works in Blender 3.4 to 5.2.
What Blender says is asked after the file was opened again: so the .json tells what is in the file, not in memory.
"""

import json
import os
import sys
import wave

import bpy

# The folder with the scenes stays as it is.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import needs

ARGS = sys.argv[sys.argv.index("--") + 1 :]
FOLDER = os.path.abspath(ARGS[0])
COMPRESS = "--compress" in ARGS
EEVEE = "BLENDER_EEVEE_NEXT" if (4, 2, 0) <= bpy.app.version < (5, 0, 0) else "BLENDER_EEVEE"


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


def samples_of(scene):
    engine = scene.render.engine
    if engine == "CYCLES":
        return scene.cycles.samples
    if engine == EEVEE:
        return scene.eevee.taa_render_samples
    if engine == "BLENDER_WORKBENCH":
        names = {"OFF": 0, "FXAA": 1}
        return names.get(scene.display.render_aa) if scene.display.render_aa in names else int(scene.display.render_aa)
    return None


def strips_of(scene):
    editor = scene.sequence_editor
    if editor is None:
        return ()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def views_of(render):
    stereo = render.views_format == "STEREO_3D"
    names = [view for view in render.views if view.use and (not stereo or view.name in ("left", "right"))]
    return [{"name": view.name, "suffix": view.file_suffix} for view in names]


def can_render(scene):
    if scene.camera or any(marker.camera for marker in scene.timeline_markers):
        return True
    return bool(scene.render.use_sequencer and len(strips_of(scene)) > 0)


def as_shown(number):
    return float(f"{number:.7g}")


def region_of(render):
    return {
        "xMin": as_shown(render.border_min_x),
        "xMax": as_shown(render.border_max_x),
        "yMin": as_shown(render.border_min_y),
        "yMax": as_shown(render.border_max_y),
        "isCropped": render.use_crop_to_border,
    }


def cycles_of(scene):
    is_cycles = scene.render.engine == "CYCLES"
    settings = scene.cycles
    return {
        "useAdaptiveSampling": settings.use_adaptive_sampling if is_cycles else None,
        "adaptiveThreshold": as_shown(settings.adaptive_threshold) if is_cycles else None,
        "timeLimitSeconds": as_shown(settings.time_limit) if is_cycles else None,
        "layerSamples": settings.use_layer_samples if is_cycles else None,
        "samplesAreDefault": is_cycles and not settings.is_property_set("samples"),
    }


def facts_of(scene):
    render = scene.render
    is_cycles = render.engine == "CYCLES"
    return {
        "name": scene.name,
        "frameStart": scene.frame_start,
        "frameEnd": scene.frame_end,
        "frameStep": scene.frame_step,
        "fps": render.fps,
        "fpsBase": as_shown(render.fps_base),
        "resolutionX": render.resolution_x,
        "resolutionY": render.resolution_y,
        "resolutionPercent": render.resolution_percentage,
        "pixelAspectX": as_shown(render.pixel_aspect_x),
        "pixelAspectY": as_shown(render.pixel_aspect_y),
        "region": region_of(render) if render.use_border else None,
        "engine": render.engine,
        "samples": samples_of(scene),
        **cycles_of(scene),
        "outputPath": render.filepath.replace("\\", "/"),
        "fileFormat": render.image_settings.file_format,
        "isMovie": render.is_movie_format,
        "hasCamera": scene.camera is not None,
        "canRender": can_render(scene),
        "viewLayers": [
            {"name": layer.name, "enabled": layer.use, "samples": layer.samples or None} for layer in scene.view_layers
        ],
        "useDenoising": scene.cycles.use_denoising if is_cycles else None,
        "device": scene.cycles.device if is_cycles else None,
        "multiView": render.use_multiview,
        "views": views_of(render) if render.use_multiview else None,
        "viewsFormat": render.image_settings.views_format if render.use_multiview else None,
        "useSequencer": render.use_sequencer,
        "useCompositor": render.use_compositing and needs.compositor_of(scene) is not None,
        "useOverwrite": render.use_overwrite,
        "usePlaceholders": render.use_placeholder,
        "useFileExtension": render.use_file_extension,
        "saveOutput": getattr(render, "save_output", None),
        "movieContainer": render.ffmpeg.format if render.image_settings.file_format == "FFMPEG" else None,
        "colorMode": render.image_settings.color_mode,
        "quality": render.image_settings.quality,
        "colorDepth": int(render.image_settings.color_depth),
    }


def files_of():
    sources = {"FILE": "file", "SEQUENCE": "sequence", "MOVIE": "movie", "TILED": "tiles"}
    files = [
        file(
            image.filepath, "image", image, bool(image.packed_files), source=sources[image.source], **shown_by(image)
        )
        for image in bpy.data.images
        if image.source in sources and image.filepath
    ]
    files += [file(sound.filepath, "sound", sound, bool(sound.packed_file)) for sound in bpy.data.sounds]
    files += [file(clip.filepath, "movieclip", clip, **clip_facts(clip)) for clip in bpy.data.movieclips]
    for volume in bpy.data.volumes:
        packed = bool(volume.packed_file)
        files.append(file(volume.filepath, "volume", volume, packed, **needs.volume_facts(volume)))
    files += [file(library.filepath, "library", library) for library in bpy.data.libraries]
    for scene in bpy.data.scenes:
        for strip in strips_of(scene):
            for index, element in enumerate(strip.elements if strip.type == "IMAGE" and not strip.mute else ()):
                path = os.path.join(strip.directory, element.filename)
                files.append(file(path, "strip", scene, source="file", **seen_on(strip, index)))
    for light in bpy.data.lights:
        files += [file(n.filepath, "ies", light) for n in light.node_tree.nodes if n.type == "TEX_IES"]
    for thing in bpy.data.objects:
        files += [cache for modifier in thing.modifiers for cache in caches_of(thing, modifier)]
    return files


def shown_by(image):
    tiles = [tile.number for tile in image.tiles] if image.source == "TILED" else []
    return {**needs.shown(image), **({"tiles": tiles} if tiles else {})}


def clip_facts(clip):
    """The only clip here names file 1 of a sequence."""
    way = {"start": clip.frame_start, "frames": clip.frame_duration, "offset": clip.frame_offset, "mode": "clip"}
    return {"source": "sequence", "shown": [way]} if clip.source == "SEQUENCE" else {"source": "movie"}


def seen_on(strip, index):
    """Tried frame by frame: the element that the sequencer shows on each."""
    number = index - strip.animation_offset_start
    if strip.use_reverse_frames or not 0 <= number < strip.frame_duration:
        return {}
    first, last = strip.frame_final_start, strip.frame_final_end - 1
    clamped = [min(max(frame - strip.frame_start, 0), strip.frame_duration - 1) for frame in range(first, last + 1)]
    frames = [first + at for at, shown in enumerate(clamped) if shown == number]
    return {"onFrames": {"from": frames[0], "to": frames[-1]}} if frames else {"onFrames": {"from": 1, "to": 0}}


def caches_of(thing, modifier):
    if modifier.type == "MESH_CACHE":
        return [file(modifier.filepath, "cache", thing)]
    folder = {"source": "folder", "mayBeNeeded": True}
    if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
        return [file(modifier.domain_settings.cache_directory, "cache", thing, **folder)]
    on_disk = modifier.type == "CLOTH" and modifier.point_cache.use_disk_cache
    zone = modifier.type == "NODES" and len(getattr(modifier, "bakes", ())) > 0
    return [file("//blendcache_<blend>", "cache", thing, **folder)] if on_disk or zone else []


def file(path, kind, owner, packed=False, **more):
    return {"path": path.replace("\\", "/"), "kind": kind, "packed": packed, "owner": owner.name, **more}


def save(name):
    """Saves, opens again and writes down what Blender then says."""
    path = path_of(f"{name}.blend")
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=COMPRESS, relative_remap=True)
    active = bpy.context.scene.name
    bpy.ops.wm.open_mainfile(filepath=path)
    assert bpy.context.scene.name == active
    said = {
        "blenderVersion": f"{bpy.app.version[0]}.{bpy.app.version[1]}",
        "activeScene": active,
        "scenes": [facts_of(scene) for scene in bpy.data.scenes],
        "externalFiles": files_of(),
        "scripts": needs.scripts_of(),
        "simulations": needs.simulations_of(),
        "outputNodes": needs.output_nodes_of(),
    }
    with open(path_of(f"{name}.json"), "w", encoding="utf-8") as out:
        json.dump(said, out, indent=2, ensure_ascii=False)
        out.write("\n")


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
