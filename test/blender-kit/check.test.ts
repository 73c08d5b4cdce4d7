import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkAll, makeShots, newDir, noBlender, plan, readRecord, run, runPython, zip } from './kit.ts';

/** Shots of make_check_shots.py and what the check says of each: `!` before what keeps it from being rendered. */
const SHOTS: Readonly<Record<string, readonly string[]>> = {
  clean: [],
  texture_shown: ['!missingImage'],
  texture_hidden_at_times: ['!missingImage'],
  texture_instanced: ['!missingImage'],
  texture_hidden: ['missingImage'],
  texture_excluded: ['missingImage'],
  texture_unlinked: ['missingImage'],
  texture_unused: ['missingImage'],
  texture_of_a_layer_that_is_off: ['missingImage'],
  texture_behind_a_sequence: ['missingImage'],
  texture_of_a_brush: ['missingImage'],
  texture_of_another_output: ['missingImage'],
  texture_of_a_modifier: ['!missingImage'],
  texture_of_a_modifier_that_is_off: ['missingImage'],
  texture_broken: ['!brokenImage'],
  texture_cut_png: ['!brokenImage'],
  texture_cut_jpeg: ['!brokenImage'],
  texture_cut_open_exr: ['!brokenImage'],
  texture_cut_tiff: ['!brokenImage'],
  texture_cut_bmp: ['!brokenImage'],
  texture_cut_jpeg2000: ['!brokenImage'],
  texture_cut_hdr: ['!brokenImage'],
  texture_cut_targa: ['!brokenImage'],
  texture_cut_targa_raw: ['!brokenImage'],
  texture_whole_png: [],
  texture_whole_jpeg: [],
  texture_whole_open_exr: [],
  texture_whole_tiff: [],
  texture_whole_bmp: [],
  texture_whole_jpeg2000: [],
  texture_whole_hdr: [],
  texture_whole_targa: [],
  texture_whole_targa_raw: [],
  texture_of_a_modifier_moves: ['!missingImage'],
  texture_of_a_phone: [],
  texture_from_below: [],
  texture_movie_broken: ['!brokenImage'],
  texture_packed: [],
  texture_packed_broken: ['!brokenImage'],
  texture_packed_cut: ['!brokenImage'],
  strip_broken: ['!brokenImage'],
  strip_scene: [],
  strip_scene_cut: ['!missingImage', '!missingImage', '!missingImage', '!missingImage'],
  strip_scene_played_backwards: [],
  strip_scene_without_camera: ['!noCamera'],
  strip_scene_with_camera_of_the_strip: [],
  strip_scene_without_layer: ['!noViewLayer'],
  strip_scene_muted: [],
  strip_scene_never_seen: [],
  strip_of_strips: [],
  strip_of_strips_cut: ['!missingStrip', '!missingStrip', '!missingStrip', '!missingStrip'],
  strip_trimmed: [],
  strip_trimmed_cut: ['!missingStrip', '!missingStrip', '!missingStrip', '!missingStrip'],
  strip_trimmed_and_reversed: [],
  strip_trimmed_and_reversed_cut: ['!missingStrip', '!missingStrip', '!missingStrip', '!missingStrip'],
  layers_of_another_scene: [],
  layers_without_camera: ['!noCamera'],
  layers_without_layer: ['!noViewLayer'],
  layers_with_noise: ['!noDenoiser'],
  layers_with_noise_unlinked: [],
  layers_that_fall: ['!unbaked'],
  layers_of_an_engine: ['!unknownEngine'],
  background_of_an_engine: [],
  background_without_texture: ['!missingImage'],
  background_that_falls: ['!unbaked'],
  layers_where_it_rains: [],
  layers_where_it_rains_on_a_roof: ['!unbaked'],
  background_where_it_rains: [],
  background_where_it_rains_on_a_roof: ['!unbaked'],
  strip_where_it_rains_on_a_roof: ['!unbaked'],
  font_shown: ['!missingFont'],
  font_hidden: ['missingFont'],
  font_broken: ['!brokenFile'],
  volume_shown: ['!missingCache'],
  volume_hidden: [],
  volume_sequence: [],
  volume_sequence_cut: ['!missingCache'],
  light_profile: ['!missingFile'],
  light_profile_broken: ['!brokenFile'],
  engine: ['!unknownEngine'],
  node_of_an_addon: ['!undefinedNode'],
  node_of_an_addon_unlinked: [],
  driver_simple: [],
  driver_script: ['!needsScripts'],
  driver_script_hidden: [],
  driver_muted: [],
  driver_of_a_lost_thing: ['brokenDriver'],
  driver_of_a_lost_property: ['brokenDriver'],
  driver_of_an_addons_property: ['!brokenDriver'],
  rig_panel: ['blockedScript'],
  rig_panel_broken: ['blockedScript'],
  cloth: ['!unbaked'],
  cloth_hidden: [],
  cloth_off: [],
  cloth_played: [],
  cloth_baked: [],
  soft_body: ['!unbaked'],
  rigid_body: ['!unbaked'],
  rigid_body_kinematic: [],
  rigid_body_kinematic_at_first: ['!unbaked'],
  rigid_body_not_dynamic: [],
  particles_falling: [],
  particles_of_a_moving_thing: [],
  particles_of_a_child: [],
  particles_of_a_constrained_thing: ['!unbaked'],
  particles_of_a_constrained_thing_at_rest: [],
  particles_of_a_thing_that_changes: ['!unbaked'],
  particles_thrown_ever_faster: ['!unbaked'],
  hair_of_a_constrained_thing: [],
  dynamic_paint: ['!unbaked'],
  particles_dragged: ['!unbaked'],
  hair: [],
  hair_dynamics: ['!unbaked'],
  views_without_cameras: ['!missingViewCamera', '!missingViewCamera'],
  views_with_cameras: [],
  colours: [],
  colours_unknown: ['!unknownViewTransform'],
  colours_of_another_scene: ['unknownViewTransform', 'unknownColorSpace'],
  colours_of_an_image: ['unknownViewTransform', '!unknownColorSpace'],
};

