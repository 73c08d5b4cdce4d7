"""Files that the compositor's File Output nodes write: sent to <render_dir>/outputs/<node>/, names kept.

Blender 5.0 gave the node other properties (`directory`, `file_name`, `file_output_items`) than 2.9 to 4.5 have
(`base_path`, `file_slots`, `layer_slots`).
"""

import os
import re

import bpy


def _compositor(scene):
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def _trees(scene):
    """The scene's compositor first, then those of other scenes (scene strips use them) and node groups."""
    trees = [_compositor(scene)]
    trees += [_compositor(other) for other in bpy.data.scenes if other != scene]
    trees += [group for group in bpy.data.node_groups if group.bl_idname == "CompositorNodeTree"]
    seen = []
    for tree in trees:
        if tree is not None and tree not in seen:
            seen.append(tree)
    return seen


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
        if hasattr(node, "directory"):
            node.directory = path + os.sep
            continue
        if node.format.file_format == "OPEN_EXR_MULTILAYER":
            # One file: the base path is a file name then.
            stem = os.path.basename(node.base_path.replace("\\", "/")) or "multilayer"
            node.base_path = os.path.join(path, stem)
        else:
            node.base_path = path + os.sep


def of_frame(scene, render_dir, frame):
    """Paths (relative to render_dir) of the nodes' files that belong to a frame."""
    paths = []
    for folder, node in nodes(scene):
        belongs = _name_of_frame(node, frame)
        for base, _, names in os.walk(os.path.join(render_dir, "outputs", folder)):
            for name in names:
                if belongs.search(name):
                    paths.append(os.path.relpath(os.path.join(base, name), render_dir).replace(os.sep, "/"))
    return sorted(paths)


def _name_of_frame(node, frame):
    """What a file name of this frame looks like: its number at the end, but for a view's suffix and the extension."""
    start = getattr(node, "file_name", "")
    if "#" in start:
        # Blender 5 puts the frame where the '#' are, and the item's name behind it.
        return re.compile("^" + re.sub("(?:\\\\?#)+", lambda run: str(frame).zfill(run[0].count("#")), re.escape(start)))
    return re.compile(r"(?<!\d)0*%d(_[A-Za-z]\w*)?\.[A-Za-z0-9]+$" % frame)
