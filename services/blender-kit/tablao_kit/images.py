"""Image files that the shot refers to: gone, or no pictures at all. Cycles paints them pink and says nothing."""

import functools
import io
import os
import re

import bpy

from . import reach, whole

# How picture files begin that Blender reads. A file that begins otherwise is put to Blender itself.
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8", b"v/1\x01", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"RIFF", b"BM", b"#?",
               b"SDPX", b"XPDS", b"\x80\x2a\x5f\xd7", b"\xd7\x5f\x2a\x80", b"8BPS")


def _path(image):
    return bpy.path.abspath(image.filepath, library=image.library)


def missing(scene):
    """Paths of the images that a picture may show, that are not packed and not there. Without sequences."""
    in_pictures = shown(scene)
    return {path for image, path in _absent() if image.source != "SEQUENCE" and image in in_pictures}


def missing_of_frame(scene, frame):
    """The same of the sequences that a camera of this scene sees on this frame."""
    return {path for path in _sequence_paths(scene, frame) if not exists(path)}


def missing_elsewhere(scene):
    """Paths of absent images that no picture shows: camera backgrounds, unlinked nodes, hidden objects."""
    in_pictures = shown(scene)
    return sorted({path for image, path in _absent() if image not in in_pictures})


def unreadable(scene):
    """Paths of images that a picture shows, that are there or packed and that Blender cannot read as pictures. Without
    sequences."""
    files = [(image, _path(image)) for image in shown(scene) if image.source in {"FILE", "MOVIE"}]
    files += [(image, _tile_path(_path(image), tile.number))
              for image in shown(scene) if image.source == "TILED" for tile in image.tiles]
    broken = {path for image, path in files if not _is_packed(image) and exists(path) and not is_picture(path)}
    return broken | {"%s (packed)" % (image.filepath or image.name)
                     for image in shown(scene)
                     if image.source != "MOVIE" and _is_packed(image) and not _is_packed_picture(image)}


def unreadable_of_frame(scene, frame):
    """The same of the sequences that a camera of this scene sees on this frame."""
    return {path for path in _sequence_paths(scene, frame) if exists(path) and not is_picture(path)}


@functools.lru_cache(maxsize=None)
def is_picture(path):
    """Whether it is a picture, whole as far as that can be told, or a movie. Of one that is cut short Blender shows the
    half that there is, or nothing."""
    with open(path, "rb") as file:
        beginning = file.read(12)
        if beginning.startswith(_BEGINNINGS):
            return whole.is_whole_input(file, path)
        # Asking Blender means loading the whole picture: for the few that have no mark, such as Targa, and movies.
        image = bpy.data.images.load(path)
        try:
            return tuple(image.size) != (0, 0) and whole.is_whole_input(file, path)
        finally:
            bpy.data.images.remove(image)


@functools.lru_cache(maxsize=None)
def _is_packed_picture(image):
    """The same of what travels inside the .blend. Blender does not look at it when it packs a file."""
    packed = [(file.filepath, file.packed_file.data) for file in image.packed_files]
    if all(data.startswith(_BEGINNINGS) for _, data in packed):
        return all(whole.is_whole_input(io.BytesIO(data), path) for path, data in packed)
    return tuple(image.size) != (0, 0)


def _is_packed(image):
    return bool(image.packed_file) or len(image.packed_files) > 0


@functools.lru_cache(maxsize=None)
def _absent():
    """[(image, path)] of files that are not there; a tiled image can stand there several times."""
    found = []
    for image in bpy.data.images:
        if _is_packed(image) or not image.filepath:
            continue
        if image.source in {"FILE", "MOVIE", "SEQUENCE"}:
            paths = [_path(image)]
        elif image.source == "TILED":
            paths = [_tile_path(_path(image), tile.number) for tile in image.tiles]
        else:
            continue
        found += [(image, path) for path in paths if not exists(path)]
    return found


@functools.lru_cache(maxsize=None)
def shown(scene):
    """The images that a picture may show."""
    blocks = reach.of_task(scene)
    found = {image for _, image in _image_nodes(blocks, tuple(reach.compositors(scene)))}
    users = bpy.data.user_map(subset=set(bpy.data.images))
    for image in bpy.data.images:
        if any(user in blocks and _shows_without_nodes(user) for user in users.get(image, ())):
            found.add(image)
    return frozenset(found)


def _shows_without_nodes(user):
    """Whether the user shows its image by itself; those with nodes do it by a node that is linked."""
    if isinstance(user, bpy.types.Object):
        return user.type != "EMPTY"
    if isinstance(user, bpy.types.Material):
        return user.is_grease_pencil
    return isinstance(user, bpy.types.Texture)


def exists(path):
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


def numbered(path, number):
    """The file of one frame: the last run of digits in the name counts."""
    folder, name = os.path.split(path)
    match = re.search(r"(\d+)(?=\D*$)", os.path.splitext(name)[0])
    if not match:
        return path
    return os.path.join(folder, name[:match.start()] + str(number).zfill(len(match[0])) + name[match.end():])


def _sequence_paths(scene, frame):
    return [numbered(_path(image), number) for image, number in _sequence_frames(scene, frame)]


def _sequence_frames(scene, frame):
    """(image, number of the file) of each sequence that a shader, the compositor or a modifier's texture shows on this frame
    of this very scene."""
    seen = reach.through_camera(scene)
    for node, image in _image_nodes(seen, tuple(reach.compositor_trees(scene))):
        if image.source != "SEQUENCE" or _is_packed(image):
            continue
        # The compositor's node has the settings on itself, a shader's has an image user.
        number = _file_number(getattr(node, "image_user", node), frame)
        if number is not None:
            yield image, number
    for texture in bpy.data.textures:
        image = getattr(texture, "image", None)
        # One that does not follow the frames stays where it was.
        if image is None or image.source != "SEQUENCE" or _is_packed(image) or texture not in seen \
                or texture.use_nodes or not texture.image_user.use_auto_refresh:
            continue
        number = _file_number(texture.image_user, frame)
        if number is not None:
            yield image, number


def _file_number(user, frame):
    """As Blender counts: position in the strip, held at both ends or repeated, plus the offset."""
    length = user.frame_duration
    if length <= 0:
        return None
    position = frame - user.frame_start + 1
    if user.use_cyclic:
        return (position - 1) % length + 1 + user.frame_offset
    # Before its start Blender asks for the file before the first.
    return min(max(position, 0), length) + user.frame_offset


@functools.lru_cache(maxsize=None)
def _image_nodes(blocks, compositors):
    """(node, image) of every node that shows an image and has a part in a picture of these blocks."""
    trees = reach.trees(blocks) + list(compositors)
    return [(node, image) for tree in trees for node in reach.feeding(tree) for image in _images_of(node)]


def _images_of(node):
    # Geometry nodes have the image in a socket.
    given = [socket.default_value for socket in node.inputs if socket.type == "IMAGE" and not socket.is_linked]
    return [image for image in [getattr(node, "image", None)] + given if isinstance(image, bpy.types.Image)]
