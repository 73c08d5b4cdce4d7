"""What keeps a shot from rendering as its maker meant it. One function a question, each yields findings."""

import os

import bpy

from . import images, plan as plans
from .prepare import prepare
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
    """(scene, device, findings). The settings are applied as for rendering, so that their faults show too."""
    found = []
    scene, device = None, ""
    try:
        scene, device = prepare(plan, render_dir)
    except Unfit as unfit:
        found.append(error(unfit.code, unfit.message, unfit.action))
    except Exception as problem:
        # Rendering would come upon the same.
        found.append(error("kitFailed", "Tablao cannot prepare this shot: %s: %s" % (type(problem).__name__, problem),
                           "Please report this with the file."))
    if scene is None:
        scene = next((known for known in bpy.data.scenes if known.name == plan.get("scene")), bpy.context.scene)
    found += _ask(missing_libraries)
    found += _ask(missing_data)
    found += _ask(missing_images, plan)
    for question in (no_camera, unknown_engine, nothing_to_render, no_denoiser, broken_drivers):
        found += _ask(question, scene)
    return scene, device, found


def standing(scene):
    """What makes every frame's picture wrong although Blender renders it."""
    found = _ask(missing_libraries) + _ask(missing_data) + _ask(no_denoiser, scene)
    return [entry for entry in found if entry["level"] == "error"]


def _ask(question, *about):
    """The answers, each once: the same block can stand in several collections. A question must not end the check."""
    try:
        found = list({(entry["code"], entry["message"]): entry for entry in question(*about)}.values())
    except Exception as problem:
        return [warning("checkFailed", "%s could not be looked at: %s" % (question.__name__, problem),
                        "The frames are rendered all the same.")]
    left = len(found) - MOST_OF_A_KIND
    if left <= 0:
        return found
    last = found[MOST_OF_A_KIND - 1]
    return found[:MOST_OF_A_KIND] + [finding(last["code"], last["level"], "And %d more of this kind." % left, "")]


def missing_images(plan):
    """Images that are not packed and not there; of sequences each frame of the run."""
    for path in images.missing_in_editors():
        yield warning("missingImage", "The image %s is not there; no picture shows it." % path, "Nothing, or remove it.")
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
