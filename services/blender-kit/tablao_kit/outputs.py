"""Files that the compositor's File Output nodes write: sent to <render_dir>/outputs/<node>/, names kept.

Blender 5.0 gave the node other properties (`directory`, `file_name`, `file_output_items`) than 2.9 to 4.5 have
(`base_path`, `file_slots`, `layer_slots`).
"""

import os
import re

import bpy

from . import reach


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
    if reach.shows_sequence(scene) and not reach.shows_objects(scene):
        return []
    trees = reach.compositor_trees(scene)
    found = []
    for folder, node in nodes(scene):
        wanted = _files_wanted(node)
        if wanted == 0 or not any(node == other for tree in trees for other in tree.nodes):
            continue
        there = len(_of_node(folder, node, render_dir, frame))
        if there < wanted:
            found.append("the File Output node %s wrote %d of %d files" % (node.name, there, wanted))
    return found


def _files_wanted(node):
    """At least so many files a frame: one for each linked input, or one with layers."""
    linked = sum(socket.is_linked for socket in node.inputs)
    return min(linked, 1) if node.format.file_format == "OPEN_EXR_MULTILAYER" else linked


def of_frame(scene, render_dir, frame):
    """Paths (relative to render_dir) of the nodes' files that belong to a frame."""
    return sorted(path for folder, node in nodes(scene) for path in _of_node(folder, node, render_dir, frame))


def _of_node(folder, node, render_dir, frame):
    belongs = _name_of_frame(node, frame)
    return [os.path.relpath(os.path.join(base, name), render_dir).replace(os.sep, "/")
            for base, _, names in os.walk(os.path.join(render_dir, "outputs", folder))
            for name in names if belongs.search(name)]


def _name_of_frame(node, frame):
    """What a file name of this frame looks like: its number at the end, but for a view's suffix and the extension."""
    start = getattr(node, "file_name", "")
    if "#" in start:
        # Blender 5 puts the frame where the '#' are, and the item's name behind it.
        return re.compile("^" + re.sub("(?:\\\\?#)+", lambda run: str(frame).zfill(run[0].count("#")), re.escape(start)))
    return re.compile(r"(?<!\d)0*%d(_[A-Za-z]\w*)?\.[A-Za-z0-9]+$" % frame)
