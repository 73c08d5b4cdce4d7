"""A scene with all that a farm must know of besides the settings, and what Blender says of it: who shows which image,
scripts, simulations, File Output nodes."""

import bpy

SIMPLE_DRIVERS = ("frame * 0.1", "max(size, 2) if frame > 3 else pi", "clamp(sin(frame), 0, size)")
PYTHON_DRIVERS = ("noise.random()", "frame ** 2", "frame // 2", "len('ab')")
PHYSICS_WITH_STEPS = ("NEWTON", "BOIDS", "FLUID")


def make_needs():
    scene = bpy.context.scene
    scene.name = "Needs"
    make_settings(scene)
    make_scripts(scene)
    make_shown_images(scene)
    make_output_nodes(scene)
    make_strips(scene)
    make_physics(scene)


def make_settings(scene):
    """Settings that other scenes leave as they are."""
    render = scene.render
    render.engine = "CYCLES"
    scene.cycles.samples = 300
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.adaptive_threshold = 0.25
    scene.cycles.time_limit = 12.5
    scene.cycles.use_layer_samples = "BOUNDED"
    scene.view_layers[0].samples = 7
    render.pixel_aspect_x = 1.5
    render.use_border = True
    render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y = 0.25, 0.75, 0.125, 1.0
    render.use_crop_to_border = True
    render.use_placeholder = True
    render.use_file_extension = False
    if hasattr(render, "save_output"):
        render.save_output = False
    render.image_settings.file_format = "JPEG"
    render.image_settings.quality = 61
    render.image_settings.color_mode = "BW"


def make_scripts(scene):
    startup = bpy.data.texts.new("startup.py")
    startup.write("print('hello')\n")
    startup.use_module = True
    bpy.data.texts.new("notes").use_fake_user = True
    for index, expression in enumerate(SIMPLE_DRIVERS + PYTHON_DRIVERS):
        driven = bpy.data.objects.new(f"Driven {index}", None)
        scene.collection.objects.link(driven)
        driver = driven.driver_add("location", 0).driver
        driver.type = "SCRIPTED"
        driver.variables.new().name = "size"
        driver.expression = expression
    averaged = bpy.data.objects["Driven 0"].driver_add("location", 1).driver
    averaged.type = "AVERAGE"


def new_image(name, source, path):
    image = bpy.data.images.new(name, 8, 8, tiled=source == "TILED")
    image.source = source
    image.filepath = path
    image.use_fake_user = True
    return image


def make_shown_images(scene):
    material = bpy.data.materials.new("Shown")
    material.use_fake_user = True
    material.use_nodes = True
    nodes = material.node_tree.nodes
    fire = new_image("Fire", "SEQUENCE", "//fire/f_0010.png")
    for start, frames, offset, cyclic in ((1, 5, 9, False), (1, 5, 9, False), (-3, 40, 0, True)):
        node = nodes.new("ShaderNodeTexImage")
        node.image = fire
        user = node.image_user
        user.frame_start, user.frame_duration, user.frame_offset, user.use_cyclic = start, frames, offset, cyclic
    nodes.new("ShaderNodeTexEnvironment").image = new_image("Sky", "SEQUENCE", "//sky_01.exr")
    tiles = new_image("Tiles", "TILED", "//skin.<UDIM>.png")
    for number in (1002, 1011):
        tiles.tiles.new(number)
    nodes.new("ShaderNodeTexImage").image = tiles
    texture = bpy.data.textures.new("Old", "IMAGE")
    texture.use_fake_user = True
    texture.image = new_image("Cloud", "SEQUENCE", "//cloud_001.png")
    texture.image_user.frame_duration = 12
    new_image("Nowhere", "SEQUENCE", "//nowhere_01.png")
    backdrop = bpy.data.objects.new("Backdrop", None)
    backdrop.empty_display_type = "IMAGE"
    backdrop.data = new_image("Only in viewports", "FILE", "//backdrop.png")
    scene.collection.objects.link(backdrop)
    smoke = bpy.data.volumes.new("Smoke")
    smoke.use_fake_user = True
    smoke.filepath = "//smoke/s_0001.vdb"
    smoke.is_sequence = True
    smoke.frame_start, smoke.frame_duration, smoke.frame_offset, smoke.sequence_mode = 5, 20, 2, "PING_PONG"


