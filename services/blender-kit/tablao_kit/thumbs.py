"""A small JPEG of what was just rendered, as the scene's view transform shows it: also for EXR and other linear files."""

import os
import tempfile

import bpy

from . import records

WIDTH = 480
QUALITY = 85

# Order matters when they are put back: the type decides which formats, the format which modes and depths exist.
_SETTINGS = ("media_type", "file_format", "color_mode", "color_depth", "quality")


class jpeg_settings:
    """While it is entered, the scene writes JPEG files, one view of them; afterwards all is as before."""

    def __init__(self, scene):
        self._render = scene.render
        self._before = {}
        self._multiview = scene.render.use_multiview

    def __enter__(self):
        settings = self._render.image_settings
        self._before = {name: getattr(settings, name) for name in _SETTINGS if hasattr(settings, name)}
        if hasattr(settings, "media_type"):
            settings.media_type = "IMAGE"
        settings.file_format = "JPEG"
        settings.color_mode = "RGB"
        settings.quality = QUALITY
        if self._multiview:
            self._render.use_multiview = False

    def __exit__(self, *_):
        for name, value in self._before.items():
            setattr(self._render.image_settings, name, value)
        if self._multiview:
            self._render.use_multiview = True


def make(scene, path):
    """Writes the thumbnail of the render result in memory to `path`. Raises what Blender raises."""
    result = next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)
    if result is None:
        raise RuntimeError("there is no render result")
    with tempfile.TemporaryDirectory(prefix="tablao-") as folder:
        full = os.path.join(folder, "full.jpg")
        with jpeg_settings(scene):
            result.save_render(full, scene=scene)
        shrink(full, WIDTH)
        records.put_file(full, path)


def shrink(path, width):
    """Makes the JPEG in `path` at most `width` pixels wide, in place."""
    image = bpy.data.images.load(path)
    try:
        if image.size[0] > width:
            image.scale(width, max(1, round(image.size[1] * width / image.size[0])))
            image.save()
    finally:
        bpy.data.images.remove(image)
