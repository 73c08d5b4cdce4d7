"""What keeps a shot from rendering as its maker meant it. One function a question, each yields findings."""

import os

import bpy

from . import images, plan as plans
from .prepare import choose_scene, prepare
from .unfit import Unfit

# More than this of one kind help nobody, and the record is read on each pass.
MOST_OF_A_KIND = 50


def finding(code, level, message, action):
    """One finding, as it stands in records/check.json."""
    return {"code": code, "level": level, "message": message, "action": action}


def error(code, message, action):
    return finding(code, "error", message, action)


def warning(code, message, action):
    return finding(code, "warning", message, action)


def examine(plan, render_dir):
    """(scene or None, device, findings). The settings are applied as for rendering, so that their faults show too."""
    found = []
    device = ""
    try:
        scene, device = prepare(plan, render_dir)
    except Unfit as unfit:
        found.append(error(unfit.code, unfit.message, unfit.action))
        try:
            scene = choose_scene(plan.get("scene"))
        except Unfit:
            scene = None
    for ask in (missing_libraries, missing_data):
        found += _first(ask())
    found += _first(missing_images(plan))
    if scene is not None:
        for ask in (no_camera, unknown_engine, nothing_to_render, no_denoiser, broken_drivers):
            found += _first(ask(scene))
    return scene, device, found


def _first(found):
    # Each once: the same block can stand in several collections.
    found = list({(entry["code"], entry["message"]): entry for entry in found}.values())
    if len(found) <= MOST_OF_A_KIND:
        return found
    left = len(found) - MOST_OF_A_KIND
    last = found[MOST_OF_A_KIND - 1]
    return found[:MOST_OF_A_KIND] + [finding(last["code"], last["level"], "And %d more of this kind." % left, "")]


def missing_images(plan):
    """Images that are used, not packed and not there; of sequences each frame of the run."""
    missing = set(images.missing())
    try:
        for frame in plans.frames_of(plan.get("frames", "")):
            missing.update(images.missing(frame))
    except plans.BadPlan:
        pass
    for path in sorted(missing):
        yield error("missingImage", "The image %s is not there." % path,
                    "Upload it, or pack it into the file (File > External Data > Pack Resources).")


def missing_libraries():
    """Linked files that are not there."""
    for library in bpy.data.libraries:
        path = bpy.path.abspath(library.filepath, library=library.parent)
        if library.packed_file is None and not os.path.exists(path):
            yield error("missingLibrary", "The linked file %s is not there." % path,
                        "Upload it beside the shot under the same relative path.")


def missing_data():
    """Things that were linked from a library that has them no more: Blender puts empty stand-ins in their place."""
    for name, block in _blocks():
        if getattr(block, "is_missing", False):
            library = block.library.filepath if block.library else "its library"
            yield error("missingData", "%s %s is not in %s any more." % (name, block.name, library),
                        "Upload the version of the library that has it, or link it again.")


def _blocks():
    for collection in dir(bpy.data):
        blocks = getattr(bpy.data, collection)
        if isinstance(blocks, bpy.types.bpy_prop_collection):
            for block in blocks:
                if isinstance(block, bpy.types.ID):
                    yield type(block).bl_rna.name, block


def renders_sequence(scene):
    """Whether the pictures come from the video sequencer instead of a camera."""
    editor = scene.sequence_editor
    if not scene.render.use_sequencer or editor is None:
        return False
    return len(editor.strips if hasattr(editor, "strips") else editor.sequences) > 0


def no_camera(scene):
    """Nothing to look through, on any frame."""
    if scene.camera is None and not renders_sequence(scene) and not any(m.camera for m in scene.timeline_markers):
        yield error("noCamera", 'The scene "%s" has no camera.' % scene.name,
                    "Set one (View > Cameras > Set Active Object as Camera), or name one in the settings.")


def unknown_engine(scene):
    """An engine that this Blender does not have."""
    if scene.render.engine == "CYCLES" and not bpy.app.build_options.cycles:
        yield error("unknownEngine", "This Blender was built without Cycles.", "Use another Blender.")
    elif not scene.render.engine:
        yield error("unknownEngine", "The scene asks for a render engine that is not installed here.",
                    "Put its add-on into the addons folder, or choose another engine.")


def nothing_to_render(scene):
    """Every view layer switched off."""
    if not renders_sequence(scene) and not any(layer.use for layer in scene.view_layers):
        yield error("noViewLayer", 'Every view layer of the scene "%s" is switched off for rendering.' % scene.name,
                    "Switch one on (View Layer properties > Use for Rendering), or name them in the settings.")


def no_denoiser(scene):
    """Denoising without any denoiser: Cycles 3.4 and 4.3 end with an error, 5.2 leaves the noise in and says nothing."""
    if scene.render.engine != "CYCLES" or not scene.cycles.use_denoising or has_denoiser():
        return
    if any(layer.use and layer.cycles.use_denoising for layer in scene.view_layers):
        yield error("noDenoiser", "Denoising is on and this build of Blender has no denoiser.",
                    "Switch denoising off in the scene, or use a build with OpenImageDenoise (blender.org has it).")


def has_denoiser():
    """Whether Cycles can denoise here. It takes OpenImageDenoise where the scene's own choice is not at hand."""
    import _cycles
    if getattr(_cycles, "with_openimagedenoise", False):
        return True
    addon = bpy.context.preferences.addons.get("cycles")
    return addon is not None and any(device.type == "OPTIX" and device.use for device in addon.preferences.devices)


def broken_drivers(scene):
    """Drivers that Blender could not evaluate. A value that should move stands still then."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    depsgraph.update()
    for name, block in _blocks():
        animation = getattr(block, "animation_data", None)
        for curve in animation.drivers if animation else ():
            if not curve.driver.is_valid:
                yield warning("brokenDriver", "The driver of %s in %s %s does not work: %s" % (
                    curve.data_path, name, block.name, curve.driver.expression or curve.driver.type),
                    "Repair it in the Drivers editor; if it is a script, allow scripts for this run.")
