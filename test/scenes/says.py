"""What Blender says of a .blend, in the words of the reader.

    blender --background --factory-startup --python says.py -- FILE.blend...    writes a FILE.json beside each
"""

import json
import os
import sys

import bpy

# The folder with the scenes stays as it is.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import needs

NEVER = {"onFrames": {"from": 1, "to": 0}}
EEVEE = "BLENDER_EEVEE_NEXT" if (4, 2, 0) <= bpy.app.version < (5, 0, 0) else "BLENDER_EEVEE"


def write_down(blend, to):
    """Opens the file and writes what Blender says of it: so it tells what is in the file, not in memory."""
    bpy.ops.wm.open_mainfile(filepath=blend)
    said = {
        "blenderVersion": f"{bpy.app.version[0]}.{bpy.app.version[1]}",
        "activeScene": bpy.context.scene.name,
        "scenes": [facts_of(scene) for scene in bpy.data.scenes],
        "externalFiles": files_of(),
        "scripts": needs.scripts_of(),
        "simulations": needs.simulations_of(),
        "outputNodes": needs.output_nodes_of(),
    }
    with open(to, "w", encoding="utf-8") as out:
        json.dump(said, out, indent=2, ensure_ascii=False)
        out.write("\n")


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
    return () if editor is None else strips_in(editor)


def strips_in(owner):
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def shown_strips(owner):
    """Of an editor or a meta strip: those that nothing mutes, and what is in meta strips instead of these."""
    for strip in () if owner is None else strips_in(owner):
        if not strip.mute and not owner.channels[strip.channel].mute:
            yield from shown_strips(strip) if strip.type == "META" else [strip]


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
        "seed": settings.seed if is_cycles else None,
        "maxBounces": settings.max_bounces if is_cycles else None,
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
        "frameCurrent": scene.frame_current,
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
        "filmTransparent": render.film_transparent,
        "backgroundScene": scene.background_set.name if scene.background_set else None,
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
        for image in local(bpy.data.images)
        if image.source in sources and image.filepath
    ]
    files += [file(sound.filepath, "sound", sound, bool(sound.packed_file)) for sound in local(bpy.data.sounds)]
    files += [file(clip.filepath, "movieclip", clip, **clip_facts(clip)) for clip in local(bpy.data.movieclips)]
    files += [
        file(font.filepath, "font", font, bool(font.packed_file))
        for font in local(bpy.data.fonts)
        if font.filepath != "<builtin>"
    ]
    for cache in local(bpy.data.cache_files):
        files.append(file(cache.filepath, "cache", cache, source="sequence" if cache.is_sequence else "file"))
        files += [file(layer.filepath, "cache", cache) for layer in cache.layers if not layer.hide_layer]
    for volume in local(bpy.data.volumes):
        packed = bool(volume.packed_file)
        files.append(file(volume.filepath, "volume", volume, packed, **needs.volume_facts(volume)))
    files += [file(library.filepath, "library", library) for library in bpy.data.libraries]
    for scene in bpy.data.scenes:
        for strip in shown_strips(scene.sequence_editor):
            for index, element in enumerate(strip.elements if strip.type == "IMAGE" else ()):
                path = os.path.join(strip.directory, element.filename)
                files.append(file(path, "strip", scene, source="file", **seen_on(strip, index)))
            if strip.type == "MOVIE":
                files.append(file(strip.filepath, "strip", scene, source="movie"))
    for light in local(bpy.data.lights):
        files += [file(n.filepath, "ies", light) for n in nodes_of(light) if n.type == "TEX_IES"]
    for thing in local(bpy.data.objects):
        files += [cache for modifier in thing.modifiers for cache in caches_of(thing, modifier)]
    return [without_frames(entry) for entry in files] if any(map(is_retimed, bpy.data.scenes)) else files


def is_retimed(scene):
    """Its strips show scenes on other frames than their own."""
    return any(strip.type == "SCENE" and strip.frame_start - strip.animation_offset_start != strip.scene.frame_start
               for strip in shown_strips(scene.sequence_editor))


def without_frames(entry):
    """Which are seen is not told then, only that nobody shows a thing at all."""
    return {key: value for key, value in entry.items() if key != "onFrames" and (key != "shown" or value == [])}


def local(data_blocks):
    return [data for data in data_blocks if data.library is None]


def nodes_of(data):
    return data.node_tree.nodes if data.node_tree else ()


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
    if strip.use_reverse_frames:
        return {}
    if not 0 <= number < strip.frame_duration:
        return NEVER
    first, last = strip.frame_final_start, strip.frame_final_end - 1
    clamped = [min(max(frame - strip.frame_start, 0), strip.frame_duration - 1) for frame in range(first, last + 1)]
    frames = [first + at for at, shown in enumerate(clamped) if shown == number]
    return {"onFrames": {"from": frames[0], "to": frames[-1]}} if frames else NEVER


def caches_of(thing, modifier):
    if modifier.type == "MESH_CACHE":
        return [file(modifier.filepath, "cache", thing)]
    if modifier.type == "MULTIRES":
        return [file(modifier.filepath, "cache", thing.data)] if modifier.is_external else []
    folder = {"source": "folder", "mayBeNeeded": True}
    if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
        return [file(modifier.domain_settings.cache_directory, "cache", thing, **folder)]
    on_disk = modifier.type == "CLOTH" and modifier.point_cache.use_disk_cache
    zone = modifier.type == "NODES" and len(getattr(modifier, "bakes", ())) > 0
    return [file("//blendcache_<blend>", "cache", thing, **folder)] if on_disk or zone else []


def file(path, kind, owner, packed=False, **more):
    return {"path": path.replace("\\", "/"), "kind": kind, "packed": packed, "owner": owner.name, **more}


if __name__ == "__main__":
    for given in sys.argv[sys.argv.index("--") + 1 :]:
        write_down(given, f"{os.path.splitext(given)[0]}.json")