describe('the check of a shot, in a real Blender', { skip: noBlender() }, () => {
  let shots = '';
  let answers: Readonly<Record<string, readonly Finding[]>> = {};
  const dirs: string[] = [];

  before(() => {
    shots = makeShots('make_check_shots.py');
    answers = checkAll(shots, plan({ frames: '1-4' })) as typeof answers;
  });
  after(() => {
    for (const dir of [shots, ...dirs]) rmSync(dir, { recursive: true, force: true });
  });

  const folder = () => {
    const dir = newDir();
    dirs.push(dir);
    return dir;
  };
  const check = (name: string, overrides = {}, scripts = false) => {
    const renderDir = folder();
    const settings = plan({ frames: '1-4', ...overrides });
    const shot = join(shots, `${name}.blend`);
    const ended = run({ script: 'check.py', shot, renderDir, plan: settings, scripts });
    return { ...ended, findings: readRecord(renderDir, 'check').findings as Finding[] };
  };

  for (const [name, expected] of Object.entries(SHOTS)) {
    it(`says ${expected.length === 0 ? 'nothing' : expected.join(' ')} of ${name}`, () => {
      assert.deepEqual(answers[name]?.map(inShort), expected);
    });
  }

  it('knows the simulation zones of geometry nodes, where Blender has them', () => {
    assert.deepEqual(answers.zone?.map(inShort) ?? ['!unbaked'], ['!unbaked']);
    assert.deepEqual(answers.zone_that_begins_late?.map(inShort) ?? ['!unbaked'], ['!unbaked']);
    assert.deepEqual(answers.zone_at_rest ?? [], []);
    assert.deepEqual(answers.zone_that_heats?.map(inShort) ?? ['!unbaked'], ['!unbaked']);
    assert.deepEqual(answers.zone_that_heats_unseen ?? [], []);
  });

  it('wants the device that was asked for in scenes that strips show, too', () => {
    assert.deepEqual(check('strip_scene', { device: 'gpu' }).findings.map(inShort), ['!gpuMissing']);
  });

  it('looks behind a sequence that is muted, where Blender does', () => {
    assert.deepEqual(answers.texture_behind_muted_strips?.map(inShort) ?? ['!missingImage'], [
      '!missingImage',
    ]);
  });

  it('knows what geometry nodes import, where Blender has such nodes', () => {
    assert.deepEqual(answers.import_node?.map(inShort) ?? ['!missingFile'], ['!missingFile']);
    assert.deepEqual(answers.import_node_unlinked ?? [], []);
  });

  it('says that a worker takes its colours from elsewhere, whose names mean something else', () => {
    const colors = join(folder(), 'colors');
    const own = 'bpy.utils.system_resource("DATAFILES", path="colormanagement")';
    runPython(`import bpy, shutil; shutil.copytree(${own}, "${colors}")`);
    const config = join(colors, 'config.ocio');
    process.env.OCIO = config;
    try {
      assert.deepEqual(check('clean').findings, [], 'a copy of Blender’s own');
      // What is called Standard is Raw from now on.
      const changed = readFileSync(config, 'utf8').replace(/(name: Standard, colorspace: )\w+/, '$1Raw');
      writeFileSync(config, changed.replace(/^description:.*$/m, 'description: a studio’s'));
      const { findings } = check('clean');
      assert.deepEqual(findings.map(inShort), ['otherColors']);
      assert.ok(findings[0]?.message.includes(config));
    } finally {
      delete process.env.OCIO;
    }
  });

  it('asks nothing of a simulation when only its first frame is rendered', () => {
    assert.deepEqual(check('cloth', { frames: '1' }).findings, []);
  });

  it('renders no frame whose simulation is not baked, nor any that would lack an engine', () => {
    for (const [name, frame, code] of [
      ['cloth', 2, 'unbaked'],
      ['engine', 1, 'unknownEngine'],
    ] as const) {
      const renderDir = folder();
      const shot = join(shots, `${name}.blend`);
      run({ script: 'render.py', shot, renderDir, chunk: String(frame), plan: plan() });
      const { state, errorCode, files } = readRecord(renderDir, frame);
      assert.deepEqual([state, errorCode, files], ['failed', code, []]);
    }
  });

  it('names a driver that fails although scripts may run', () => {
    assert.deepEqual(check('driver_script', {}, true).findings.map(inShort), ['!brokenDriver']);
  });

  it('says what a script of the file raised when it was opened', () => {
    const { findings, output } = check('rig_panel_broken', {}, true);
    assert.deepEqual(findings.map(inShort), ['brokenScript'], output);
    assert.match(findings[0]?.message ?? '', /rig_ui\.py failed .*AttributeError: .*no_such_thing/);
  });

  it('enables add-ons of every kind where scripts may run, and names those that fail', () => {
    const addons = makeAddons(folder());
    const { findings, output } = check('engine', { addons }, true);
    for (const name of ['single', 'package', 'zipped', 'extension'])
      assert.match(output, new RegExp(`^enabled ${name}$`, 'm'));
    assert.deepEqual(findings.map(inShort), ['addonFailed'], output);
    assert.match(findings[0]?.message ?? '', /broken\.py.*no such luck/);
  });

  it('leaves add-ons alone where scripts are off, and says so', () => {
    const addons = makeAddons(folder());
    const { findings, output } = check('engine', { addons });
    assert.deepEqual(findings.map(inShort).sort(), ['!unknownEngine', 'addonsOff']);
    assert.doesNotMatch(output, /^enabled/m);
  });
});

