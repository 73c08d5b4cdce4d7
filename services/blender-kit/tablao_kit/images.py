"""Images that the shot uses and that are not there. Cycles paints them pink and says nothing."""

import functools
import os
import re

import bpy

# Tile numbers of a UDIM stand for four digits from 1001 on.
_UDIM = re.compile(r"<UDIM>|<UVTILE>")


def _path(image):
    return bpy.path.abspath(image.filepath, library=image.library)


def missing(frame=None):
    """Paths of the images that a picture may show, that are not packed and not there.

    With a frame, of sequences that frame's file, else the one that the image names.
    """
    paths = set()
    for image, path in _absent():
        if image.source != "SEQUENCE" and _can_be_rendered(image):
            paths.add(path)
    for image, number in _sequence_frames(frame) if frame is not None else ():
        path = _sequence_path(_path(image), number)
        if not _exists(path):
            paths.add(path)
    return sorted(paths)


def missing_in_editors():
    """Paths of absent images that only the user interface shows: camera backgrounds, references, image editors."""
    return sorted({path for image, path in _absent() if not _can_be_rendered(image)})


@functools.lru_cache(maxsize=None)
def _absent():
    """[(image, path)] of files that are not there; a tiled image can stand there several times."""
    found = []
    for image in bpy.data.images:
        if image.packed_file or len(image.packed_files) or not image.filepath:
            continue
        if image.source in {"FILE", "MOVIE", "SEQUENCE"}:
            paths = [_path(image)]
        elif image.source == "TILED":
            paths = [_tile_path(_path(image), tile.number) for tile in image.tiles]
        else:
            continue
        found += [(image, path) for path in paths if not _exists(path)]
    return found


def _can_be_rendered(image):
    """Whether anything but the user interface uses the image."""
    for user in bpy.data.user_map(subset={image})[image]:
        if isinstance(user, (bpy.types.Screen, bpy.types.WindowManager, bpy.types.Brush, bpy.types.Camera)):
            continue
        if isinstance(user, bpy.types.Object) and user.type == "EMPTY":
            continue
        return True
    return False


def _exists(path):
    """By a listing of its folder: on a mounted bucket one listing costs what one look at a file does."""
    folder, name = os.path.split(path)
    # The listing may spell the name differently where the disk takes both.
    return name in _names(folder) or os.path.exists(path)


@functools.lru_cache(maxsize=256)
def _names(folder):
    """Inputs do not change while a task runs, so once is enough."""
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()


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
