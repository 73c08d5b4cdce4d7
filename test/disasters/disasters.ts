/** When Tablao says it: before a farm is raised, after one worker's check, at the frame, or when the files are proved. */
export type When = 'before' | 'check' | 'frame' | 'proof';

/** What the service of a group of rows is given. Rows of one group share one service. */
export type Surroundings = 'plain' | 'scripts' | 'smallMemory' | 'smallDisk';

/** What Blender alone does with the shot. */
interface Alone {
  /** `null` = it never ends. */
  readonly exit: number | null;
  /** Pictures that it leaves, right or wrong. */
  readonly files: number;
  /** The line of its log that tells; `null` = not a word. */
  readonly says: RegExp | null;
  /** Options before and after the file, where `-a` is not what would be done. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

interface Said {
  readonly when: When;
  readonly state: 'waiting' | 'rejected' | 'failed' | 'incomplete';
  readonly code: string;
  /** What must be named in the message: the file, the frame, the thing. */
  readonly names: readonly RegExp[];
}

/** One row of the table. The scene is made by the function of that name in make_disasters.py. */
export interface Disaster {
  readonly name: string;
  readonly alone: Alone;
  readonly tablao: Said;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly surroundings?: Surroundings;
  /** Paths below the folder of the frames where something stands in the way. */
  readonly inTheWay?: readonly { readonly path: string; readonly as: 'file' | 'folder' }[];
  readonly blend?: string;
}

const SILENT: Alone = { exit: 0, files: 1, says: null };
const SILENT_2: Alone = { exit: 0, files: 2, says: null };
const SILENT_6: Alone = { exit: 0, files: 6, says: null };
/** A farm's share of the frames, as another machine gets it. */
const LAST_CHUNK: Alone = { exit: 0, files: 2, says: null, after: ['-s', '5', '-e', '6', '-a'] };

const missing = (...names: readonly RegExp[]): Said => ({
  when: 'before',
  state: 'waiting',
  code: 'missingFiles',
  names,
});
const rejected = (when: When, code: string, ...names: readonly RegExp[]): Said => ({
  when,
  state: 'rejected',
  code,
  names,
});
const failed = (...names: readonly RegExp[]): Said => ({
  when: 'frame',
  state: 'failed',
  code: 'framesFail',
  names,
});
const incomplete = (when: When, ...names: readonly RegExp[]): Said => ({
  when,
  state: 'incomplete',
  code: 'framesFail',
  names,
});

const CHUNKS = { chunkSize: 2 };
const SCRIPTS_ON = ['--enable-autoexec'];
const THREE_ALONE: Alone = { exit: 0, files: 3, says: null, before: SCRIPTS_ON };

