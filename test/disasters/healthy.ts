/** One shot that is all right. The scene is made by the function of that name in make_healthy.py. */
export interface Healthy {
  readonly name: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Blender's options before and after the file, that ask for the same by hand. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** What Tablao calls a file that Blender alone calls so: its naming rule (services/control/core/output-names.ts). */
  readonly rename?: (name: string) => string;
  /** Where a File Output node writes by hand, and in our folder. */
  readonly outputs?: { readonly hand: string; readonly tablao: string };
  /** Names of junk that lies in our folder before. */
  readonly junk?: readonly string[];
}

const CHUNKS = { chunkSize: 2 };

export const HEALTHY: readonly Healthy[] = [
  { name: 'png' },
  { name: 'png-16-transparent' },
  { name: 'jpeg' },
  { name: 'tiff-16' },
  { name: 'exr-half' },
  { name: 'exr-float' },
  { name: 'multilayer-passes' },
  { name: 'webp' },
  { name: 'targa' },
  { name: 'dpx' },
  { name: 'movie', after: ['-F', 'PNG', '-x', '1', '-a'] },
  { name: 'two-view-layers' },
  {
    name: 'view-layer-chosen',
    settings: { viewLayers: ['Second'] },
    after: python("bpy.context.scene.view_layers['ViewLayer'].use = False"),
  },
  { name: 'stereo-individual' },
  { name: 'stereo-side-by-side' },
  { name: 'three-cameras' },
  { name: 'views-in-one-file' },
  { name: 'camera-markers' },
  {
    name: 'camera-chosen',
    settings: { camera: 'Near' },
    after: python("bpy.context.scene.camera = bpy.data.objects['Near']"),
  },
  { name: 'frame-step' },
  { name: 'frames-chosen', settings: { frames: '2,5' }, after: ['-f', '2,5'] },
  { name: 'second-scene', settings: { scene: 'Other' }, after: ['-S', 'Other', '-a'] },
  { name: 'no-name', rename: (name) => `shot_${name}` },
  { name: 'odd-names' },
  { name: 'region' },
  { name: 'between-frames' },
  { name: 'region-of-one-pixel' },
  { name: 'region-uncropped' },
  { name: 'camera-marker-later' },
  {
    name: 'half-resolution',
    settings: { resolutionPercent: 50, samples: 3 },
    after: python('r = bpy.context.scene; r.render.resolution_percentage = 50; r.cycles.samples = 3'),
  },
  { name: 'eevee' },
  { name: 'grease-pencil' },
  { name: 'motion-blur' },
  { name: 'shape-keys' },
  { name: 'scripted-driver', settings: { scripts: true }, before: ['--enable-autoexec'] },
  { name: 'geometry-nodes' },
  { name: 'text' },
  { name: 'linked-library' },
  { name: 'udim' },
  { name: 'image-sequence' },
  { name: 'moving-texture' },
  { name: 'packed' },
  { name: 'backslashes' },
  { name: 'sequence', settings: { video: true } },
  { name: 'muted-strips' },
  { name: 'strip-of-a-scene' },
  { name: 'background-scene' },
  { name: 'composited-scene' },
  { name: 'multires-external' },
  { name: 'baked-cloth', settings: CHUNKS },
  { name: 'baked-cloth-on-disk', settings: CHUNKS },
  { name: 'baked-rigid-body', settings: CHUNKS },
  { name: 'composited' },
  { name: 'file-output', outputs: { hand: 'passes', tablao: 'outputs/Passes' } },
  {
    name: 'file-output-elsewhere',
    outputs: { hand: 'passes', tablao: 'outputs/Passes' },
    after: python("bpy.context.scene.node_tree.nodes['Passes'].base_path = '//passes/'"),
  },
  { name: 'leftovers', junk: ['pic_0001.png', 'pic_0002.png'] },
  { name: 'no-extension', rename: (name) => `${name}.png` },
  { name: 'metadata' },
];

/** By hand: something is set, then the animation is rendered. */
function python(code: string): readonly string[] {
  return ['--python-expr', `import bpy; ${code}`, '-a'];
}
