import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { blenderPlaces } from './blender-places.ts';
import { findProgram, isExecutable, pathFolders, type Surroundings } from './find-program.ts';
import { Unusable } from './unusable.ts';
import { readJson, writeJson } from './whole-files.ts';
import { plainEnvironment } from './worker-env.ts';

export interface BlenderFound {
  readonly path: string;
  /** Exact: `3.4.1`. */
  readonly version: string;
  /** `null` = this Blender could not say. Without one, a Cycles scene that denoises renders nothing. */
  readonly hasDenoiser: boolean | null;
  /** Types that Cycles can use here, `CPU` first: `CUDA`, `OPTIX`, `HIP`, `METAL`, `ONEAPI`. */
  readonly devices: readonly string[];
}

interface Options extends Surroundings {
  /** What `BLENDER` names. When it names any, nothing else is looked for. */
  readonly blenderPaths: readonly string[];
  /** Where answers are kept: asking takes a second or more for each Blender. */
  readonly cacheFile: string;
}

const ASK_TIMEOUT_MS = 20_000;
const ANSWER_MARK = 'TABLAO-BLENDER ';

/** Build options name no denoiser; Cycles' own module knows. Its device names come as (name, type, …). */
const QUESTION = `
import bpy, json
devices = []
denoiser = None
try:
    import _cycles
    denoiser = bool(getattr(_cycles, 'with_openimagedenoise')) if hasattr(_cycles, 'with_openimagedenoise') else None
    for kind in ('CUDA', 'OPTIX', 'HIP', 'METAL', 'ONEAPI'):
        try:
            devices += [device[1] for device in _cycles.available_devices(kind)]
        except Exception:
            pass
    devices += [device[1] for device in _cycles.available_devices('NONE')]
except ImportError:
    pass
devices = ['CPU'] + sorted(set(devices) - {'CPU'})
print('\\n${ANSWER_MARK}' + json.dumps({
    'version': '.'.join(str(part) for part in bpy.app.version), 'hasDenoiser': denoiser, 'devices': devices}))
`;

const abilitiesSchema = z.object({
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  hasDenoiser: z.boolean().nullable(),
  devices: z.array(z.string()),
});
const cacheSchema = z.record(z.string(), abilitiesSchema);
type Abilities = z.infer<typeof abilitiesSchema>;

/**
 * The Blenders of this machine, newest first, one for each version. Throws in words for a person when `BLENDER` names
 * something that is none; others that do not answer are left out.
 */
export async function findBlenders(options: Options): Promise<readonly BlenderFound[]> {
  const cache = cacheSchema.safeParse(await readJson(options.cacheFile).catch(() => ({}))).data ?? {};
  const fresh: Record<string, Abilities> = {};
  const found: BlenderFound[] = [];
  for (const path of await candidates(options)) {
    const key = await cacheKey(path);
    const abilities = cache[key] ?? (await ask(path, options));
    if (abilities === null) continue;
    fresh[key] = abilities;
    found.push({ path, ...abilities });
  }
  await writeJson(options.cacheFile, fresh);
  return newestFirst(found);
}

/** Whether the preview video can be made. */
export async function hasFfmpeg(surroundings: Surroundings): Promise<boolean> {
  return (await findProgram('ffmpeg', pathFolders(surroundings), surroundings.platform)) !== null;
}

async function candidates(options: Options): Promise<readonly string[]> {
  if (options.blenderPaths.length > 0) {
    for (const path of options.blenderPaths)
      if (!(await isExecutable(path)))
        throw new Unusable(
          `BLENDER: there is no program ${path}. Correct the path, or unset BLENDER to have it looked for.`,
        );
    return options.blenderPaths;
  }
  const onPath = await findProgram('blender', pathFolders(options), options.platform);
  const places = [...(onPath === null ? [] : [onPath]), ...blenderPlaces(options)];
  const byFile = new Map<string, string>();
  for (const path of places) {
    const file = (await isExecutable(path)) ? await realpath(path) : null;
    if (file !== null && !byFile.has(file)) byFile.set(file, path);
  }
  return [...byFile.values()];
}

async function ask(path: string, options: Options): Promise<Abilities | null> {
  const args = ['--background', '--factory-startup', '--python-exit-code', '1', '--python-expr', QUESTION];
  const env = await plainEnvironment(options);
  try {
    const { stdout } = await promisify(execFile)(path, args, { env, timeout: ASK_TIMEOUT_MS });
    const line = stdout.split(/\r?\n/).find((each) => each.startsWith(ANSWER_MARK));
    return abilitiesSchema.parse(JSON.parse(line?.slice(ANSWER_MARK.length) ?? ''));
  } catch (cause) {
    if (!options.blenderPaths.includes(path)) return null;
    throw new Unusable(
      `BLENDER: ${path} does not answer as Blender does. Name Blender's own program, or unset BLENDER to have it looked for.`,
      { cause },
    );
  }
}

async function cacheKey(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${path} ${size} ${mtimeMs}`;
}

function newestFirst(found: readonly BlenderFound[]): readonly BlenderFound[] {
  const sorted = found.toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }));
  // Of two with the same version the first found counts: BLENDER's order, or the PATH before the usual places.
  return sorted.filter(({ version }, index) => sorted[index - 1]?.version !== version);
}
