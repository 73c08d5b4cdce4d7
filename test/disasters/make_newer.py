"""Makes shots that only newer Blenders know: blender -b --factory-startup --python make_newer.py -- FOLDER

Works in Blender 4.3 to 5.2. One function a shot, as in make_disasters.py and make_healthy.py.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bpy  # noqa: E402

import scene_parts as parts  # noqa: E402

shot = parts.one_project


def start(engine="CYCLES", frames=2):
    return parts.start_bare(engine, frames)


@shot
def plain(project):
    """Cycles, PNG"""
    start()
    project.save()


@shot
def denoised(project):
    """Cycles, denoised"""
    scene, _ = start()
    scene.cycles.use_denoising = True
    project.save()


@shot
def multilayer(project):
    """multi-layer OpenEXR with passes"""
    scene, _ = start()
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format = "OPEN_EXR_MULTILAYER"
    scene.view_layers[0].use_pass_z = scene.view_layers[0].use_pass_normal = True
    project.save()


@shot
def stereo(project):
    """Workbench, stereo, a file an eye"""
    scene, _ = start("BLENDER_WORKBENCH")
    scene.render.use_multiview = True
    scene.render.image_settings.views_format = "INDIVIDUAL"
    project.save()


@shot
def save_output_off(project):
    """saving is off: Blender alone renders and writes nothing"""
    scene, _ = start()
    if hasattr(scene.render, "save_output"):
        scene.render.save_output = False
    project.save()


@shot
def sculpted(project):
    """Workbench, a mesh whose sculpted shape stands in a file of its own"""
    start("BLENDER_WORKBENCH")
    parts.add_sculpted(project, "sculpt/rock.btx")
    project.save()


@shot
def sculpted_missing(project):
    """the same without that file"""
    sculpted(project)
    project.remove("sculpt")


@shot
def sculpted_no_more(project):
    """the modifier is removed again, and so is its file: the mesh knows the path still (5.2)"""
    start("BLENDER_WORKBENCH")
    parts.add_sculpted(project, "sculpt/rock.btx")
    for item in bpy.data.objects:
        item.modifiers.clear()
    project.save()
    project.remove("sculpt")


@shot
def simulation_zone(project):
    """a simulation zone that was not baked, in chunks"""
    _, cube = start("BLENDER_WORKBENCH", frames=6)
    tree = bpy.data.node_groups.new("Drift", "GeometryNodeTree")
    for in_out in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
    nodes = {name: tree.nodes.new(name) for name in (
        "NodeGroupInput", "GeometryNodeSimulationInput", "GeometryNodeSetPosition", "GeometryNodeSimulationOutput",
        "NodeGroupOutput")}
    enter, begin, move, end, leave = nodes.values()
    begin.pair_with_output(end)
    move.inputs["Offset"].default_value = (0, 0, 0.5)
    for source, target in ((enter, begin), (begin, move), (move, end), (end, leave)):
        outputs = [socket for socket in source.outputs if socket.type == "GEOMETRY"]
        inputs = [socket for socket in target.inputs if socket.type == "GEOMETRY"]
        tree.links.new(outputs[0], inputs[0])
    cube.modifiers.new("Drift", "NODES").node_group = tree
    project.save()


parts.make_projects()
