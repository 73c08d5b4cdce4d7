"""What the pictures of a scene can show: its rendered objects, and every data-block that these use.

A texture that is gone matters only here. What is hidden from rendering, excluded, unlinked or without users is no
reason to keep a shot from being rendered. When in doubt a thing counts as shown.
"""

import functools

import bpy

from . import sequence

_OUTPUTS = {
    "ShaderNodeOutputMaterial", "ShaderNodeOutputWorld", "ShaderNodeOutputLight", "ShaderNodeOutputLineStyle",
    "ShaderNodeOutputAOV", "CompositorNodeComposite", "CompositorNodeOutputFile", "TextureNodeOutput",
    "NodeGroupOutput",
}
_OUTPUTS_OF_SHADERS = {"ShaderNodeOutputMaterial", "ShaderNodeOutputWorld", "ShaderNodeOutputLight"}
# What a scene shows of these is found by its layers, its sequence and its compositor; the rest lies on the desk of
# whoever paints.
_PARTS_OF_A_SCENE = (bpy.types.Object, bpy.types.Collection, bpy.types.Scene,
                     bpy.types.Brush, bpy.types.Palette, bpy.types.PaintCurve)


@functools.lru_cache(maxsize=None)
def of_task(scene):
    """Every data-block that a picture of the scene can depend on, those of scenes that strips show too.

    Looked up once for a task: nothing that it depends on changes between frames.
    """
    scenes = [view.scene for view in sequence.views(scene)]
    return frozenset(_Walk(_users_inverted(), sequence.by_camera(scene)).of(scenes))


@functools.lru_cache(maxsize=None)
def through_camera(scene):
    """The same of what is seen through a camera of this very scene, on the scene's own frames."""
    if not sequence.by_sequence(scene):
        return of_task(scene)  # Mostly so, and a large scene takes its time.
    return frozenset(_Walk(_users_inverted(), [scene]).of([scene]))


@functools.lru_cache(maxsize=None)
def _users_inverted():
    """{block: the blocks that it refers to}."""
    uses = {}
    for used, users in bpy.data.user_map().items():
        for user in users:
            uses.setdefault(user, set()).add(used)
    return uses


class _Walk:
    """From scenes to all that they show. Each block is visited once, so that circles end."""

    def __init__(self, uses, by_camera):
        self._uses = uses
        self._by_camera = by_camera
        self._seen = set()
        self._waiting = []

    def of(self, scenes):
        # Another scene that something refers to may be seen in any way; these are seen in this way only.
        self._strips_only = set(scenes) - set(self._by_camera)
        self._waiting = list(scenes)
        while self._waiting:
            block = self._waiting.pop()
            if block in self._seen:
                continue
            self._seen.add(block)
            self._waiting += self._next(block)
        return self._seen

    def _next(self, block):
        used = self._uses.get(block, set())
        if isinstance(block, bpy.types.Scene):
            shown = [] if block in self._strips_only else _shown_by(block)
            return shown + [one for one in used if not isinstance(one, _PARTS_OF_A_SCENE)]
        if isinstance(block, bpy.types.Collection):
            return list(block.children) + [thing for thing in block.objects if not is_hidden(thing)]
        if isinstance(block, bpy.types.Object):
            return used - _of_modifiers_that_are_off(block)
        if isinstance(block, (bpy.types.Screen, bpy.types.WorkSpace, bpy.types.WindowManager)):
            return []
        return used


def _of_modifiers_that_are_off(thing):
    """Textures and caches that only modifiers use that are switched off for rendering."""
    off = [modifier for modifier in thing.modifiers if not modifier.show_render
           and not is_animated(thing, 'modifiers["%s"].show_render' % bpy.utils.escape_identifier(modifier.name))]
    if not off:
        return set()
    on = [modifier for modifier in thing.modifiers if modifier not in off] + list(thing.constraints)
    return _given(off) - _given(on)


def _given(parts):
    return {getattr(part, name, None) for part in parts for name in ("texture", "cache_file")} - {None}


def _shown_by(scene):
    """The objects and collections that a scene renders, and other scenes that it is rendered with."""
    found = [scene.camera, scene.background_set] + [marker.camera for marker in scene.timeline_markers]
    for layer in scene.view_layers:
        if layer.use:
            found += _in_layer(layer.layer_collection)
    found += _layered(scene)
    return [block for block in found if block is not None]


def _in_layer(layer_collection):
    collection = layer_collection.collection
    if layer_collection.exclude or is_hidden(collection):
        return []
    found = [thing for thing in collection.objects if not is_hidden(thing)]
    if not len(collection.objects) and not len(collection.children):
        # What stands in for a linked collection that is gone is empty.
        found.append(collection)
    for child in layer_collection.children:
        found += _in_layer(child)
    return found


