"""Add-ons that come with the shots: everything in the scenes bucket's `addons/` is enabled in every task.

Single .py files, folders and .zip files; add-ons as before Blender 4.2 and extensions (`blender_manifest.toml`). Only in
memory: no preferences are saved, and nothing is installed on the worker. An add-on is code of whoever may upload, so it
runs only where scripts may.
"""

import glob
import importlib
import os
import platform
import re
import sys
import tempfile
import zipfile

import bpy

from . import scripts
from .finding import warning

_MANIFEST = "blender_manifest.toml"

# Lives as long as Blender, and is removed with it.
_unpacked = None
_left_out = []
_done = []


def enable(folder):
    """Enables every add-on in `folder`, once a task. One that fails is left out and named in the check's findings."""
    if folder in _done or not os.path.isdir(folder):
        return
    _done.append(folder)
    entries = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if not name.startswith((".", "_"))]
    if not scripts.allowed():
        if any(map(_is_addon, entries)):
            _left_out.append(("addonsOff", "Scripts are off, so the add-ons in addons/ are not enabled.", scripts.ALLOW))
        return
    for path in entries:
        if _is_addon(path):
            _enable_path(path)


def left_out(_scene):
    """What could not be enabled."""
    for code, message, action in _left_out:
        yield warning(code, message, action)


def _is_addon(path):
    return path.endswith((".py", ".zip")) or os.path.isfile(os.path.join(path, "__init__.py"))


def _enable_path(path):
    try:
        for module_path in _unpack(path) if path.endswith(".zip") else [path]:
            _enable_module(module_path)
    except Exception as problem:  # An add-on may raise anything.
        name = os.path.basename(path)
        _left_out.append(("addonFailed", "The add-on %s could not be enabled: %s: %s" % (
            name, type(problem).__name__, problem), "Upload a version of it for Blender %d.%d." % bpy.app.version[:2]))


def _unpack(path):
    """Unpacks a .zip to this machine's own disk. Returns the paths of the modules in it."""
    folder = os.path.join(_temporary(), _module_name(path))
    with zipfile.ZipFile(path) as file:
        file.extractall(folder)
    if os.path.isfile(os.path.join(folder, "__init__.py")):
        return [folder]
    inside = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    return [path for path in inside if _is_addon(path) and not path.endswith(".zip")]


def _temporary():
    global _unpacked
    if _unpacked is None:
        _unpacked = tempfile.TemporaryDirectory(prefix="tablao-addons-")
    return _unpacked.name


def _module_name(path):
    return re.sub(r"\W", "_", os.path.splitext(os.path.basename(path))[0])


def _enable_module(path):
    import addon_utils
    _add_wheels(path)
    folder, name = os.path.split(path)
    module = name[:-3] if name.endswith(".py") else name
    if "." in module:
        raise ValueError("a name with dots is no name for a module")
    if folder not in sys.path:
        sys.path.append(folder)
    if os.path.isfile(os.path.join(path, _MANIFEST)):
        # Blender wants the description that an extension has in its manifest instead.
        loaded = importlib.import_module(module)
        if not hasattr(loaded, "bl_info"):
            loaded.bl_info = {"name": module, "blender": bpy.app.version, "category": "Extension"}
    problems = []
    # default_set: an add-on finds its preferences, which are not saved in the background.
    if addon_utils.enable(module, default_set=True, handle_error=problems.append) is None:
        raise problems[0] if problems else RuntimeError("Blender refused it")


def _add_wheels(path):
    """Python packages that an extension brings, those that fit this machine."""
    python = "cp%d%d" % sys.version_info[:2]
    for wheel in sorted(glob.glob(os.path.join(glob.escape(path), "wheels", "*.whl"))):
        tags = os.path.basename(wheel)
        fits_python = python in tags or "-py3-" in tags or "abi3" in tags
        fits_machine = tags.endswith("-any.whl") or (sys.platform in tags and platform.machine() in tags)
        if fits_python and fits_machine:
            folder = os.path.join(_temporary(), "wheels")
            with zipfile.ZipFile(wheel) as file:
                file.extractall(folder)
            if folder not in sys.path:
                sys.path.append(folder)
