"""Where Cycles computes. Other engines use what the machine's graphics driver gives and have no choice to make."""

import bpy

from . import reach
from .unfit import Unfit

# Best first. A build knows only some of them.
GPU_TYPES = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")

# Engines that draw through the graphics driver. Whether a GPU or its stand-in in software answers is not to be had in
# the background.
DRAWING_ENGINES = ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH")


def _preferences():
    addon = bpy.context.preferences.addons.get("cycles")
    return addon.preferences if addon else None


def gpus(preferences, kinds=GPU_TYPES):
    """(type, devices) of the first of these types that has a device on this machine, or (None, [])."""
    for kind in kinds:
        try:
            preferences.compute_device_type = kind
            preferences.refresh_devices()
        except (TypeError, AttributeError, ValueError):
            continue  # This build has no such type.
        found = [found for found in preferences.devices if found.type == kind]
        if found:
            return kind, found
    return None, []


def _use_cpu(scene, preferences):
    scene.cycles.device = "CPU"
    if preferences is not None:
        try:
            preferences.compute_device_type = "NONE"
        except TypeError:
            pass
    return "CPU"


def choose(scene, wanted):
    """Sets the device of all that is rendered, other scenes too, and returns its name for the record ("CPU", "OPTIX",
    "GRAPHICS"…): that of Cycles where several engines take part.

    `cpu` is the processor. `gpu` is a graphics processor or an error, since a machine with one was paid for; so is a type
    by its name (`optix`, `cuda`…). `auto` is the scene's own choice where this machine can meet it, and the processor
    elsewhere.
    """
    shown = reach.rendered(scene) or [scene]
    # Last what decides, since the preferences hold for all: one that wants a graphics processor.
    shown.sort(key=lambda one: one.render.engine == "CYCLES" and 1 + (one.cycles.device == "GPU"))
    return [_choose(one, wanted) for one in shown][-1]


def _choose(scene, wanted):
    if scene.render.engine != "CYCLES":
        return "GRAPHICS" if scene.render.engine in DRAWING_ENGINES else "CPU"
    preferences = _preferences()
    if wanted == "cpu" or (wanted == "auto" and scene.cycles.device != "GPU"):
        return _use_cpu(scene, preferences)
    kinds = GPU_TYPES if wanted in ("gpu", "auto") else (wanted.upper(),)
    kind, found = gpus(preferences, kinds) if preferences is not None else (None, [])
    if kind is None:
        if wanted != "auto":
            asked = "A GPU was" if wanted == "gpu" else f"A GPU of the type {wanted.upper()} was"
            raise Unfit("gpuMissing", f"{asked} asked for and Cycles finds none on this worker.",
                        "Use a pool whose machines have one, and a Blender built for it, or set device to cpu.")
        return _use_cpu(scene, preferences)
    for entry in preferences.devices:
        entry.use = entry in found
    scene.cycles.device = "GPU"
    return kind
