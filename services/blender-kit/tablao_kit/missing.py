"""Files and data that the shot refers to and that are not there, except images (images.py) and simulations."""

import os

import bpy

from . import log as logs, reach, sequence
from .finding import error, warning
from .images import exists, is_picture, numbered

_USD = ("usd", (b"PXR-USDC", b"#usda", b"PK\x03\x04"))
# What Blender must be built with, and how such files begin.
_CACHES = {".abc": ("alembic", (b"Ogawa", b"\x89HDF")), ".vdb": ("openvdb", (b" BDV", b"\0\0\0\0 BDV")),
           ".usd": _USD, ".usdc": _USD, ".usda": _USD, ".usdz": _USD}

# TrueType and OpenType, alone or several in one, compressed for the web, of old Macs; Type 1; bitmaps.
_FONTS = (b"\0\1\0\0", b"OTTO", b"true", b"ttcf", b"wOFF", b"wOF2", b"\0\0\1\0", b"typ1", b"%!", b"\x80\1",
          b"\1fcp", b"STARTFONT", b"MZ")

ANEW = "Export it anew and upload it."
UPLOAD = "Upload it beside the shot under the same relative path."
UNUSED = "Nothing, or remove it."


def _path(path, block):
    return bpy.path.abspath(path, library=block.library)


def libraries(scene):
    """Linked files that are not there."""
    shown = reach.of_task(scene)
    in_use = {block.library for block in shown if block.library is not None}
    for library in bpy.data.libraries:
        path = bpy.path.abspath(library.filepath, library=library.parent)
        if library.packed_file is not None or exists(path):
            continue
        if library in in_use:
            yield error("missingLibrary", "The linked file %s is not there." % path, UPLOAD)
        else:
            yield warning("missingLibrary", "The linked file %s is not there; no picture shows it." % path, UNUSED)


def data(scene, opening):
    """Things that were linked from a library that has them no more: Blender puts empty stand-ins in their place.

    `opening`: what Blender printed while it opened the file. Before Blender 4 the stand-ins have no mark of their own.
    """
    gone = set(logs.gone_from_libraries(opening))
    for block in reach.of_task(scene):
        # An override of a lost thing is local, and its reference is what is lost.
        override = getattr(block, "override_library", None)
        lost = override.reference if override is not None else block
        if lost is None or lost.library is None:
            continue
        if getattr(lost, "is_missing", lost.name in gone):
            yield error("missingData", "%s %s is not in %s any more." % (
                type(lost).bl_rna.name, lost.name, lost.library.filepath),
                "Upload the version of the library that has it, or link it again.")


def caches(scene):
    """Alembic, USD, OpenVDB and MDD files: without them things are not there, or stand still."""
    shown = reach.of_task(scene)
    for kind in ("cache_files", "volumes"):
        for block in getattr(bpy.data, kind):
            if block not in shown or not block.filepath or getattr(block, "packed_file", None) \
                    or kind == "volumes" and block.is_sequence:
                continue
            path = _path(block.filepath, block)
            if not exists(path):
                yield error("missingCache", "The cache %s is not there." % path, UPLOAD)
            elif not _is_cache(path):
                yield error("cacheUnreadable", "Blender cannot read the cache %s." % path,
                            "Export it anew, or use a Blender that was built with this format.")
    for thing in bpy.data.objects:
        if thing not in shown:
            continue
        for modifier in thing.modifiers:
            if not modifier.show_render:
                continue
            for path in _modifier_files(modifier):
                path = _path(path, thing)
                if not exists(path.rstrip("/\\")):
                    yield error("missingCache", "The cache %s of %s is not there." % (path, thing.name), UPLOAD)


def volume_frames(scene, frames):
    """OpenVDB sequences: the file of each frame, of what a camera of this scene sees."""
    for volume in bpy.data.volumes:
        if not volume.is_sequence or not volume.filepath or volume not in reach.through_camera(scene):
            continue
        numbers = sorted({_volume_number(volume, frame) for frame in frames} - {None})
        for path in (numbered(_path(volume.filepath, volume), number) for number in numbers):
            if not exists(path):
                yield error("missingCache", "The cache %s is not there." % path, UPLOAD)


def _volume_number(volume, frame):
    """As Blender counts; None where it shows nothing."""
    length, position = volume.frame_duration, frame - volume.frame_start
    if length <= 0 or volume.sequence_mode == "CLIP" and not 0 <= position < length:
        return None
    if volume.sequence_mode == "EXTEND":
        position = min(max(position, 0), length - 1)
    elif volume.sequence_mode == "REPEAT":
        position %= length
    elif volume.sequence_mode == "PING_PONG":
        position %= max(1, 2 * length - 2)
        position = min(position, 2 * length - 2 - position) if length > 1 else 0
    return position + 1 + volume.frame_offset


