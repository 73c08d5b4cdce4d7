"""Makes the sample scene: a dancer who turns once on a small lit stage, in 24 frames.

    blender --background --factory-startup --python make_sample.py -- tablao.blend

Cycles on the processor, about a second a frame; no external file, no script, no denoiser; the same picture each time.
"""

import math
import random
import sys

import bpy

FRAMES = 24
FILL = 0.16
EMISSION = "Emission Color" if bpy.app.version >= (4, 0, 0) else "Emission"
TURN = 2 * math.pi

# One palette for all: night, wine, coral, gold, cream.
NIGHT = (0.012, 0.010, 0.035)
PLUM = (0.060, 0.012, 0.060)
WINE = (0.34, 0.008, 0.030)
SCARLET = (0.72, 0.020, 0.035)
CORAL = (0.90, 0.120, 0.065)
GOLD = (0.95, 0.420, 0.075)
CREAM = (0.92, 0.720, 0.500)
SKIN = (0.62, 0.280, 0.150)
INK = (0.014, 0.008, 0.014)
WOOD = (0.26, 0.085, 0.028)


def light_nothing(made):
    """What shines is seen, and no light for other things: hundreds of faint lamps would only add noise."""
    if hasattr(made.cycles, "emission_sampling"):
        made.cycles.emission_sampling = "NONE"
    else:
        made.cycles.sample_as_light = False


def material(name, color, roughness=0.55):
    """A plain matte material; its node tree is returned beside it to be built upon."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*color, 1)
    shader.inputs["Roughness"].default_value = roughness
    # A little light of its own stands for all that bounces about: free of noise, and paths end at once.
    shader.inputs[EMISSION].default_value = (*color, 1)
    shader.inputs["Emission Strength"].default_value = FILL
    made.diffuse_color = (*color, 1)
    light_nothing(made)
    return made


def glow(name, color, strength):
    """A material that only shines."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes = made.node_tree.nodes
    nodes.clear()
    emission = nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = (*color, 1)
    emission.inputs["Strength"].default_value = strength
    output = nodes.new("ShaderNodeOutputMaterial")
    made.node_tree.links.new(emission.outputs[0], output.inputs["Surface"])
    light_nothing(made)
    return made


def math_node(tree, operation, first, second=None):
    """A math node whose inputs are sockets or numbers."""
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = operation
    for slot, value in enumerate((first, second)):
        if isinstance(value, (int, float)):
            node.inputs[slot].default_value = value
        elif value is not None:
            tree.links.new(value, node.inputs[slot])
    return node.outputs[0]


def mix_colors(tree, factor, first, second):
    """Mixes two colours by a socket; the nodes for it differ between versions, a ramp does not."""
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].color = (*first, 1)
    ramp.color_ramp.elements[1].color = (*second, 1)
    tree.links.new(factor, ramp.inputs["Fac"])
    return ramp.outputs["Color"]


def color_from(made, socket):
    """Takes the material's colour from a socket."""
    shader = made.node_tree.nodes["Principled BSDF"]
    made.node_tree.links.new(socket, shader.inputs["Base Color"])
    made.node_tree.links.new(socket, shader.inputs[EMISSION])


def polka_dots(name, ground, dots, around, rows, radius):
    """Lunares: dots in a staggered grid over the UV map, `around` of them in a round."""
    made = material(name, ground)
    tree = made.node_tree
    uv = tree.nodes.new("ShaderNodeUVMap")
    split = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(uv.outputs[0], split.inputs[0])
    row = math_node(tree, "MULTIPLY", split.outputs["Y"], rows)
    stagger = math_node(tree, "MULTIPLY", math_node(tree, "FLOOR", row), 0.5)
    column = math_node(tree, "ADD", math_node(tree, "MULTIPLY", split.outputs["X"], around), stagger)
    x = math_node(tree, "SUBTRACT", math_node(tree, "FRACT", column), 0.5)
    y = math_node(tree, "SUBTRACT", math_node(tree, "FRACT", row), 0.5)
    distance = math_node(tree, "SQRT", math_node(
        tree, "ADD", math_node(tree, "MULTIPLY", x, x), math_node(tree, "MULTIPLY", y, y)))
    inside = math_node(tree, "LESS_THAN", distance, radius)
    color_from(made, mix_colors(tree, inside, ground, dots))
    return made


