"""Images that the shot uses and that are not there. Cycles paints them pink and says nothing."""

import os
import re

import bpy

# Tile numbers of a UDIM stand for four digits from 1001 on.
_UDIM = re.compile(r"<UDIM>|<UVTILE>")


def _path(image):
    return bpy.path.abspath(image.filepath, library=image.library)


def _is_used(image):
    return image.users - (1 if image.use_fake_user else 0) > 0


def missing(frame=None):
    """Paths of the images that are used, not packed and absent. With a frame, of sequences only that frame's file."""
    paths = set()
    for image in bpy.data.images:
        if image.packed_file or len(image.packed_files) or not image.filepath or not _is_used(image):
            continue
        if image.source in {"FILE", "MOVIE"}:
            _note(paths, _path(image))
        elif image.source == "TILED":
            for tile in image.tiles:
                _note(paths, _tile_path(_path(image), tile.number))
        elif image.source == "SEQUENCE" and frame is None:
            _note(paths, _path(image))
    if frame is not None:
        for image, number in _sequence_frames(frame):
            _note(paths, _sequence_path(_path(image), number))
    return sorted(paths)


def _note(paths, path):
    if not os.path.exists(path):
        paths.add(path)


def _tile_path(path, number):
    path = path.replace("<UVTILE>", "u%d_v%d" % ((number - 1001) % 10 + 1, (number - 1001) // 10 + 1))
    return path.replace("<UDIM>", str(number))


def _sequence_path(path, number):
    """The file of one frame: the last run of digits in the name counts."""
    folder, name = os.path.split(path)
    match = re.search(r"(\d+)(?=\D*$)", os.path.splitext(name)[0])
    if not match:
        return path
    return os.path.join(folder, name[:match.start()] + str(number).zfill(len(match[0])) + name[match.end():])


def _sequence_frames(frame):
    """(image, number of the file) of each sequence that a shader or the compositor shows on this frame."""
    for node in _image_nodes():
        image = node.image
        if image is None or image.source != "SEQUENCE" or image.packed_file or len(image.packed_files):
            continue
        # The compositor's node has the settings on itself, a shader's has an image user.
        user = getattr(node, "image_user", node)
        number = _file_number(user, frame)
        if number is not None:
            yield image, number


def _file_number(user, frame):
    """As Blender counts: position in the strip, held at both ends or repeated, plus the offset."""
    length = user.frame_duration
    if length <= 0:
        return None
    position = frame - user.frame_start + 1
    if user.use_cyclic:
        position = (position - 1) % length + 1
    return min(max(position, 1), length) + user.frame_offset


def _image_nodes():
    trees = [group for group in bpy.data.node_groups if group.users]
    for owners in (bpy.data.materials, bpy.data.worlds, bpy.data.lights, bpy.data.scenes):
        for owner in owners:
            tree = getattr(owner, "node_tree", None)
            if tree is not None and owner.users:
                trees.append(tree)
    for tree in trees:
        for node in tree.nodes:
            if node.bl_idname in {"ShaderNodeTexImage", "ShaderNodeTexEnvironment", "CompositorNodeImage"} \
                    and not node.mute:
                yield node