def compositor_of(scene):
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def make_output_nodes(scene):
    if hasattr(scene, "compositing_node_group"):
        scene.compositing_node_group = bpy.data.node_groups.new("Comp", "CompositorNodeTree")
    else:
        scene.use_nodes = True
    tree = compositor_of(scene)
    picture = tree.nodes.new("CompositorNodeImage")
    picture.image = bpy.data.images["Fire"]
    picture.frame_duration, picture.frame_offset = 3, 1
    passes = tree.nodes.new("CompositorNodeOutputFile")
    layers = tree.nodes.new("CompositorNodeOutputFile")
    passes.name, layers.name = "Passes", "Layers"
    layers.mute = True
    if hasattr(passes, "file_output_items"):
        passes.format.media_type = "IMAGE"
        passes.directory, passes.file_name = "//passes\\", "p_"
        layers.directory, layers.file_name = "//layers/", "all"
        for node, names in ((passes, ("left", "right")), (layers, ("front", "back"))):
            for name in names:
                node.file_output_items.new("RGBA", name)
    else:
        passes.base_path, layers.base_path = "//passes\\", "//layers/all"
        passes.file_slots[0].path = "left"
        passes.file_slots.new("right")
    passes.format.file_format = "PNG"
    if not hasattr(layers, "file_output_items"):
        layers.format.file_format = "OPEN_EXR_MULTILAYER"
        layers.layer_slots[0].name = "front"
        layers.layer_slots.new("back")


def make_strips(scene):
    scene.sequence_editor_create()
    editor = scene.sequence_editor
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    for name, start, changes in (
        ("Long", 10, {"frame_offset_start": 1, "frame_offset_end": -4}),
        ("Muted", 1, {"mute": True}),
        ("Backwards", 30, {"use_reverse_frames": True}),
        ("Trimmed", 50, {"animation_offset_start": 1}),
    ):
        strip = strips.new_image(name, f"//{name}/0.png", len(strips) + 1, start)
        for number in range(1, 4):
            strip.elements.append(f"{number}.png")
        for key, value in changes.items():
            setattr(strip, key, value)


def new_thing(scene, name):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 1)], [], [(0, 1, 2), (1, 3, 2)])
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    return thing


def make_physics(scene):
    scene.frame_end = 4
    new_thing(scene, "Cloth").modifiers.new("Cloth", "CLOTH").point_cache.use_disk_cache = True
    baked = new_thing(scene, "Baked").modifiers.new("Cloth", "CLOTH")
    baked.point_cache.frame_end = 3
    with_override(baked.point_cache, lambda: bpy.ops.ptcache.bake(bake=True))
    hidden = new_thing(scene, "Not rendered").modifiers.new("Cloth", "CLOTH")
    hidden.show_render = False
    new_thing(scene, "Jelly").modifiers.new("Soft", "SOFT_BODY")
    for name, kind, physics in (("Sparks", "EMITTER", "NEWTON"), ("Hair", "HAIR", "NEWTON"), ("Fixed", "EMITTER", "NO")):
        thing = new_thing(scene, name)
        thing.modifiers.new(name, "PARTICLE_SYSTEM")
        settings = thing.particle_systems[0].settings
        settings.type, settings.physics_type = kind, physics
    bpy.data.objects["Hair"].particle_systems[0].use_hair_dynamics = True
    if bpy.app.version[:2] != (4, 3):
        # Debian's 4.3 aborts when it evaluates one.
        make_fluid(scene)
    make_rigid_body(scene)
    if bpy.app.version >= (3, 6, 0):
        make_zone(scene)


def make_fluid(scene):
    domain = new_thing(scene, "Water").modifiers.new("Fluid", "FLUID")
    domain.fluid_type = "DOMAIN"
    domain.domain_settings.cache_directory = "//cache\\fluid"
    new_thing(scene, "Inflow").modifiers.new("Fluid", "FLUID").fluid_type = "FLOW"


def with_override(cache, work):
    with bpy.context.temp_override(point_cache=cache):
        work()


def make_rigid_body(scene):
    thing = new_thing(scene, "Brick")
    with bpy.context.temp_override(object=thing, active_object=thing, selected_objects=[thing]):
        bpy.ops.rigidbody.world_add()
        bpy.ops.rigidbody.object_add()


def make_zone(scene):
    inner = bpy.data.node_groups.new("Inner", "GeometryNodeTree")
    start = inner.nodes.new("GeometryNodeSimulationInput")
    start.pair_with_output(inner.nodes.new("GeometryNodeSimulationOutput"))
    outer = bpy.data.node_groups.new("Outer", "GeometryNodeTree")
    outer.nodes.new("GeometryNodeGroup").node_tree = inner
    plain = bpy.data.node_groups.new("Plain", "GeometryNodeTree")
    new_thing(scene, "Zone").modifiers.new("Zone", "NODES").node_group = outer
    new_thing(scene, "No zone").modifiers.new("Nodes", "NODES").node_group = plain


# What Blender says


def all_trees():
    for tree in bpy.data.node_groups:
        yield tree
    for data in (*bpy.data.materials, *bpy.data.worlds, *bpy.data.lights):
        if data.node_tree:
            yield data.node_tree
    for scene in bpy.data.scenes:
        if not hasattr(scene, "compositing_node_group") and scene.node_tree:
            yield scene.node_tree