def planks(name):
    """Floor boards: each its own shade of wood."""
    made = material(name, WOOD, 0.32)
    tree = made.node_tree
    place = tree.nodes.new("ShaderNodeTexCoord")
    split = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(place.outputs["Object"], split.inputs[0])
    board = math_node(tree, "MULTIPLY", split.outputs["X"], 3.4)
    noise = tree.nodes.new("ShaderNodeTexWhiteNoise")
    noise.noise_dimensions = "1D"
    tree.links.new(math_node(tree, "FLOOR", board), noise.inputs["W"])
    gap = math_node(tree, "LESS_THAN", math_node(tree, "FRACT", board), 0.045)
    shade = math_node(tree, "MULTIPLY", noise.outputs["Value"], math_node(tree, "SUBTRACT", 1.0, gap))
    color_from(made, mix_colors(tree, shade, (0.09, 0.026, 0.012), (0.40, 0.150, 0.050)))
    return made


def pleated(name, color):
    """The paper of the great fan: it glows from its middle, and each pleat shades its other side."""
    made = material(name, color, 0.7)
    tree = made.node_tree
    split = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(tree.nodes.new("ShaderNodeNewGeometry").outputs["Normal"], split.inputs[0])
    along = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(tree.nodes.new("ShaderNodeUVMap").outputs[0], along.inputs[0])
    side = math_node(tree, "ADD", math_node(tree, "MULTIPLY", split.outputs["X"], 0.34), 0.50)
    middle = math_node(tree, "SUBTRACT", 1.25, math_node(tree, "MULTIPLY", along.outputs["Y"], 0.65))
    strength = math_node(tree, "MULTIPLY", side, middle)
    tree.links.new(strength, tree.nodes["Principled BSDF"].inputs["Emission Strength"])
    return made


def beam_material(name, color, strength):
    """Light in dusty air: brightest at the lamp, gone at the floor. UV y runs down the beam."""
    made = glow(name, color, strength)
    tree = made.node_tree
    uv = tree.nodes.new("ShaderNodeUVMap")
    split = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(uv.outputs[0], split.inputs[0])
    left = math_node(tree, "SUBTRACT", 1.0, split.outputs["Y"])
    facing = tree.nodes.new("ShaderNodeLayerWeight")
    edge = math_node(tree, "SUBTRACT", 1.0, facing.outputs["Facing"])
    fade = math_node(tree, "MULTIPLY", math_node(tree, "POWER", left, 1.6), math_node(tree, "POWER", edge, 2.0))
    clear = tree.nodes.new("ShaderNodeBsdfTransparent")
    add = tree.nodes.new("ShaderNodeAddShader")
    emission = tree.nodes["Emission"]
    tree.links.new(math_node(tree, "MULTIPLY", fade, strength), emission.inputs["Strength"])
    tree.links.new(emission.outputs[0], add.inputs[0])
    tree.links.new(clear.outputs[0], add.inputs[1])
    tree.links.new(add.outputs[0], tree.nodes["Material Output"].inputs["Surface"])
    return made


def add_object(name, data, parent=None, location=(0, 0, 0), rotation=(0, 0, 0)):
    made = bpy.data.objects.new(name, data)
    made.location = location
    made.rotation_euler = rotation
    made.parent = parent
    bpy.context.scene.collection.objects.link(made)
    return made


def grid_mesh(name, point, columns, rows, materials, material_of=None, closed=True):
    """A smooth mesh from point(u, v) with u around and v along, both 0 to 1, and a UV map of u and v."""
    width = columns if closed else columns + 1
    vertices = [point(column / columns, row / rows) for row in range(rows + 1) for column in range(width)]
    faces, uvs, slots = [], [], []
    for row in range(rows):
        for column in range(columns):
            right = (column + 1) % width
            faces.append((row * width + column, row * width + right,
                          (row + 1) * width + right, (row + 1) * width + column))
            uvs += [(column / columns, row / rows), ((column + 1) / columns, row / rows),
                    ((column + 1) / columns, (row + 1) / rows), (column / columns, (row + 1) / rows)]
            slots.append(material_of((row + 0.5) / rows) if material_of else 0)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    if any(node.type == "UVMAP" for entry in materials for node in entry.node_tree.nodes):
        layer = mesh.uv_layers.new(name="UVMap")
        for corner, uv in enumerate(uvs):
            layer.data[corner].uv = uv
    mesh.polygons.foreach_set("material_index", slots)
    mesh.polygons.foreach_set("use_smooth", [True] * len(faces))
    for entry in materials:
        mesh.materials.append(entry)
    mesh.update()
    return mesh


