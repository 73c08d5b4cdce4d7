"""Files that the compositor's File Output nodes write: sent to <render_dir>/outputs/<node>/, names kept.

Blender 5.0 gave the node other properties (`directory`, `file_name`, `file_output_items`) than 2.9 to 4.5 have
(`base_path`, `file_slots`, `layer_slots`).
"""

import os
import re

import bpy

from . import reach, sequence


def _trees(scene):
    """The scene's compositor and its groups first, then all others: scene strips use those of other scenes."""
    trees = reach.compositor_trees(scene)
    trees += [tree for other in bpy.data.scenes for tree in reach.compositor_trees(other) if tree not in trees]
    groups = [group for group in bpy.data.node_groups if group.bl_idname == "CompositorNodeTree"]
    return trees + [group for group in groups if group not in trees]


def _folder_name(name):
    return re.sub(r"[{}#\[\]*?/\\:<>|\"\x00-\x1f]", "_", name).strip(" .") or "output"


def nodes(scene):
    """(folder name, node) of every File Output node that could write, folder names distinct."""
    found = []
    taken = set()
    for tree in _trees(scene):
        for node in tree.nodes:
            if node.bl_idname != "CompositorNodeOutputFile" or node.mute:
                continue
            folder = base = _folder_name(node.name)
            number = 2
            while folder.lower() in taken:
                folder = "%s-%d" % (base, number)
                number += 1
            taken.add(folder.lower())
            found.append((folder, node))
    return found


def redirect(scene, render_dir):
    """Sends every File Output node to its own folder under outputs/."""
    for folder, node in nodes(scene):
        path = os.path.join(render_dir, "outputs", folder)
        _keep_inside(node)
        if hasattr(node, "directory"):
            node.directory = path + os.sep
            continue
        if node.format.file_format == "OPEN_EXR_MULTILAYER":
            # One file: the base path is a file name then.
            stem = os.path.basename(node.base_path.replace("\\", "/")) or "multilayer"
            node.base_path = os.path.join(path, stem)
        else:
            node.base_path = path + os.sep


def _keep_inside(node):
    """A name may hold folders, but none that leads out of the node's own."""
    if hasattr(node, "directory"):
        node.file_name = _inside(node.file_name)
        for item in node.file_output_items:
            item.name = _inside(item.name)
        return
    for slot in node.file_slots:
        slot.path = _inside(slot.path)


def _inside(path):
    return "/".join("__" if part == ".." else part for part in path.replace("\\", "/").split("/"))


def faults(scene, render_dir, frame):
    """What File Output nodes of the scene's compositor should have written for this frame and did not: sentences."""
    if scene not in sequence.by_camera(scene):
        return []
    wanted = _files_wanted(scene)
    found = []
    for folder, node in nodes(scene):
        there = len(_of_node(folder, node, render_dir, frame))
        if there < wanted.get(node, 0):
            found.append("the File Output node %s wrote %d of %d files" % (node.name, there, wanted[node]))
    return found


def _files_wanted(scene):
    """{node: at least so many files a frame}: one for each input that is given a picture, or one with all layers.

    What comes from a pass that is off, from nowhere, or is one colour only, Blender does not write.
    """
    trees = reach.compositor_trees(scene)
    wanted = {}
    for tree in trees:
        for node in tree.nodes:
            if node.bl_idname == "CompositorNodeOutputFile" and not node.mute:
                given = sum(_has_picture(tree, link, trees, set()) for socket in node.inputs for link in socket.links)
                wanted[node] = min(given, 1) if node.format.file_format == "OPEN_EXR_MULTILAYER" else given
    return wanted


def _has_picture(tree, link, trees, seen):
    """Whether a picture comes along the link, from however far away. Asked for each link once, so that circles end."""
    node = link.from_node
    if link.is_muted or not link.from_socket.enabled or link in seen:
        return False
    seen.add(link)
    if node.bl_idname == "CompositorNodeRLayers":
        return not node.mute and _is_rendered(node)
    if node.bl_idname in {"CompositorNodeImage", "CompositorNodeMovieClip"}:
        return not node.mute and (getattr(node, "image", None) or getattr(node, "clip", None)) is not None
    if node.bl_idname == "NodeGroupInput":
        # Where the group stands, something has to come in.
        return any(_has_picture(outer, into, trees, seen) for outer in trees for group in outer.nodes
                   if group.type == "GROUP" and not group.mute and group.node_tree == tree
                   for socket in group.inputs for into in socket.links)
    return any(_has_picture(tree, into, trees, seen) for socket in node.inputs for into in socket.links)


def _is_rendered(node):
    """Whether there is a picture of the view layer that this node brings."""
    layer = node.scene.view_layers.get(node.layer) if node.scene is not None else None
    return layer is not None and layer.use


def of_frame(scene, render_dir, frame):
    """Paths (relative to render_dir) of the nodes' files that belong to a frame."""
    return sorted(path for folder, node in nodes(scene) for path in _of_node(folder, node, render_dir, frame))


def _of_node(folder, node, render_dir, frame):
    belongs = _name_of_frame(node, frame)
    return [os.path.relpath(os.path.join(base, name), render_dir).replace(os.sep, "/")
            for base, _, names in os.walk(os.path.join(render_dir, "outputs", folder))
            for name in names if belongs.search(name)]


def _name_of_frame(node, frame):
    """What a file name of this frame looks like."""
    is_one = node.format.file_format == "OPEN_EXR_MULTILAYER"
    if hasattr(node, "directory"):
        paths = [node.file_name] if is_one else [node.file_name + item.name for item in node.file_output_items]
    else:
        paths = [node.base_path] if is_one else [slot.path for slot in node.file_slots]
    stems = "|".join(_stem(os.path.basename(path), frame) for path in paths)
    return re.compile("^(%s)(%s)?\\.[A-Za-z0-9]+$" % (stems, "|".join(map(re.escape, _view_suffixes()))))


def _stem(name, frame):
    """The last run of '#' is the frame's place; where there is none, Blender puts four digits at the end."""
    run = list(re.finditer("#+", name + "####" if "#" not in name else name))[-1]
    return re.escape(name[:run.start()]) + str(frame).zfill(len(run[0])) + re.escape(name[run.end():])


def _view_suffixes():
    """What may stand behind the name of a view's file, in any scene."""
    return sorted({view.file_suffix for scene in bpy.data.scenes if scene.render.use_multiview
                   for view in scene.render.views if view.file_suffix})
