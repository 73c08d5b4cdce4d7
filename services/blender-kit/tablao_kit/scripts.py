"""The shot's own Python: drivers, registered texts, and whether any of it may run."""

import re
import sys

import bpy

from . import log as logs, reach
from .finding import error, warning

# A driver that stands still is seen on each of its frames; these run when something happens.
ALLOW = "Allow scripts for this run if you trust the file, or do without them."


def allowed():
    """Whether this run may execute Python that comes with the shot."""
    own = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    return any(argument in {"-y", "--enable-autoexec"} for argument in sys.argv[:own])


def drivers(scene):
    """Drivers that Blender could not evaluate: the value stands still.

    Plain arithmetic is evaluated whatever is allowed. Anything else is Python, and blocked where scripts are.
    """
    curves = [(block, curve) for block in reach.of_task(scene) for curve in _drivers_of(block) if not curve.mute]
    if not curves:
        return  # Evaluating a large scene takes its time.
    bpy.context.evaluated_depsgraph_get().update()
    is_blocked = bpy.app.autoexec_fail
    for block, curve in curves:
        driver = curve.driver
        if driver.is_valid:
            continue
        what = "%s of %s %s" % (curve.data_path, type(block).bl_rna.name, block.name)
        if any(_is_lost(target) for variable in driver.variables if variable.type != "CONTEXT_PROP"
               for target in variable.targets):
            yield warning("brokenDriver", "The driver of %s reads what the file itself has no more: %s" % (
                what, driver.expression), "Nothing, if the shot looks right on your screen; else repair or delete it.")
        elif is_blocked and driver.type == "SCRIPTED" and not driver.is_simple_expression:
            yield error("needsScripts", "The driver of %s is a script, and scripts are off: %s" % (
                what, driver.expression), "Allow scripts for this run, or bake the driver to keyframes.")
        else:
            yield error("brokenDriver", "The driver of %s does not work: %s" % (what, driver.expression or driver.type),
                        "Repair, mute or delete it in the Drivers editor.")


def _is_lost(target):
    """Whether the file itself lacks what a driver reads: a thing, a bone, a custom property. Rigs are full of such
    leftovers, which stand still on their maker's screen too. A property without a name in brackets may be an add-on's
    that is absent here only."""
    if target.id is None:
        return True
    for part in re.finditer(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]|\w+', target.data_path):
        try:
            target.id.path_resolve(target.data_path[:part.end()])
        except ValueError:
            return part[0].startswith("[")
    return False


def _drivers_of(block):
    owners = [block, getattr(block, "node_tree", None), getattr(block, "shape_keys", None)]
    animations = [getattr(owner, "animation_data", None) for owner in owners if owner is not None]
    return [curve for animation in animations if animation is not None for curve in animation.drivers]


def blocked_texts(scene):
    """Texts that should run when the file is opened. Mostly the panels of a rig, which no picture needs."""
    if not bpy.app.autoexec_fail:
        return
    for text in bpy.data.texts:
        if text.use_module and text.name.endswith(".py"):
            yield warning("blockedScript", "The script %s did not run: scripts are off." % text.name, ALLOW)


def failed_texts(_scene, opening):
    """Texts that ran when the file was opened, and failed. `opening`: what Blender printed meanwhile."""
    for text in bpy.data.texts:
        if text.use_module and re.search(r'File ".*\.blend[\\/]%s"' % re.escape(text.name), opening):
            yield warning("brokenScript", "The script %s failed when the file was opened: %s" % (
                text.name, logs.raised(opening[opening.find(text.name):])), "Look whether any picture needs it.")