def lathe(name, profile, made, segments=40):
    """A body of revolution from [(radius, height)]."""
    def point(u, v):
        at = v * (len(profile) - 1)
        low = min(int(at), len(profile) - 2)
        share = at - low
        radius = profile[low][0] * (1 - share) + profile[low + 1][0] * share
        height = profile[low][1] * (1 - share) + profile[low + 1][1] * share
        return radius * math.cos(u * TURN), radius * math.sin(u * TURN), height
    return grid_mesh(name, point, segments, len(profile) - 1, [made])


def ball(name, radius, made, segments=16):
    return lathe(name, [(max(radius * math.sin(math.pi * step / 8), 0.0005), -radius * math.cos(math.pi * step / 8))
                        for step in range(9)], made, segments)


def tube(name, points, radii, made, parent):
    """A soft limb through some points."""
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions = "3D"
    curve.bevel_depth = 1.0
    curve.bevel_resolution = 5
    curve.use_fill_caps = True
    line = curve.splines.new("NURBS")
    line.points.add(len(points) - 1)
    for slot, (place, radius) in enumerate(zip(points, radii)):
        line.points[slot].co = (*place, 1)
        line.points[slot].radius = radius
    line.use_endpoint_u = True
    line.order_u = 4
    curve.materials.append(made)
    return add_object(name, curve, parent)


def flounce(name, top, hem, height, drop, folds, depth, phase, materials, parent):
    """One tier of the skirt: smooth where it is sewn on, deep folds and an uneven swing at its hem."""
    def point(u, v):
        angle = u * TURN
        open_ = v ** 1.5
        ripple = math.sin(folds * angle + phase) + 0.45 * math.sin((2 * folds - 1) * angle + 2 * phase)
        radius = top + (hem - top) * (v ** 0.8) + depth * open_ * ripple
        swing = 0.16 * open_ * math.sin(angle + 0.6) * hem
        twist = angle - 0.35 * v
        return (radius * math.cos(twist), radius * math.sin(twist),
                height - drop * v + swing + 0.30 * depth * open_ * math.cos(folds * angle + phase))
    mesh = grid_mesh(name, point, 84, 8, materials, lambda v: 1 if v > 0.87 else 0)
    return add_object(name, mesh, parent)


def fan_mesh(name, inner, outer, spread, ribs, leaf, band, rib_material):
    """A folded fan in the xz plane, open by `spread`, its leaf in zigzag pleats."""
    pleat = 0.045 * outer

    def point(u, v):
        fold = pleat * (1 if round(u * ribs * 2) % 2 else -1) * (0.35 + 0.65 * v)
        radius = inner + (outer - inner) * v
        if v == 1:
            radius += 0.028 * outer * (1 if round(u * ribs * 2) % 2 else -1)
        angle = math.pi / 2 + spread * (0.5 - u)
        return radius * math.cos(angle), fold, radius * math.sin(angle)
    mesh = grid_mesh(name, point, ribs * 2, 10, [leaf, band, rib_material],
                     lambda v: 2 if v < 0.1 else (1 if v > 0.9 or 0.68 < v < 0.74 else 0), closed=False)
    mesh.polygons.foreach_set("use_smooth", [False] * len(mesh.polygons))
    return mesh


def key(owner, path, frame, value, index=-1):
    """One keyframe, straight lines between them."""
    if index >= 0:
        getattr(owner, path)[index] = value
    else:
        setattr(owner, path, value)
    owner.keyframe_insert(path, index=index, frame=frame)


def make_linear():
    """Even speed: the turn must not slow down at the ends of the clip."""
    for action in bpy.data.actions:
        for curve in fcurves_of(action):
            for point in curve.keyframe_points:
                point.interpolation = "LINEAR"


def fcurves_of(action):
    """All curves of an action; from Blender 4.4 on they stand in layers."""
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [curve for layer in action.layers for strip in layer.strips for bag in strip.channelbags
            for curve in bag.fcurves]