export const DISASTERS: readonly Disaster[] = [
  { name: 'texture-missing', alone: SILENT, tablao: missing(/textures\/wood\.png/, /shot\.blend/) },
  {
    name: 'library-texture-missing',
    alone: SILENT,
    tablao: missing(/lib\/tex\/bark\.png/, /lib\/props\.blend/),
  },
  {
    name: 'library-missing',
    alone: { exit: 0, files: 1, says: /Cannot find lib .*props\.blend/ },
    tablao: missing(/lib\/props\.blend/, /shot\.blend/),
  },
  {
    name: 'library-of-library-missing',
    alone: { exit: 0, files: 1, says: /Cannot find lib .*bolt\.blend/ },
    tablao: missing(/lib\/bolt\.blend/),
  },
  { name: 'half-a-sequence', alone: SILENT_6, tablao: missing(/plate_0004\.png/) },
  { name: 'udim-tile-missing', alone: SILENT, tablao: missing(/skin\.1002\.png/) },
  { name: 'older-texture-elsewhere', alone: SILENT, tablao: missing(/textures\/wood\.png/) },
  {
    name: 'older-texture-uploaded',
    alone: SILENT,
    settings: {
      inputs: [{ path: 'older-texture-uploaded/textures/wood.png', size: 101, crc32c: 'yZRlqg==' }],
    },
    tablao: missing(/textures\/wood\.png/, /manifest/),
  },
  { name: 'absolute-path', alone: SILENT, tablao: missing(/\/home\/ana\/film\/textures\/wood\.png/) },
  { name: 'windows-path', alone: SILENT, tablao: missing(/D:.film.textures.wood\.png/) },
  { name: 'wrong-case', alone: SILENT, tablao: missing(/textures\/Wood\.png/, /textures\/wood\.PNG/) },
  {
    name: 'other-unicode-form',
    alone: SILENT,
    tablao: missing(/textures\/t\u00fcr\.png/, /textures\/tu\u0308r\.png/),
  },
  { name: 'outside-the-project', alone: SILENT, tablao: missing(/elsewhere\/wood\.png/) },
  {
    name: 'font-missing',
    alone: { exit: 0, files: 1, says: /Font file doesn't exist/ },
    tablao: missing(/fonts\/title\.ttf/),
  },
  { name: 'sound-missing', alone: SILENT, tablao: missing(/sound\/voice\.wav/) },
  { name: 'movie-strip-missing', alone: SILENT, tablao: missing(/plates\/plate\.mp4/) },
  {
    name: 'strip-picture-missing',
    alone: { exit: 0, files: 3, says: null },
    tablao: missing(/plates\/p_2\.png/),
  },
  { name: 'movie-clip-missing', alone: SILENT, tablao: missing(/plates\/plate\.mp4/) },
  { name: 'alembic-missing', alone: SILENT, tablao: missing(/cache\/cube\.abc/) },
  { name: 'alembic-layer-missing', alone: SILENT, tablao: missing(/^A file is missing: .*cache\/over\.abc/) },
  {
    name: 'multires-missing',
    alone: { exit: 0, files: 1, says: /Failed to read CDMLoop layer/ },
    tablao: missing(/sculpt\/rock\.btx/),
  },
  { name: 'vdb-missing', alone: SILENT, tablao: missing(/cache\/smoke\.vdb/) },
  { name: 'ies-missing', alone: SILENT, tablao: missing(/lights\/spot\.ies/) },
  { name: 'baked-cache-missing', alone: SILENT_6, tablao: missing(/blendcache_shot/) },

  {
    name: 'not-a-blend',
    alone: { exit: 1, files: 0, says: /File format is not supported/ },
    tablao: rejected('before', 'notABlend', /shot\.blend/),
  },
  {
    name: 'truncated-blend',
    alone: { exit: 1, files: 0, says: /Missing DNA block/ },
    tablao: rejected('before', 'truncated', /shot\.blend/),
  },
  {
    name: 'newer-file',
    alone: { exit: 1, files: 0, says: /not a blend file/ },
    tablao: { when: 'before', state: 'waiting', code: 'needsBlender', names: [/5\.2/, /3\.4/] },
  },
  {
    name: 'broken-texture',
    alone: { exit: 0, files: 1, says: /libpng error/ },
    tablao: rejected('check', 'brokenImage', /textures\/wood\.png/),
  },
  {
    name: 'broken-sequence-frame',
    alone: { exit: 0, files: 3, says: null },
    tablao: rejected('check', 'brokenImage', /plate_0002\.png/),
  },
  { name: 'empty-texture', alone: SILENT, tablao: rejected('check', 'brokenImage', /wood\.png/) },
  {
    name: 'packed-texture-broken',
    alone: SILENT,
    tablao: rejected('check', 'brokenImage', /wood\.png \(packed\)/),
  },
  {
    name: 'library-newer',
    alone: { exit: 0, files: 1, says: /props\.blend/ },
    tablao: {
      when: 'before',
      state: 'waiting',
      code: 'needsBlender',
      names: [/props\.blend/, /5\.2/, /3\.4/],
    },
  },
  {
    name: 'alembic-unknown',
    alone: SILENT,
    tablao: rejected('check', 'cacheUnreadable', /cache\/cube\.abc/),
  },
  {
    name: 'missing-data',
    alone: { exit: 0, files: 1, says: /LIB: Collection: 'Props' missing/ },
    tablao: rejected('check', 'missingData', /Props/, /props\.blend/),
  },

  {
    name: 'no-camera',
    settings: { inputs: [] },
    alone: { exit: 1, files: 0, says: /Cannot render, no camera/ },
    tablao: rejected('before', 'cannotRender', /no camera/),
  },
  {
    name: 'camera-deleted',
    settings: { scene: 'Other' },
    alone: { exit: 1, files: 0, says: /Cannot render, no camera/, after: ['-S', 'Other', '-a'] },
    tablao: rejected('before', 'cannotRender', /Other/, /no camera/),
  },
  {
    name: 'scene-unknown',
    settings: { scene: 'Nowhere' },
    alone: { exit: 0, files: 1, says: null, after: ['-S', 'Nowhere', '-a'] },
    tablao: rejected('before', 'unknownScene', /Nowhere/),
  },
  {
    name: 'camera-unknown',
    settings: { camera: 'Nobody' },
    alone: SILENT,
    tablao: rejected('check', 'unknownCamera', /Nobody/),
  },
  {
    name: 'view-layer-unknown',
    settings: { viewLayers: ['Mist'] },
    alone: SILENT,
    tablao: rejected('check', 'unknownViewLayer', /Mist/),
  },
  {
    name: 'settings-mistyped',
    settings: { sampels: 4 },
    alone: SILENT,
    tablao: rejected('before', 'badSettings', /sampels/, /samples/),
  },
  {
    name: 'strip-of-a-scene-cut',
    alone: SILENT_2,
    tablao: rejected('check', 'missingImage', /plate_0007\.png/),
  },
  {
    name: 'strip-of-a-scene-without-camera',
    alone: SILENT_2,
    tablao: rejected('check', 'noCamera', /"Scene" has no camera/),
  },
  {
    name: 'strip-of-a-scene-without-layer',
    alone: SILENT_2,
    tablao: rejected('check', 'noViewLayer', /"Scene"/),
  },
  {
    name: 'strip-of-a-scene-with-noise',
    alone: { ...SILENT_2, says: /Build without OpenImageDenoiser/ },
    tablao: rejected('check', 'noDenoiser', /[Dd]enois/),
  },
  {
    name: 'background-scene-broken',
    alone: { ...SILENT_2, says: /libpng error/ },
    tablao: rejected('check', 'brokenImage', /textures\/wood\.png/),
  },
  {
    name: 'composited-scene-with-noise',
    alone: { ...SILENT_2, says: /Build without OpenImageDenoiser/ },
    tablao: rejected('check', 'noDenoiser', /[Dd]enois/),
  },
  {
    name: 'strip-of-a-scene-of-an-engine',
    alone: { ...SILENT_2, says: /Engine 'FILMSTAR' not available/ },
    tablao: rejected('check', 'unknownEngine', /FILMSTAR/),
  },
  { name: 'step-of-zero', alone: SILENT, tablao: rejected('before', 'noFrames', /step is 0/) },
  {
    name: 'too-small',
    alone: { exit: 0, files: 0, says: /Image too small/ },
    tablao: rejected('check', 'noPixels', /no pixel/),
  },
  {
    name: 'region-of-nothing',
    alone: { exit: 0, files: 0, says: /Image too small/ },
    tablao: rejected('check', 'noPixels', /no pixel/),
  },
  {
    name: 'look-unknown',
    alone: { exit: 0, files: 1, says: /scene look "FilmX Contra" not found/ },
    tablao: rejected('check', 'unknownViewTransform', /FilmX Contra/),
  },
  { name: 'no-view-layer', alone: SILENT, tablao: rejected('check', 'noViewLayer', /Scene/) },
  {
    name: 'empty-range',
    alone: { exit: 0, files: 0, says: null },
    tablao: rejected('before', 'noFrames', /10 to 5/),
  },
  {
    name: 'negative-frames',
    alone: { exit: 0, files: 4, says: null },
    tablao: rejected('before', 'negativeFrames', /-2/),
  },
  { name: 'odd-format', alone: SILENT, tablao: rejected('before', 'formatNotSupported', /format/) },
  {
    name: 'braces-in-name',
    blend: 'shot{1}.blend',
    alone: SILENT,
    tablao: rejected('before', 'badName', /shot\{1\}\.blend/),
  },
  {
    name: 'denoiser-absent',
    alone: { exit: 1, files: 0, says: /Build without OpenImageDenoiser/ },
    tablao: rejected('before', 'noDenoiser', /denois/, /3\.4\.1/),
  },
  {
    name: 'gpu-absent',
    settings: { device: 'gpu' },
    alone: SILENT,
    tablao: rejected('before', 'gpuMissing', /GPU/),
  },
  {
    name: 'view-transform-unknown',
    alone: { exit: 0, files: 1, says: /scene view "FilmX1" not found/ },
    tablao: rejected('check', 'unknownViewTransform', /FilmX1/),
  },
  {
    name: 'stereo-camera-missing',
    alone: { exit: 0, files: 2, says: null },
    tablao: rejected('check', 'missingViewCamera', /_L|left/),
  },

  {
    name: 'engine-absent',
    alone: { exit: 0, files: 1, says: /Engine 'FILMSTAR' not available/ },
    tablao: rejected('check', 'unknownEngine', /FILMSTAR/),
  },
  { name: 'nodes-undefined', alone: SILENT, tablao: rejected('check', 'undefinedNode', /Lost/) },
  {
    name: 'driver-blocked',
    alone: { exit: 0, files: 1, says: /Error in PyDriver: expression failed: wave\(frame\)/ },
    tablao: { when: 'before', state: 'waiting', code: 'needsScripts', names: [/wave|driver/] },
  },
  {
    name: 'driver-fails',
    surroundings: 'scripts',
    alone: { exit: 0, files: 1, says: /expression failed: no_such_function/, before: SCRIPTS_ON },
    tablao: rejected('check', 'brokenDriver', /no_such_function/),
  },
  {
    name: 'cloth-unbaked',
    settings: CHUNKS,
    alone: LAST_CHUNK,
    tablao: rejected('check', 'unbaked', /[Cc]loth/),
  },
  {
    name: 'soft-body-unbaked',
    settings: CHUNKS,
    alone: LAST_CHUNK,
    tablao: rejected('check', 'unbaked', /[Ss]oft/),
  },
  {
    name: 'particles-unbaked',
    settings: CHUNKS,
    alone: LAST_CHUNK,
    tablao: rejected('check', 'unbaked', /[Pp]article/),
  },
  {
    name: 'rigid-body-unbaked',
    settings: CHUNKS,
    alone: LAST_CHUNK,
    tablao: rejected('check', 'unbaked', /[Rr]igid/),
  },
  {
    name: 'fluid-unbaked',
    settings: CHUNKS,
    alone: LAST_CHUNK,
    tablao: rejected('check', 'unbaked', /[Ff]luid|Domain/),
  },

  {
    name: 'file-output-unwritable',
    inTheWay: [{ path: 'outputs', as: 'file' }],
    alone: SILENT,
    tablao: failed(/outputs|Passes/),
  },
  {
    name: 'folder-unwritable',
    inTheWay: [{ path: '', as: 'file' }],
    alone: { exit: 1, files: 0, says: /Not a directory/ },
    tablao: { ...failed(/v001/), code: 'folderUnwritable' },
  },
  {
    name: 'frame-unwritable',
    inTheWay: [{ path: 'pic_0002.png', as: 'folder' }],
    alone: { exit: 1, files: 1, says: /pic_0002\.png/ },
    tablao: incomplete('frame', /2 of 3/, /Frame 2/),
  },
  {
    name: 'disk-full',
    surroundings: 'smallDisk',
    alone: { exit: 1, files: 3, says: /No space left/ },
    tablao: incomplete('frame', /of 4 frames/, /[Nn]o space/),
  },
  {
    name: 'out-of-memory',
    surroundings: 'smallMemory',
    alone: { exit: 134, files: 0, says: /std::bad_alloc/ },
    tablao: failed(/Frame 1/, /memory|bad_alloc/),
  },
  {
    name: 'crash-in-a-frame',
    surroundings: 'scripts',
    alone: { exit: 139, files: 1, says: null, before: SCRIPTS_ON },
    tablao: incomplete('frame', /2 of 3/, /Frame 2/, /SEGV|139/),
  },
  {
    name: 'killed-in-a-frame',
    surroundings: 'scripts',
    alone: { exit: 137, files: 1, says: null, before: SCRIPTS_ON },
    tablao: incomplete('frame', /2 of 3/, /Frame 2/, /KILL|137/),
  },
  {
    name: 'hangs-in-a-frame',
    surroundings: 'scripts',
    settings: { frameMinutesLimit: 0.25, chunkSize: 1 },
    alone: { exit: null, files: 1, says: null, before: SCRIPTS_ON },
    tablao: incomplete('frame', /2 of 3/, /Frame 2/, /stood still/),
  },
  {
    name: 'black-frame',
    surroundings: 'scripts',
    alone: { exit: 0, files: 3, says: /KeyError: 2/, before: SCRIPTS_ON },
    tablao: incomplete('frame', /2 of 3/, /Frame 2/, /KeyError|handler/),
  },
  {
    name: 'frame-cut-short',
    surroundings: 'scripts',
    alone: THREE_ALONE,
    tablao: incomplete('proof', /2 of 3/, /Frame 2/, /cut short/),
  },
  {
    name: 'frame-goes-missing',
    surroundings: 'scripts',
    settings: { chunkSize: 3 },
    alone: { ...THREE_ALONE, files: 2 },
    tablao: incomplete('proof', /2 of 3/, /Frame 2/, /not there/),
  },
];