def _is_cache(path):
    """Whether it begins as its ending says, and this Blender was built to read it."""
    ending = os.path.splitext(path)[1].lower()
    module, beginnings = _CACHES.get(ending, (None, ()))
    if module is None:
        return True
    if not getattr(bpy.app.build_options, module, True):
        return False
    with open(path, "rb") as file:
        return file.read(8).startswith(beginnings)


def _modifier_files(modifier):
    if modifier.type == "MESH_CACHE" and modifier.filepath:
        return [modifier.filepath]
    if modifier.type == "OCEAN" and modifier.is_cached and modifier.filepath:
        return [modifier.filepath]
    if modifier.type == "MULTIRES" and modifier.is_external and modifier.filepath:
        return [modifier.filepath]
    return []


def fonts(scene):
    """Fonts that are gone: Blender writes with its own one instead."""
    shown = reach.of_task(scene)
    for font in bpy.data.fonts:
        if font.filepath in {"", "<builtin>"} or font.packed_file is not None:
            continue
        path = _path(font.filepath, font)
        if not exists(path):
            if font in shown:
                yield error("missingFont", "The font %s is not there." % path, UPLOAD)
            else:
                yield warning("missingFont", "The font %s is not there; no picture shows it." % path, UNUSED)
        elif font in shown and not _begins(path, _FONTS):
            yield error("brokenFile", "%s is no font that Blender can read." % path, ANEW)


def _begins(path, beginnings):
    with open(path, "rb") as file:
        return file.read(16).startswith(beginnings)


def sounds(scene):
    """Sounds that are gone. No picture hears them."""
    for sound in bpy.data.sounds:
        path = _path(sound.filepath, sound)
        if sound.packed_file is None and sound.users and sound.filepath and not exists(path):
            yield warning("missingSound", "The sound %s is not there: the preview video will lack it." % path, UPLOAD)


def movie_clips(scene):
    """Clips that are gone. Without them a solved camera goes on moving, but no picture can show them."""
    in_pictures = {getattr(node, "clip", None) for tree in reach.compositors(scene) for node in reach.feeding(tree)}
    for shown in sequence.by_sequence(scene):
        in_pictures |= {strip.clip for strip in sequence.strips(shown) if strip.type == "MOVIECLIP"}
    for clip in bpy.data.movieclips:
        path = _path(clip.filepath, clip)
        if not clip.filepath:
            continue
        if exists(path):
            if clip in in_pictures and not is_picture(path):
                yield error("brokenImage", "%s is no movie or picture that Blender can read." % path, ANEW)
        elif clip in in_pictures:
            yield error("missingClip", "The movie clip %s is not there." % path, UPLOAD)
        else:
            yield warning("missingClip", "The movie clip %s is not there; no picture shows it." % path, UNUSED)


def strip_files(scene, frames):
    """Pictures and movies of this scene's strips that these frames show."""
    for strip, path in _files_of_strips(scene, frames):
        path = _path(path, scene)
        if not exists(path):
            yield error("missingStrip", "%s of the strip %s is not there." % (path, strip.name), UPLOAD)
        elif not is_picture(path):
            yield error("brokenImage", "%s of the strip %s is no movie or picture that Blender can read." % (
                path, strip.name), ANEW)


def _files_of_strips(scene, frames):
    for strip in sequence.strips(scene):
        if strip.type == "MOVIE" and sequence.frames_on(strip, frames):
            yield strip, strip.filepath
    for strip, places in sequence.pictures_shown(scene, frames):
        for place in places:
            yield strip, os.path.join(strip.directory, strip.elements[place].filename)


def node_files(scene):
    """Light profiles and shaders that nodes read from files, and what geometry nodes import (Blender 4.5 and later)."""
    for tree in reach.trees(reach.of_task(scene)):
        for node in reach.feeding(tree):
            if node.bl_idname.startswith("GeometryNodeImport"):
                yield from _imported(tree, node)
            if node.bl_idname not in {"ShaderNodeTexIES", "ShaderNodeScript"} or node.mode != "EXTERNAL":
                continue
            path = bpy.path.abspath(node.filepath, library=tree.library)
            if node.filepath and not exists(path):
                yield error("missingFile", "%s of the node %s is not there." % (path, node.name), UPLOAD)
            elif node.filepath and node.bl_idname == "ShaderNodeTexIES" and not _is_light_profile(path):
                yield error("brokenFile", "%s of the node %s is no light profile." % (path, node.name), ANEW)


def _imported(tree, node):
    socket = node.inputs["Path"]
    path = bpy.path.abspath(socket.default_value, library=tree.library)
    if not socket.is_linked and socket.default_value and not exists(path):
        yield error("missingFile", "%s of the node %s is not there." % (path, node.name), UPLOAD)


def _is_light_profile(path):
    """Every version of the format has this line."""
    with open(path, "rb") as file:
        return b"TILT=" in file.read()