def shown(image):
    """What is said of who shows it: nothing, or each way."""
    users = [node for tree in all_trees() for node in tree.nodes if getattr(node, "image", None) == image]
    users += [texture for texture in bpy.data.textures if getattr(texture, "image", None) == image]
    if image.source != "SEQUENCE":
        return {} if users else {"shown": []}
    ways = []
    for user in users:
        settings = getattr(user, "image_user", user)
        way = {
            "start": settings.frame_start,
            "frames": settings.frame_duration,
            "offset": settings.frame_offset,
            "mode": "repeat" if settings.use_cyclic else "extend",
        }
        if way not in ways:
            ways.append(way)
    return {"shown": sorted(ways, key=str)}


def volume_facts(volume):
    if not volume.is_sequence:
        return {"source": "file"}
    modes = {"CLIP": "clip", "EXTEND": "extend", "REPEAT": "repeat", "PING_PONG": "pingPong"}
    way = {
        "start": volume.frame_start,
        "frames": volume.frame_duration,
        "offset": volume.frame_offset,
        "mode": modes[volume.sequence_mode],
    }
    return {"source": "sequence", "shown": [way]}


def scripts_of():
    drivers = []
    for data in bpy.data.user_map():
        curves = data.animation_data.drivers if getattr(data, "animation_data", None) else ()
        for driver in [curve.driver for curve in curves] if data.library is None else ():
            if driver.type == "SCRIPTED":
                simple = driver.is_simple_expression
                drivers.append({"owner": data.name, "expression": driver.expression, "isSimple": simple})
    return {"runAtLoad": [text.name for text in bpy.data.texts if text.use_module and text.library is None], "drivers": drivers}


def simulations_of():
    found = []
    for thing in bpy.data.objects:
        if thing.library:
            continue
        for modifier in thing.modifiers:
            if modifier.show_render:
                found += modifier_simulations(thing, modifier)
    for scene in bpy.data.scenes:
        world = scene.rigidbody_world
        if world and world.enabled and world.collection:
            found.append(simulation("rigidBody", scene, world.point_cache))
    return found


def modifier_simulations(thing, modifier):
    if modifier.type == "CLOTH":
        return [simulation("cloth", thing, modifier.point_cache)]
    if modifier.type == "SOFT_BODY":
        return [simulation("softBody", thing, modifier.point_cache)]
    if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
        domain = modifier.domain_settings
        frames = {"start": domain.cache_frame_start, "end": domain.cache_frame_end}
        baked = domain.has_cache_baked_data
        return [{"kind": "fluid", "owner": thing.name, "isBaked": baked, "isOnDisk": True, "frames": frames}]
    if modifier.type == "PARTICLE_SYSTEM":
        return particle_simulations(thing, modifier.particle_system)
    if modifier.type == "NODES" and has_zone(modifier.node_group):
        return [
            {"kind": "simulationZone", "owner": thing.name, "isBaked": None, "isOnDisk": True, "frames": None}
        ]
    return []


def particle_simulations(thing, system):
    if system.settings.type == "HAIR":
        return [simulation("hair", thing, system.cloth.point_cache)] if system.use_hair_dynamics else []
    if system.settings.physics_type in PHYSICS_WITH_STEPS:
        return [simulation("particles", thing, system.point_cache)]
    return []


def has_zone(tree):
    kinds = [node.bl_idname for node in tree.nodes]
    groups = [node.node_tree for node in tree.nodes if node.bl_idname == "GeometryNodeGroup"]
    return "GeometryNodeSimulationOutput" in kinds or any(has_zone(group) for group in groups)


def simulation(kind, owner, cache):
    return {
        "kind": kind,
        "owner": owner.name,
        "isBaked": cache.is_baked or cache.use_external,
        "isOnDisk": cache.use_disk_cache or cache.use_external,
        "frames": {"start": cache.frame_start, "end": cache.frame_end},
    }


def output_nodes_of():
    """Of the scenes' own compositors first, then of groups that are no scene's."""
    trees = [(scene.name, compositor_of(scene)) for scene in bpy.data.scenes if compositor_of(scene)]
    own = [tree for _, tree in trees]
    groups = [tree for tree in bpy.data.node_groups if tree.bl_idname == "CompositorNodeTree" and not tree.library]
    trees += [(None, tree) for tree in groups if tree not in own]
    return [
        {"scene": scene, "tree": tree.name if tree in groups else None, **output_node(node)}
        for scene, tree in trees
        for node in tree.nodes
        if node.bl_idname == "CompositorNodeOutputFile"
    ]


def output_node(node):
    is_new = hasattr(node, "file_output_items")
    layered = node.format.file_format == "OPEN_EXR_MULTILAYER"
    if is_new:
        names = [item.name for item in node.file_output_items]
    else:
        names = [slot.name for slot in node.layer_slots] if layered else [slot.path for slot in node.file_slots]
    return {
        "node": node.name,
        "isMuted": node.mute,
        "basePath": (node.directory if is_new else node.base_path).replace("\\", "/"),
        "fileName": node.file_name if is_new else None,
        "fileFormat": node.format.file_format,
        "names": names,
    }