def build_dancer():
    dancer = add_object("Dancer", None, location=(0, 0, 0.02))
    trim = material("Trim", CREAM)
    deep = material("Underskirt", WINE)
    skirt = add_object("Skirt", None, dancer)
    flounce("Skirt 4", 0.50, 1.36, 0.72, 0.54, 6, 0.105, 0.0, [deep, trim], skirt)
    flounce("Skirt 3", 0.42, 1.20, 0.95, 0.50, 6, 0.090, 0.5, [polka_dots("Lunares 3", SCARLET, CREAM, 26, 3, 0.24), trim], skirt)
    flounce("Skirt 2", 0.30, 0.98, 1.17, 0.46, 6, 0.070, 1.0, [deep, trim], skirt)
    flounce("Skirt 1", 0.17, 0.70, 1.37, 0.42, 6, 0.050, 1.5, [polka_dots("Lunares 1", SCARLET, CREAM, 15, 3, 0.24), trim], skirt)

    bodice = lathe("Bodice", [(0.17, 1.33), (0.150, 1.40), (0.155, 1.50), (0.19, 1.64), (0.205, 1.74), (0.185, 1.83),
                              (0.12, 1.90), (0.07, 1.93)], polka_dots("Lunares bodice", SCARLET, CREAM, 11, 6, 0.22))
    add_object("Bodice", bodice, dancer).scale = (1, 0.78, 1)
    skin = material("Skin", SKIN, 0.45)
    hair = material("Hair", INK, 0.30)
    flower = material("Flower", CORAL)
    add_object("Neck", lathe("Neck", [(0.075, 1.88), (0.055, 1.95), (0.052, 2.06)], skin), dancer)
    head = add_object("Head", None, dancer, (0, 0.01, 2.16), (math.radians(-8), math.radians(10), 0))
    add_object("Face", ball("Face", 0.13, skin), head).scale = (0.86, 0.92, 1.12)
    add_object("Hair", ball("Hair", 0.137, hair), head, (0, 0.030, 0.030)).scale = (0.93, 0.95, 1.02)
    add_object("Bun", ball("Bun", 0.075, hair), head, (0, 0.155, 0.02))
    petal_mesh = ball("Flower", 0.036, flower, 8)
    for petal in range(5):
        angle = petal * TURN / 5
        add_object("Flower %d" % petal, petal_mesh, head,
                   (0.105, 0.062 + 0.034 * math.cos(angle), 0.085 + 0.034 * math.sin(angle)))

    tube("Arm up", [(0.17, 0, 1.80), (0.36, -0.03, 1.86), (0.50, -0.06, 2.12), (0.40, -0.08, 2.42), (0.20, -0.06, 2.60)],
         [0.066, 0.056, 0.050, 0.042, 0.030], skin, dancer)
    tube("Arm out", [(-0.17, 0, 1.80), (-0.36, 0.04, 1.74), (-0.62, -0.02, 1.66), (-0.78, -0.22, 1.80),
                     (-0.80, -0.34, 1.98)], [0.066, 0.056, 0.050, 0.042, 0.030], skin, dancer)
    small = fan_mesh("Hand fan", 0.05, 0.36, math.radians(150), 9, material("Hand fan leaf", CORAL),
                     material("Hand fan band", CREAM), material("Hand fan ribs", INK))
    fan = add_object("Hand fan", small, dancer, (-0.80, -0.36, 2.00), (math.radians(10), math.radians(-28), 0.3))

    key(dancer, "rotation_euler", 1, math.radians(18), 2)
    key(dancer, "rotation_euler", FRAMES + 1, math.radians(18) + TURN, 2)
    for frame, lift in ((1, 0.0), (7, 0.035), (13, 0.0), (19, 0.035), (25, 0.0)):
        key(dancer, "location", frame, 0.02 + lift, 2)
        key(skirt, "scale", frame, 1.0 + 2.2 * lift, 0)
        key(skirt, "scale", frame, 1.0 + 2.2 * lift, 1)
    for frame, tilt in ((1, -28), (5, -10), (9, -34), (13, -12), (17, -34), (21, -10), (25, -28)):
        key(fan, "rotation_euler", frame, math.radians(tilt), 1)


