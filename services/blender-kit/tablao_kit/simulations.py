"""Simulations that are not baked. Rendering does not compute them: in the background each frame beyond the first shows
things standing still, or somewhere else than where they were seen on the artist's screen.

Seen in 3.4, 4.3 and 5.2: cloth, soft bodies, hair and rigid bodies do not move even with `blender -a`; particles come
out differently frame by frame; what was played through before saving is in the file and is right, except rigid bodies.
"""

import os
import re

import bpy

from . import order, reach
from .finding import error, warning

BAKE = "Bake it (and pack the bake, or upload its folder beside the shot)."

# How long things are followed to see whether the order of the frames matters: by the check, and by each task.
CHECK_SECONDS = 120
TASK_SECONDS = 15


def unbaked(scene, frames):
    """Simulations that a camera of this scene sees on these frames and that have no result for them."""
    shown = reach.through_camera(scene)
    things = [thing for thing in bpy.data.objects if thing in shown]
    for thing in things:
        for what, cache in _caches(thing, scene):
            if not _is_covered(cache, frames):
                yield error("unbaked", "The %s of %s is not baked." % (what, thing.name), BAKE)
        for modifier in thing.modifiers:
            if modifier.type == "FLUID" and modifier.show_render and modifier.fluid_type == "DOMAIN":
                yield from _fluid(thing, modifier.domain_settings, frames)
    for seen in reach.seen_at_once(scene):
        yield from _rigid_bodies(seen, things, frames)


def out_of_order(scene, frames, seconds):
    """The same of what only a trial tells: most particles, and simulation zones of geometry nodes, of which cannot be
    asked whether they are packed."""
    if max(frames) <= scene.frame_start:
        return
    shown = reach.through_camera(scene)
    zones = {thing.name: thing for thing in bpy.data.objects if thing in shown and _has_zones(thing)}
    systems = {modifier.particle_system.name for thing in bpy.data.objects if thing in shown
               for modifier in thing.modifiers if _is_doubtful(modifier, scene, frames)}
    if not zones and not systems:
        return
    changed, last = order.changed(scene, frozenset(zones.values()), _attributes_read(shown), max(frames), seconds)
    for name, system in changed:
        if system in systems:
            yield error("unbaked", "The particle system %s of %s is not baked: its particles are elsewhere on frame %d when "
                        "the frames before are not rendered by the same worker." % (system, name, last), BAKE)
        elif name in zones:
            yield error("unbaked", "The simulation zone of %s is not baked." % name, BAKE)
    if not changed and last < max(frames):
        yield warning("unbaked", "%s was followed to frame %d only: whether the frames after it need those before was not "
                      "tried." % (", ".join(sorted(systems | set(zones))[:3]), last), BAKE)


def _caches(thing, scene):
    """(what it is, point cache) of everything on this object that has to be computed frame after frame."""
    for modifier in thing.modifiers:
        if not modifier.show_render:
            continue
        if modifier.type == "CLOTH":
            yield "cloth", modifier.point_cache
        elif modifier.type == "SOFT_BODY":
            yield "soft body", modifier.point_cache
        elif modifier.type == "PARTICLE_SYSTEM":
            system = modifier.particle_system
            if system is not None and _needs_order(system, scene):
                yield "particle system %s" % system.name, system.point_cache
        elif modifier.type == "DYNAMIC_PAINT" and modifier.canvas_settings is not None:
            for surface in modifier.canvas_settings.canvas_surfaces:
                # One that paints image files does so only when it is baked.
                if surface.is_active and surface.surface_format == "VERTEX":
                    yield "dynamic paint %s" % surface.name, surface.point_cache


def _needs_order(system, scene):
    """Whether a particle certainly is elsewhere when the frames before were not computed."""
    settings = system.settings
    if settings.render_type == "NONE":
        return False
    if settings.type == "HAIR":
        return system.use_hair_dynamics
    if settings.physics_type in {"NO", "KEYED"}:
        return False
    if settings.physics_type != "NEWTON":
        return True
    # Flying straight or falling freely is computed at once for any frame.
    return any((settings.drag_factor, settings.brownian_factor, settings.damping)) or _meets_others(system, scene)


