import { parseArgs } from 'node:util';
import { optionMistake } from '../option-mistake.ts';
import { SERVICE_HELP, serviceOptions } from '../service/service-options.ts';

/** The text of `--help`; `command`: as it was typed. */
export function submitUsage(command: string): string {
  return `Usage: ${command} SHOT.blend [options]

Sends a shot and every file that it needs to Tablao, and has it rendered. What the bucket has already is not sent again;
a sending that broke off goes on where it stopped when the same command is given again.

  --root DIR          the project's folder (default: the one that holds all the files)
  --to FOLDER         what it is called in the bucket (default: the folder's own name)
  --frames LIST       frames to render: 1-250 or 1,5,10-20
  --set KEY=VALUE     any other setting of render.json, repeatable: --set samples=64 --set device=gpu
  --allow-missing     send it although files are missing: the run waits for them
  --dry-run           only show what would be sent
  --watch             stay until the frames are there
${SERVICE_HELP}
Exit code: 0 sent (with --watch: completed), 1 it was not, 2 the command line is wrong.
`;
}

export interface SubmitOptions {
  readonly file: string;
  readonly root: string | null;
  readonly to: string | null;
  /** Settings of the command line, as `render.json` has them. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly allowMissing: boolean;
  readonly dryRun: boolean;
  readonly watch: boolean;
  readonly url: string;
  readonly token: string | null;
}

/** The options; `help`; or what is wrong with them, as a sentence. */
export function parseSubmit(args: readonly string[], env: NodeJS.ProcessEnv): SubmitOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        root: { type: 'string' },
        to: { type: 'string' },
        frames: { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        'allow-missing': { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        url: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    const [file, ...more] = positionals;
    if (file === undefined) return 'name the .blend to send.';
    if (more.length > 0) return `one shot at a time: ${file}, not also ${more.join(', ')}.`;
    const given = readGiven(values.set, values.frames);
    if (typeof given === 'string') return given;
    return {
      ...{ file, given, root: values.root ?? null, to: trimSlashes(values.to) },
      ...{ allowMissing: values['allow-missing'], dryRun: values['dry-run'], watch: values.watch },
      ...serviceOptions(values.url, env),
    };
  } catch (error) {
    return optionMistake(error);
  }
}

function trimSlashes(text: string | undefined): string | null {
  return text === undefined ? null : text.replace(/^\/+|\/+$/g, '');
}

function readGiven(
  sets: readonly string[],
  frames: string | undefined,
): Readonly<Record<string, unknown>> | string {
  const given: Record<string, unknown> = frames === undefined ? {} : { frames };
  for (const set of sets) {
    const cut = set.indexOf('=');
    if (cut < 1) return `--set ${set} has no value: write --set key=value.`;
    const key = set.slice(0, cut);
    if (key === 'inputs') return '--set inputs: the list of files is made by submit itself.';
    given[key] = settingOf(key, set.slice(cut + 1));
  }
  return given;
}

/** Settings whose values look like numbers and are none. */
const TEXTS: ReadonlySet<string> = new Set(['frames', 'blender', 'scene', 'camera', 'pool', 'format']);

function settingOf(key: string, text: string): unknown {
  if (key === 'viewLayers' && !text.startsWith('[')) return text.split(',');
  if (TEXTS.has(key)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