def build_stage():
    add_object("Stage", lathe("Stage", [(0.001, 0.0), (2.55, 0.0), (2.62, -0.03), (2.62, -0.30)], planks("Planks"), 72))
    add_object("Stage edge", lathe("Stage edge", [(2.64, -0.05), (2.66, -0.12), (2.64, -0.19)],
                                   material("Stage edge", GOLD, 0.35), 72))
    ground = lathe("Ground", [(0.001, -0.30), (14.0, -0.30)], material("Ground", PLUM, 0.5), 32)
    add_object("Ground", ground)
    wall = grid_mesh("Wall", lambda u, v: (9 * math.sin((u - 0.5) * 2.6), 5.6 * math.cos((u - 0.5) * 2.6) - 0.6,
                                           -0.3 + 7 * v), 48, 1, [material("Wall", (0.045, 0.014, 0.070), 0.9)], closed=False)
    add_object("Wall", wall)

    # The great fan behind her, in three layers that sway against each other.
    layers = (
        ("Fan back", 3.55, 3.20, 176, 22, WINE, GOLD, 0.0, 1.6),
        ("Fan middle", 2.75, 2.95, 168, 18, CORAL, CREAM, 0.5, -1.9),
        ("Fan front", 1.90, 2.70, 160, 13, GOLD, WINE, 1.0, 2.2),
    )
    for name, outer, depth, spread, ribs, leaf, band, _, sway in layers:
        mesh = fan_mesh(name, 0.22, outer, math.radians(spread), ribs, pleated(name + " leaf", leaf),
                        pleated(name + " band", band), material(name + " ribs", INK))
        fan = add_object(name, mesh, location=(0, depth, 0.10))
        for frame, share in ((1, 0), (7, 1), (13, 0), (19, -1), (25, 0)):
            key(fan, "rotation_euler", frame, math.radians(sway * share), 1)


def hide_from_light(thing):
    """For the camera only: a ray that happens to hit a bright bulb leaves a bright speck."""
    thing.visible_shadow = thing.visible_diffuse = thing.visible_glossy = False


def build_lamps():
    """Footlights round the stage and two strings of bulbs overhead, a wave of brightness running through them."""
    shades = []
    for phase in range(3):
        shade = glow("Bulb %d" % phase, (1.0, 0.60, 0.24), 1.7)
        strength = shade.node_tree.nodes["Emission"].inputs["Strength"]
        for frame in range(1, FRAMES + 2, 4):
            strength.default_value = 1.7 + 0.9 * math.cos(TURN * ((frame - 1) / 8 - phase / 3))
            strength.keyframe_insert("default_value", frame=frame)
        shades.append(shade)
    bulbs = [ball("Bulb %d" % phase, 0.040, shades[phase], 10) for phase in range(3)]
    for number in range(40):
        angle = TURN * number / 40
        hide_from_light(add_object("Footlight", bulbs[number % 3],
                                   location=(2.57 * math.cos(angle), 2.57 * math.sin(angle), 0.035)))
    wire = material("Wire", INK)
    for start, end, sag, count in (((-4.6, 1.2, 3.55), (0.4, 2.5, 4.15), 0.55, 15), ((-0.4, 2.5, 4.15), (4.6, 1.2, 3.55), 0.55, 15)):
        def hang(share, start=start, end=end, sag=sag):
            place = [a + (b - a) * share for a, b in zip(start, end)]
            place[2] -= sag * 4 * share * (1 - share)
            return place
        tube("Wire", [hang(step / 8) for step in range(9)], [0.008] * 9, wire, None)
        for number in range(count):
            x, y, z = hang((number + 0.5) / count)
            hide_from_light(add_object("Bulb", bulbs[number % 3], location=(x, y, z - 0.05)))


