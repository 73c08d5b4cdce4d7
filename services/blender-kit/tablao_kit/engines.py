"""What the scene asks of Blender itself: engine, camera, view layers, denoiser, and nodes that it knows."""

import ctypes
import os

import bpy

from . import images, log as logs, reach, sequence
from .finding import error, warning

ADDONS = "Put the add-on into the addons folder beside the shots and allow scripts, or do without it."
# More than the struct that the name stands in, less than the scene around it.
_STRUCT_BYTES = 3000
_NAME_BYTES = 32


def no_camera(scene):
    """Nothing to look through, on any frame. Of a scene in a strip Blender then shows nothing, without a word."""
    for view in sequence.views(scene):
        if view.kind == "CAMERA" and not view.has_camera:
            yield _no_camera(view.scene)
    seen = sequence.by_camera(scene)
    for rendered in reach.rendered(scene):
        if rendered not in seen and not sequence.has_camera(rendered):
            yield _no_camera(rendered)


def _no_camera(scene):
    return error("noCamera", 'The scene "%s" has no camera.' % scene.name,
                 "Set one (View > Cameras > Set Active Object as Camera), or name one in the settings.")


def unknown_engine(scene):
    """An engine that this Blender does not have: it would take another one without a word."""
    for rendered in reach.rendered(scene):
        yield from _unknown_engine(rendered)


def _unknown_engine(scene):
    name = engine_in_file(scene)
    if scene.render.engine == "CYCLES" and not bpy.app.build_options.cycles:
        yield error("unknownEngine", "This Blender was built without Cycles.", "Use another Blender.")
    elif name is not None and name != scene.render.engine:
        yield error("unknownEngine", "The scene is made for the render engine %s, which is not installed here." % name,
                    ADDONS)


def engine_in_file(scene):
    """The engine's name as the file has it; None where that cannot be told.

    Blender answers the name of its first engine for one that it does not know, so the name is read from memory: at the
    place where a scene of ours has the name that we gave it.
    """
    probe = bpy.data.scenes.new("tablao")
    try:
        given = "BLENDER_WORKBENCH"
        probe.render.engine = given
        place = ctypes.string_at(probe.render.as_pointer(), _STRUCT_BYTES).find(given.encode() + b"\0")
    finally:
        bpy.data.scenes.remove(probe)
    if place < 0:
        return None
    text = ctypes.string_at(scene.render.as_pointer() + place, _NAME_BYTES).partition(b"\0")[0]
    return text.decode("ascii") if text and text.isascii() else None


def unknown_colors(scene, opening):
    """A colour configuration other than this Blender's, by what it said on opening the file."""
    for what, instead in logs.unknown_colors(opening):
        code = "unknownColorSpace" if "colorspace" in what else "unknownViewTransform"
        if _shows_colors(scene, what, instead):
            yield error(code, "The colours of this file are made for another configuration: %s." % what,
                        "Choose a view transform and colour spaces that Blender itself has.")
        else:
            yield warning(code, "The file is made for another colour configuration: %s; no picture shows it." % what, "")


def other_colors(_scene):
    """The worker's own colour configuration ($OCIO) instead of Blender's: it may have the same names for other colours,
    and no file says which configuration it was made with."""
    path = os.environ.get("OCIO", "")
    own = os.path.join(bpy.utils.system_resource("DATAFILES", path="colormanagement"), "config.ocio")
    if path and _content(path) != _content(own):
        yield warning("otherColors", "This worker takes its colours from %s ($OCIO) instead of from Blender." % path,
                      "Nothing, if the shot was made with the same; else take the variable away from the workers.")


