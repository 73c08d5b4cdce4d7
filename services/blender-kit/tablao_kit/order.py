"""Whether a frame comes out the same alone as after the frames before it: tried, since it cannot be asked.

A render engine of our own draws nothing and sees exactly what any engine would be given to draw, things that are hidden
on the screen too. Seen in 3.4, 4.3 and 5.2, frame 12 alone against frames 1 to 12: its verdict and that of the pixels
agree for particles of emitters that are moved in a dozen ways. Only curves and parents of the emitter itself do no
harm; constraints, bones, drivers, shape keys, modifiers before the particles, and animated settings or gravity do.
"""

import array
import contextlib
import time

import bpy

# Member of an attribute's values and how many numbers each has, by the attribute's type.
_VALUES = {"FLOAT": ("value", 1), "INT": ("value", 1), "BOOLEAN": ("value", 1), "FLOAT2": ("vector", 2),
           "FLOAT_VECTOR": ("vector", 3), "FLOAT_COLOR": ("color", 4), "BYTE_COLOR": ("color", 4)}
# Less is rounding: Blender computes the same in another way.
_TOLERANCE = 1e-3
_STEPS_AT_LEAST = 3


class _Eye(bpy.types.RenderEngine):
    bl_idname, bl_label = "TABLAO_EYE", "Tablao looks"
    # {thing: {part of it: numbers}} of the frame rendered last.
    seen = {}

    def render(self, depsgraph):
        for instance in depsgraph.object_instances:
            system = instance.particle_system
            owner = instance.parent if instance.is_instance else instance.object
            if system is None and owner.original not in _Eye.things:
                continue
            parts = _Eye.seen.setdefault((owner.name, system.name if system is not None else ""), {})
            numbers = [value for row in instance.matrix_world for value in row]
            if not instance.is_instance:
                numbers += _shape(instance.object)
            parts[instance.object.name, tuple(instance.persistent_id)] = numbers


def _shape(thing):
    """Where its corners are, and what materials read of it."""
    try:
        mesh = thing.to_mesh()
    except RuntimeError:
        return []  # Nothing that has corners.
    numbers = _floats(mesh.vertices, "co", 3)
    for attribute in mesh.attributes:
        member, count = _VALUES.get(attribute.data_type, (None, 0))
        if member is not None and attribute.name in _Eye.attributes | _unnamed(mesh):
            numbers += _floats(attribute.data, member, count)
    thing.to_mesh_clear()
    return numbers


def _unnamed(mesh):
    """What a material reads that names no attribute."""
    actives = mesh.uv_layers.active, mesh.attributes.active_color
    return {active.name for active in actives if active is not None} if "" in _Eye.attributes else set()


def _floats(values, member, count):
    numbers = array.array("f", bytes(4 * count * len(values)))
    values.foreach_get(member, numbers)
    return list(numbers)


def changed(scene, things, attributes, until, seconds):
    """((name, particle system or "") of what differs, last frame that was tried), for about so many seconds at most.

    `things`: objects whose shape is looked at; `attributes`: names of those that materials read, "" = the active ones.
    """
    first = scene.frame_start
    with _looking(scene, things, attributes) as look:
        # First of all, as on a worker that has seen no other frame.
        started = time.monotonic()
        alone = look(until)
        each = time.monotonic() - started
        last = min(until, first + max(_STEPS_AT_LEAST, int(seconds / each)))
        if last < until:
            alone = look(last)
        for frame in range(first, last + 1):
            after_others = look(frame)
    names = sorted(set(alone) | set(after_others))
    return [name for name in names if not _is_same(alone.get(name, {}), after_others.get(name, {}))], last


@contextlib.contextmanager
def _looking(scene, things, attributes):
    """Gives a function that returns what is seen on a frame, and puts everything back as it was."""
    render = scene.render
    before = render.engine, render.use_compositing, render.use_sequencer, scene.frame_current

    def look(frame):
        _Eye.seen = {}
        scene.frame_current = frame
        bpy.ops.render.render(scene=scene.name)
        return _Eye.seen

    _Eye.things, _Eye.attributes = things, attributes
    bpy.utils.register_class(_Eye)
    try:
        render.engine, render.use_compositing, render.use_sequencer = _Eye.bl_idname, False, False
        yield look
    finally:
        render.engine, render.use_compositing, render.use_sequencer, scene.frame_current = before
        bpy.utils.unregister_class(_Eye)


def _is_same(some, others):
    return some.keys() == others.keys() and all(
        len(numbers) == len(others[part]) and all(
            abs(one - other) <= _TOLERANCE * max(1, abs(one)) for one, other in zip(numbers, others[part]))
        for part, numbers in some.items())