def is_hidden(block):
    """Hidden from rendering on every frame: one that is switched on and off counts as shown."""
    return block.hide_render and not is_animated(block, "hide_render")


def is_animated(block, path):
    """Whether this property of the block may have another value on another frame."""
    animation = getattr(block, "animation_data", None)
    if animation is None:
        return False
    if any(curve.data_path == path for curve in animation.drivers) or len(animation.nla_tracks):
        return True
    return animation.action is not None and any(curve.data_path == path for curve in _curves(animation.action))


def _curves(action):
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    # Blender 5: layers, strips and a bag of channels for each slot.
    return [curve for layer in action.layers for strip in layer.strips
            for bag in strip.channelbags for curve in bag.fcurves]


def compositor(scene):
    """The scene's compositor tree, or None when it has none in use."""
    if hasattr(scene, "compositing_node_group"):
        tree = scene.compositing_node_group
    else:
        tree = scene.node_tree if scene.use_nodes else None
    return tree if scene.render.use_compositing else None


def compositor_trees(scene):
    """The compositor's tree and the groups in it. One whose output nobody takes may still write files."""
    tree = compositor(scene)
    return [] if tree is None else _with_groups([tree], lambda tree: tree.nodes)


def compositors(scene):
    """The trees of all compositors that have a part in the scene's pictures."""
    return [tree for shown in sequence.by_camera(scene) for tree in compositor_trees(shown)]


def rendered(scene):
    """The scenes that are rendered for the scene's pictures: seen through a camera, or by view layers that a compositor
    takes of another scene."""
    seen = sequence.by_camera(scene)
    return list(dict.fromkeys(seen + [other for one in seen for other in _layered(one)]))


def seen_at_once(scene):
    """The scenes whose objects a camera of this scene sees, or its compositor adds: itself, and backgrounds of them all."""
    return list(dict.fromkeys(one for drawn in _drawn(scene) for one in _with_backgrounds(drawn)))


def scenes_around(thing, scene):
    """Those of them in which the thing meets others: what is in a background is moved by what stands before it."""
    found = [drawn for drawn in _drawn(scene) if any(thing in set(one.objects) for one in _with_backgrounds(drawn))]
    # In none of them is what a collection instance brings.
    return found or [scene]


def _drawn(scene):
    return list(dict.fromkeys([scene] + _layered(scene)))


def _with_backgrounds(scene):
    found = []
    while scene is not None and scene not in found:
        found.append(scene)
        scene = scene.background_set
    return found


def _layered(scene):
    """The scenes whose view layers its compositor takes."""
    return [node.scene for tree in compositor_trees(scene) for node in feeding(tree)
            if node.bl_idname == "CompositorNodeRLayers" and node.scene is not None]


def groups_in(tree):
    """This tree and the groups in it that are in use."""
    return _with_groups([tree], feeding)


def _with_groups(some, nodes_of):
    found = []
    waiting = list(some)
    while waiting:
        tree = waiting.pop()
        if tree is not None and tree not in found:
            found.append(tree)
            waiting += [node.node_tree for node in nodes_of(tree) if node.type == "GROUP" and not node.mute]
    return found


def feeding(tree):
    """The nodes of a tree that have a part in what it gives. A muted node has none, but lets through what it is given."""
    into = {}
    for link in tree.links:
        if not link.is_muted:
            into.setdefault(link.to_node, []).append(link.from_node)
    for node in tree.nodes:
        pair = getattr(node, "paired_output_node", None)
        if pair is not None:
            into.setdefault(pair, []).append(node)
    waiting = _outputs(tree)
    seen = set()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += into.get(node, [])
    return [node for node in seen if not node.mute]


def _outputs(tree):
    """The nodes that give what the tree is for. Of several outputs of a shader a render takes one."""
    found = [node for node in tree.nodes if node.bl_idname in _OUTPUTS and not node.mute]
    if sum(node.bl_idname in _OUTPUTS_OF_SHADERS for node in found) < 2:
        return found
    taken = [tree.get_output_node(engine) for engine in ("ALL", "CYCLES", "EEVEE")]
    return [node for node in found if node.bl_idname not in _OUTPUTS_OF_SHADERS or node in taken]


def trees(shown):
    """The node trees by which these blocks are drawn or shaped, without the compositor's."""
    found = []
    for kind in ("materials", "worlds", "lights", "textures", "linestyles"):
        found += [owner.node_tree for owner in getattr(bpy.data, kind)
                  if owner in shown and getattr(owner, "use_nodes", True)]
    for thing in bpy.data.objects:
        if thing in shown:
            found += [modifier.node_group for modifier in thing.modifiers
                      if modifier.type == "NODES" and modifier.show_render]
    return _with_groups(found, feeding)