def _content(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _shows_colors(scene, what, instead):
    """Whether it may be this scene's pictures that lack it: Blender names the kind of its owner only."""
    if what.startswith("sequencer"):
        return bool(sequence.by_sequence(scene))
    if what.startswith("image"):
        return _is_one_shown(images.shown(scene), bpy.data.images)
    if what.startswith("clip"):
        return _is_one_shown(reach.of_task(scene), bpy.data.movieclips)
    # One that has something else than what Blender took instead was not touched.
    if what.startswith("scene view"):
        return scene.view_settings.view_transform == instead
    if what.startswith("scene display"):
        return scene.display_settings.display_device == instead
    return True


def _is_one_shown(shown, owners):
    # Blender forgets the name of a space that it does not know.
    nameless = [owner for owner in owners if not owner.colorspace_settings.name]
    return not nameless or any(owner in shown for owner in nameless)


def missing_view_cameras(scene):
    """Views that have no camera of their own: both eyes would see the same."""
    render = scene.render
    if not render.use_multiview or render.views_format != "MULTIVIEW" or scene.camera is None:
        return
    views = [view for view in render.views if view.use]
    # Blender takes the suffix of any view off the active camera's name, and puts each view's own on.
    stem = scene.camera.name
    for view in views:
        if view.camera_suffix and stem.endswith(view.camera_suffix):
            stem = stem[:-len(view.camera_suffix)]
            break
    for view in views:
        name = stem + view.camera_suffix
        if name not in bpy.data.objects:
            yield error("missingViewCamera", "There is no camera %s for the view %s." % (name, view.name),
                        "Add it, or switch the view off.")


def nothing_to_render(scene):
    """Every view layer switched off."""
    for rendered in reach.rendered(scene):
        if not any(layer.use for layer in rendered.view_layers):
            yield error("noViewLayer", 'Every view layer of the scene "%s" is switched off for rendering.' % rendered.name,
                        "Switch one on (View Layer properties > Use for Rendering), or name them in the settings.")


def no_pixels(scene):
    """A picture or a region without width or height: Blender renders nothing, and ends with 0."""
    render = scene.render
    width, height = (int(size * render.resolution_percentage / 100) for size in (render.resolution_x, render.resolution_y))
    if render.use_border:
        width = _pixel(render.border_max_x, width) - _pixel(render.border_min_x, width)
        height = _pixel(render.border_max_y, height) - _pixel(render.border_min_y, height)
    if width < 1 or height < 1:
        yield error("noPixels", 'The picture of the scene "%s" has no pixel.' % scene.name,
                    "Set a larger resolution, or widen or switch off the render region (Output properties).")


def _pixel(part, size):
    # In single precision, as Blender: a region of one pixel would come to nothing in double.
    return int(ctypes.c_float(part * size).value)


def unknown_nodes(scene):
    """Nodes of add-ons that are not here, or of a newer Blender: nothing comes out of them."""
    for tree in reach.trees(reach.of_task(scene)) + reach.compositors(scene):
        for node in reach.feeding(tree):
            if node.bl_idname == "NodeUndefined":
                yield error("undefinedNode", "This Blender does not know the node %s in %s." % (node.name, tree.name),
                            ADDONS)


def no_denoiser(scene):
    """Denoising without any denoiser: Cycles 3.4 and 4.3 end with an error, 5.2 leaves the noise in and says nothing."""
    if any(_denoises(rendered) for rendered in reach.rendered(scene)) and not has_denoiser():
        yield error("noDenoiser", "Denoising is on and this build of Blender has no denoiser.",
                    "Switch denoising off in the scene, or use a build with OpenImageDenoise (blender.org has it).")


def _denoises(scene):
    return scene.render.engine == "CYCLES" and scene.cycles.use_denoising and any(
        layer.use and layer.cycles.use_denoising for layer in scene.view_layers)


def has_denoiser():
    """Whether Cycles can denoise here. It takes OpenImageDenoise where the scene's own choice is not at hand."""
    import _cycles
    if getattr(_cycles, "with_openimagedenoise", False):
        return True
    addon = bpy.context.preferences.addons.get("cycles")
    return addon is not None and any(device.type == "OPTIX" and device.use for device in addon.preferences.devices)