interface Finding {
  readonly code: string;
  readonly level: 'error' | 'warning';
  readonly message: string;
}

function inShort({ code, level }: Finding): string {
  return level === 'error' ? `!${code}` : code;
}

/** A single file with the engine that the shot `engine` wants, a package, a zipped one, an extension, a broken one. */
function makeAddons(dir: string): string {
  const info = (name: string) =>
    `bl_info = {"name": "${name}", "blender": (3, 0, 0), "category": "Render"}\n`;
  const says = (name: string) =>
    `def register():\n    print("enabled ${name}")\n\ndef unregister():\n    pass\n`;
  const engine = `import bpy
class Engine(bpy.types.RenderEngine):
    bl_idname, bl_label = "TABLAO_TEST", "Test"
def register():
    bpy.utils.register_class(Engine)
    print("enabled single")
def unregister():
    bpy.utils.unregister_class(Engine)
`;
  writeFileSync(join(dir, 'single.py'), info('single') + engine);
  writeFileSync(join(dir, 'broken.py'), `${info('broken')}raise RuntimeError("no such luck")\n`);
  mkdirSync(join(dir, 'a_package'));
  writeFileSync(join(dir, 'a_package/__init__.py'), `from .part import *\n${info('package')}`);
  writeFileSync(join(dir, 'a_package/part.py'), says('package'));
  const unpacked = join(dir, '.unpacked');
  mkdirSync(join(unpacked, 'zipped-main'), { recursive: true });
  writeFileSync(join(unpacked, 'zipped-main/__init__.py'), info('zipped') + says('zipped'));
  zip(join(dir, 'zipped.zip'), unpacked);
  const extension = join(dir, '.extension');
  mkdirSync(extension);
  writeFileSync(join(extension, 'blender_manifest.toml'), 'schema_version = "1.0.0"\nid = "extension"\n');
  // Extensions ask for their preferences by the name of their package.
  const asks = 'import bpy\ndef register():\n    bpy.context.preferences.addons[__package__]\n';
  writeFileSync(
    join(extension, '__init__.py'),
    `${asks}    print("enabled extension")\ndef unregister():\n    pass\n`,
  );
  zip(join(dir, 'extension.zip'), extension);
  return dir;
}
