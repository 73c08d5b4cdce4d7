"""Simulations that are not baked. Rendering does not compute them: in the background each frame beyond the first shows
things standing still, or somewhere else than where they were seen on the artist's screen.

Seen in 3.4, 4.3 and 5.2: cloth, soft bodies, hair and rigid bodies do not move even with `blender -a`; particles come
out differently frame by frame; what was played through before saving is in the file and is right, except rigid bodies.
"""

import functools
import os
import re

import bpy

from . import reach
from .finding import error

BAKE = "Bake it (and pack the bake, or upload its folder beside the shot)."

# How far zones of geometry nodes are followed to see whether they compute anything.
_STEPS = 3


def unbaked(scene, frames):
    """Simulations that a picture of these frames shows and that have no result for them."""
    if not reach.shows_objects(scene):
        return
    shown = reach.of_task(scene)
    things = [thing for thing in bpy.data.objects if thing in shown]
    for thing in things:
        for what, cache in _caches(thing):
            if not _is_covered(cache, frames):
                yield error("unbaked", "The %s of %s is not baked." % (what, thing.name), BAKE)
        for modifier in thing.modifiers:
            if modifier.type == "FLUID" and modifier.show_render and modifier.fluid_type == "DOMAIN":
                yield from _fluid(thing, modifier.domain_settings, frames)
    yield from _rigid_bodies(scene, things, frames)
    yield from _zones(scene, things, frames)


def _caches(thing):
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
            if system is not None and _needs_order(thing, system):
                yield "particle system %s" % system.name, system.point_cache
        elif modifier.type == "DYNAMIC_PAINT" and modifier.canvas_settings is not None:
            for surface in modifier.canvas_settings.canvas_surfaces:
                # One that paints image files does so only when it is baked.
                if surface.is_active and surface.surface_format == "VERTEX":
                    yield "dynamic paint %s" % surface.name, surface.point_cache


def _needs_order(thing, system):
    """Whether a particle is elsewhere when the frames before were not computed."""
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
    return any((settings.drag_factor, settings.brownian_factor, settings.damping)) or _meets_others(settings)


def _meets_others(settings):
    """Whether something pushes or stops particles: as far as that can be said without computing it."""
    for thing in bpy.context.scene.objects:
        if any(modifier.type == "COLLISION" for modifier in thing.modifiers):
            return True
        if thing.field is not None and thing.field.type != "NONE" and settings.effector_weights.all > 0:
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


def _zones(scene, things, frames):
    """Simulation zones of geometry nodes. Whether one is packed into the file cannot be asked, but it can be tried."""
    zones = [(thing, modifier) for thing in things for modifier in thing.modifiers
             if modifier.type == "NODES" and modifier.show_render and modifier.show_viewport
             and _has_zone(modifier.node_group)]
    if not zones or max(frames) <= scene.frame_start:
        return
    for thing in _moved_by_steps(scene, frozenset(thing for thing, _ in zones)):
        yield error("unbaked", "The simulation zone of %s is not baked." % thing.name, BAKE)


def _has_zone(group):
    return group is not None and any(
        node.bl_idname == "GeometryNodeSimulationOutput" for tree in reach.groups_in(group) for node in reach.feeding(tree))


@functools.lru_cache(maxsize=None)
def _moved_by_steps(scene, things):
    """Objects that look different on a frame after the frames before it than when it is reached by a jump."""
    here = scene.frame_current
    last = scene.frame_start + _STEPS
    scene.frame_set(last)
    jumped = {thing: _shape(thing) for thing in things}
    for frame in range(scene.frame_start, last + 1):
        scene.frame_set(frame)
    moved = [thing for thing in things if _shape(thing) != jumped[thing]]
    scene.frame_set(here)
    return sorted(moved, key=lambda thing: thing.name)


def _shape(thing):
    """What can be compared of an evaluated object: its corners, and where its instances are."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    corners = ()
    evaluated = thing.evaluated_get(depsgraph)
    try:
        mesh = evaluated.to_mesh()
        corners = tuple(round(value, 5) for vertex in mesh.vertices for value in vertex.co)
        evaluated.to_mesh_clear()
    except (RuntimeError, AttributeError):
        pass  # Nothing that has corners.
    places = [tuple(round(value, 5) for row in instance.matrix_world for value in row)
              for instance in depsgraph.object_instances
              if instance.is_instance and instance.parent is not None and instance.parent.original == thing]
    return corners, tuple(sorted(places))