def _is_doubtful(modifier, scene, frames):
    """Particles that fly or fall: how they were born may be known for any frame, or not."""
    if modifier.type != "PARTICLE_SYSTEM" or not modifier.show_render or modifier.particle_system is None:
        return False
    system = modifier.particle_system
    settings = system.settings
    return (settings.type == "EMITTER" and settings.physics_type == "NEWTON" and settings.render_type != "NONE"
            and not _needs_order(system, scene) and not _is_covered(system.point_cache, frames))


def _meets_others(system, scene):
    """Whether something pushes or stops particles: as far as that can be said without computing it."""
    weight = system.settings.effector_weights.all
    for thing in [thing for around in reach.scenes_around(system.id_data, scene) for thing in around.objects]:
        if any(modifier.type == "COLLISION" for modifier in thing.modifiers):
            return True
        if thing.field is not None and thing.field.type != "NONE" and weight > 0:
            return True
    return False


def _is_covered(cache, frames):
    """Whether there is a result for each of these frames. Before the start and after the end the nearest one counts."""
    if max(frames) <= cache.frame_start:
        return True
    if cache.is_baked and not cache.use_disk_cache and not cache.use_external:
        return True
    if cache.use_external:
        return bool(cache.info) and not cache.info.startswith("0 ")
    counted = re.match(r"(\d+) frames", cache.info)
    last = min(max(frames), cache.frame_end)
    return counted is not None and int(counted[1]) >= last - cache.frame_start + 1


def _rigid_bodies(scene, things, frames):
    world = scene.rigidbody_world
    if world is None or not world.enabled or max(frames) <= world.point_cache.frame_start:
        return
    simulated = set(world.collection.all_objects) if world.collection is not None else set()
    # What was played through is not taken from the file, only what was baked.
    moving = [thing.name for thing in things if thing in simulated and _may_fall(thing)]
    if moving and not world.point_cache.is_baked:
        yield error("unbaked", "The rigid bodies of the scene %s are not baked (%s)." % (
            scene.name, ", ".join(moving[:3])), BAKE)


def _may_fall(thing):
    """Whether the simulation ever moves this rigid body, and not its own animation only."""
    body = thing.rigid_body
    return body is not None and body.type == "ACTIVE" and (
        body.enabled or reach.is_animated(thing, "rigid_body.enabled")) and (
        not body.kinematic or reach.is_animated(thing, "rigid_body.kinematic"))


def _fluid(thing, domain, frames):
    """Fluids keep their results in a folder, one file a frame."""
    folder = os.path.join(bpy.path.abspath(domain.cache_directory, library=thing.library), "data")
    try:
        names = os.listdir(folder)
    except OSError:
        names = []
    there = {int(match[1]) for match in (re.search(r"_(\d+)\.\w+(?:\.gz)?$", name) for name in names) if match}
    for frame in frames:
        at = min(max(frame, domain.cache_frame_start), domain.cache_frame_end)
        if at not in there and frame > domain.cache_frame_start:
            yield error("unbaked", "The fluid of %s has no result for frame %d in %s." % (
                thing.name, frame, folder), BAKE)
            return


def _attributes_read(shown):
    """Names of the attributes that materials read; "" stands for the active colours and coordinates."""
    names = set()
    for tree in reach.trees(shown):
        for node in reach.feeding(tree):
            if node.bl_idname in {"ShaderNodeTexImage", "ShaderNodeTexCoord"}:
                names.add("")
            names.update(getattr(node, member) for member in ("attribute_name", "layer_name", "uv_map")
                         if hasattr(node, member))
    return names


def _has_zones(thing):
    return any(modifier.type == "NODES" and modifier.show_render and _has_zone(modifier.node_group)
               for modifier in thing.modifiers)


def _has_zone(group):
    return group is not None and any(
        node.bl_idname == "GeometryNodeSimulationOutput" for tree in reach.groups_in(group) for node in reach.feeding(tree))
