"""Applies a run's settings to the shot in memory. Nothing is saved, and what the plan does not name stays the scene's.

Blender itself ignores an unknown scene, camera or view layer and renders something else with exit code 0; here each of
them is an error.
"""

import difflib

import bpy

from . import addons, device, outputs
from .unfit import Unfit

# Workbench knows these sample counts only.
WORKBENCH_SAMPLES = (5, 8, 11, 16, 32)


def prepare(plan, render_dir):
    """Applies the whole plan. Returns (scene, device name); raises Unfit when the shot cannot be rendered as asked."""
    if plan.get("addons"):
        addons.enable(plan["addons"])
    scene = choose_scene(plan.get("scene"))
    if plan.get("camera"):
        choose_camera(scene, plan["camera"])
    if plan.get("viewLayers"):
        choose_view_layers(scene, plan["viewLayers"])
    if plan.get("resolutionPercent"):
        scene.render.resolution_percentage = plan["resolutionPercent"]
    if plan.get("samples"):
        set_samples(scene, plan["samples"])
    set_format(scene, plan["format"], plan.get("colorDepth"))
    set_output_rules(scene)
    outputs.redirect(scene, render_dir)
    return scene, device.choose(scene, plan.get("device", "auto"))


def _nearest(name, names):
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return 'Did you mean "%s"?' % close[0]
    return "There are: %s." % ", ".join('"%s"' % other for other in sorted(names)[:10]) if names else "There is none."


def choose_scene(name):
    """The scene to render: the named one, else the one that was active when the file was saved."""
    if not name:
        return bpy.context.scene
    scene = next((scene for scene in bpy.data.scenes if scene.name == name), None)
    if scene is None:
        raise Unfit("unknownScene", 'There is no scene "%s" in this file.' % name,
                    _nearest(name, [scene.name for scene in bpy.data.scenes]))
    # Drivers and handlers that read bpy.context.scene should see it as well.
    if bpy.context.window is not None:
        bpy.context.window.scene = scene
    return scene


def choose_camera(scene, name):
    """Renders through the named camera, on every frame."""
    cameras = {thing.name: thing for thing in scene.objects if thing.type == "CAMERA"}
    if name not in cameras:
        raise Unfit("unknownCamera", 'There is no camera "%s" in the scene "%s".' % (name, scene.name),
                    _nearest(name, list(cameras)))
    scene.camera = cameras[name]
    # Markers that are bound to cameras would switch back to theirs.
    for marker in scene.timeline_markers:
        marker.camera = None


def choose_view_layers(scene, names):
    """Renders the named view layers and no other."""
    known = [layer.name for layer in scene.view_layers]
    for name in names:
        if name not in known:
            raise Unfit("unknownViewLayer", 'There is no view layer "%s" in the scene "%s".' % (name, scene.name),
                        _nearest(name, known))
    for layer in scene.view_layers:
        layer.use = layer.name in names


def set_samples(scene, samples):
    """The samples of whichever engine the scene uses."""
    engine = scene.render.engine
    if engine == "CYCLES":
        scene.cycles.samples = samples
        for layer in scene.view_layers:
            # A layer's own number would win over the scene's.
            layer.samples = 0
    elif engine.startswith("BLENDER_EEVEE"):
        scene.eevee.taa_render_samples = samples
    elif engine == "BLENDER_WORKBENCH":
        nearest = min(WORKBENCH_SAMPLES, key=lambda known: abs(known - samples))
        scene.display.render_aa = "OFF" if samples <= 1 else str(nearest)


def set_format(scene, name, depth=None):
    """The file format. The colour mode stays where the format knows it; the depth only if the plan names one."""
    settings = scene.render.image_settings
    if settings.file_format != name:
        mode = settings.color_mode
        try:
            if hasattr(settings, "media_type"):
                # Blender 5: the media type decides which formats can be set.
                settings.media_type = "MULTI_LAYER_IMAGE" if name == "OPEN_EXR_MULTILAYER" else "IMAGE"
            settings.file_format = name
        except TypeError as error:
            raise Unfit("unknownFormat", 'This Blender cannot write the format "%s".' % name,
                        "Choose another format.") from error
        try:
            settings.color_mode = mode
        except TypeError:
            pass  # This format has no such mode: its default stands.
    if depth is not None:
        try:
            settings.color_depth = str(depth)
        except TypeError as error:
            raise Unfit("unknownFormat", "%s has no colour depth of %s bits." % (name, depth),
                        "Leave the colour depth out.") from error


def set_output_rules(scene):
    """Each frame is written anew, under the extension of its format."""
    render = scene.render
    render.use_file_extension = True
    render.use_overwrite = True
    render.use_placeholder = False
    if hasattr(render, "save_output"):
        # Blender 5: off, it would render and write nothing.
        render.save_output = True