def build_petals():
    """Petals in the air of her turn."""
    chance = random.Random(7)
    swirl = add_object("Petals", None)

    def leaf(u, v):
        width = 0.05 * math.sin(math.pi * min(max(v, 0.02), 0.98))
        return (u - 0.5) * 2 * width, 0.05 * (v - 0.5) ** 2 * 4 - 0.4 * (u - 0.5) ** 2 * width, 0.13 * (v - 0.5)
    mesh = grid_mesh("Petal", leaf, 4, 6, [material("Petal", SCARLET)], closed=False)
    for number in range(26):
        angle = TURN * number / 26 + chance.uniform(-0.2, 0.2)
        radius, height = chance.uniform(1.25, 2.35), chance.uniform(0.35, 3.0)
        petal = add_object("Petal", mesh, swirl, (radius * math.cos(angle), radius * math.sin(angle), height),
                           [chance.uniform(0, TURN) for _ in range(3)])
        for frame, share in ((1, 0), (FRAMES + 1, 1)):
            key(petal, "location", frame, height - 0.22 * share, 2)
            key(petal, "rotation_euler", frame, petal.rotation_euler[0] + 2.0 * share, 0)
    key(swirl, "rotation_euler", 1, 0.0, 2)
    key(swirl, "rotation_euler", FRAMES + 1, math.radians(55), 2)


def add_light(name, kind, location, target, energy, color, **more):
    data = bpy.data.lights.new(name, kind)
    data.energy = energy
    data.color = color
    for entry, value in more.items():
        setattr(data, entry, value)
    made = add_object(name, data, location=location)
    aim(made, target)
    return made


def aim(thing, target):
    direction = [b - a for a, b in zip(thing.location, target)]
    from mathutils import Vector
    thing.rotation_euler = Vector(direction).to_track_quat("-Z", "Y").to_euler()


def build_lights():
    # Few and small: each more, and each soft shadow, wants more samples.
    add_light("Key", "SPOT", (-3.0, -4.6, 4.8), (0, 0, 1.15), 2600, (1.0, 0.80, 0.60),
              spot_size=math.radians(34), spot_blend=0.5, shadow_soft_size=0.05)
    add_light("Rim left", "SPOT", (-3.0, 2.2, 4.4), (0, 0, 1.2), 900, (1.0, 0.26, 0.38),
              spot_size=math.radians(44), spot_blend=0.6, shadow_soft_size=0.02)
    add_light("Rim right", "SPOT", (3.0, 2.2, 4.4), (0, 0, 1.2), 900, (0.46, 0.34, 1.0),
              spot_size=math.radians(44), spot_blend=0.6, shadow_soft_size=0.05)
    for name, x, color, strength in (("Beam left", -3.0, (1.0, 0.30, 0.34), 0.42), ("Beam right", 3.0, (0.50, 0.38, 1.0), 0.42)):
        def point(u, v, x=x):
            radius = 0.07 + 0.95 * v
            angle = u * TURN
            return x * (1 - v) + radius * math.cos(angle), 2.2 * (1 - v) + radius * math.sin(angle), 4.4 - 4.3 * v
        beam = add_object(name, grid_mesh(name, point, 48, 8, [beam_material(name, color, strength)]))
        hide_from_light(beam)


def build_camera():
    data = bpy.data.cameras.new("Camera")
    data.lens = 44
    camera = add_object("Camera", data, location=(0.0, -8.4, 2.25))
    aim(camera, (0, 0, 1.50))
    key(camera, "location", 1, -0.28, 0)
    key(camera, "location", FRAMES + 1, 0.28, 0)
    bpy.context.scene.camera = camera


def set_up(scene):
    scene.name = "Tablao"
    scene.frame_start, scene.frame_end = 1, FRAMES
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = 480, 270, 100
    render.fps = 24
    render.filepath = "//render/tablao_####"
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGB"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = 12
    cycles.filter_width = 1.8
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = False
    cycles.seed = 0
    cycles.use_animated_seed = False
    cycles.max_bounces = cycles.diffuse_bounces = cycles.glossy_bounces = 0
    cycles.transparent_max_bounces = 6
    cycles.caustics_reflective = cycles.caustics_refractive = False
    # Plain sRGB: the same colours in each version of Blender.
    scene.view_settings.view_transform = "Standard"
    world = bpy.data.worlds.new("Night")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (*NIGHT, 1)
    scene.world = world


def main():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    set_up(bpy.context.scene)
    for build in (build_stage, build_dancer, build_lamps, build_petals, build_lights, build_camera):
        build()
    make_linear()
    bpy.context.scene.frame_set(1)
    bpy.ops.wm.save_as_mainfile(filepath=sys.argv[sys.argv.index("--") + 1], compress=True, relative_remap=False)


main()
