"""Makes the large .blend files of the benchmark.

    blender --background --factory-startup --python make_large.py -- FOLDER KIND

KIND: pictures (about a GB packed, all of one size), uneven (the same, each of another size), meshes (half a GB of
arrays), objects (60,000 small ones), small. All but the last are also saved compressed.
"""

import os
import random
import struct
import sys

import bpy

FOLDER, KIND = sys.argv[sys.argv.index("--") + 1 :]
MIB = 1024 * 1024


def picture(path, rows):
    """A BMP of noise, 4096 pixels wide: it packs as it is and compresses not at all."""
    size = 4096 * 3 * rows
    head = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + size, 0, 0, 54, 40, 4096, rows, 1, 24, 0, size, 0, 0, 0, 0)
    with open(path, "wb") as out:
        out.write(head + os.urandom(size))


def pack_pictures(sizes):
    for index, rows in enumerate(sizes):
        path = os.path.join(FOLDER, "noise.bmp")
        picture(path, rows)
        image = bpy.data.images.load(path)
        image.name = f"Noise {index}"
        image.use_fake_user = True
        image.pack()
        os.remove(path)


def make_meshes():
    for index in range(24):
        side = 400 + 10 * (index % 5)
        verts = [(x * 0.01, y * 0.01, random.random()) for y in range(side) for x in range(side)]
        faces = [
            (y * side + x, y * side + x + 1, (y + 1) * side + x + 1, (y + 1) * side + x)
            for y in range(side - 1)
            for x in range(side - 1)
        ]
        mesh = bpy.data.meshes.new(f"Ground {index}")
        mesh.from_pydata(verts, [], faces)
        mesh.uv_layers.new()
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(mesh.name, mesh))


def make_objects():
    mesh = bpy.data.meshes.new("Pebble")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    for index in range(60_000):
        thing = bpy.data.objects.new(f"Pebble {index}", mesh.copy() if index % 4 == 0 else mesh)
        thing["weight"] = index
        bpy.context.scene.collection.objects.link(thing)


def refer():
    """Something to find at the far end of the file."""
    image = bpy.data.images.new("Wood", 8, 8)
    image.source = "FILE"
    image.filepath = "//textures/wood.png"
    image.use_fake_user = True
    bpy.data.volumes.new("Smoke").filepath = "//smoke.vdb"
    bpy.data.volumes["Smoke"].use_fake_user = True


if KIND == "pictures":
    pack_pictures([1250] * 64)
elif KIND == "uneven":
    random.seed(5)
    pack_pictures([random.randint(700, 1800) for _ in range(64)])
elif KIND == "meshes":
    make_meshes()
elif KIND == "objects":
    make_objects()
refer()
bpy.context.preferences.filepaths.save_version = 0
for compress in (False, True) if KIND != "small" else (False,):
    name = f"{KIND}-zstd" if compress else KIND
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FOLDER, f"{name}.blend"), compress=compress)
