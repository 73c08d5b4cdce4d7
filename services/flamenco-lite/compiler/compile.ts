import { createHash } from 'node:crypto';
import { type Context, createContext, Script } from 'node:vm';
import type { AuthoredJob, AuthoredTask, EpochMs } from '../core/model.ts';
import { localTimestamp } from '../local-time.ts';
import { shellSplit } from '../shell-split.ts';
import { authoredTask, authorModule, plain, type ScriptTask } from './author.ts';
import { frameChunker, frameCount } from './frames.ts';
import { scriptPath } from './paths.ts';
import { builtInScripts, type JobScript, loadScripts } from './scripts.ts';

/** A script that runs longer than this hangs; Flamenco would hang with it. */
const scriptTimeoutMs = 10_000;

/** A job type as `/jobs/types` shows it. */
interface JobType {
  readonly name: string;
  readonly label: string;
  readonly settings: readonly unknown[];
  readonly description?: string;
  readonly etag: string;
}

interface JobToCompile {
  readonly name: string;
  readonly type: string;
  readonly priority: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly workerTagId: string | null;
  readonly shamanCheckoutId: string | null;
  readonly typeEtag: string | null;
}

/** `staleEtag`: the type has changed since the submitter looked. Its message and that of `rejected` are for people. */
export type Compiled =
  | { readonly kind: 'compiled'; readonly job: AuthoredJob }
  | { readonly kind: 'rejected'; readonly message: string }
  | { readonly kind: 'staleEtag' };

export interface JobCompiler {
  readonly types: () => readonly JobType[];
  readonly type: (name: string) => JobType | null;
  readonly compile: (job: JobToCompile) => Compiled;
}

export interface CompilerOptions {
  readonly folders: readonly string[];
  readonly now: () => EpochMs;
  /** What scripts `print` and `alert`. */
  readonly say: (line: string) => void;
}

/** Runs Flamenco's job scripts, each in a realm of its own. A script is trusted code: a realm is no sandbox. */
export function createJobCompiler(options: CompilerOptions): JobCompiler {
  const scripts = () => loadScripts([...options.folders, builtInScripts]);
  return {
    types: () =>
      [...scripts().values()]
        .map((script) => readType(script, options))
        .filter((type) => type !== null)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    type: (name) => {
      const script = scripts().get(name);
      return script === undefined ? null : readType(script, options);
    },
    compile: (job) => compile(scripts().get(job.type), job, options),
  };
}

function compile(script: JobScript | undefined, job: JobToCompile, options: CompilerOptions): Compiled {
  if (script === undefined) return { kind: 'rejected', message: 'job type unknown' };
  try {
    const realm = runScript(script, options);
    if (job.typeEtag !== null && job.typeEtag !== typeIn(realm, script).etag) return { kind: 'staleEtag' };
    return { kind: 'compiled', job: runCompileJob(realm, script, job, options) };
  } catch (error) {
    return { kind: 'rejected', message: thrownText(error) };
  }
}

function runCompileJob(
  realm: Context,
  script: JobScript,
  job: JobToCompile,
  options: CompilerOptions,
): AuthoredJob {
  if (evaluate(realm, 'typeof compileJob') !== 'function') {
    throw new Error(`script (${script.filename}) does not define a compileJob(job) function`);
  }
  const tasks: AuthoredTask[] = [];
  const settings = plain(job.settings);
  realm.__job = {
    name: job.name,
    priority: job.priority,
    created: new Date(options.now()),
    settings,
    metadata: { ...job.metadata },
    addTask: (task: ScriptTask) => tasks.push(authoredTask(task)),
  };
  evaluate(realm, 'compileJob(__job)');
  // A script may change the settings, so that the job shows later what was really used.
  return { ...job, settings: plain(settings), tasks };
}

function runScript(script: JobScript, options: CompilerOptions): Context {
  const say = (...values: readonly unknown[]) => options.say(values.map(shown).join(' '));
  const realm = createContext({
    author: authorModule(),
    path: scriptPath,
    process: { cwd: () => process.cwd(), platform: process.platform },
    frameChunker,
    frameCount,
    formatTimestampLocal: localTimestamp,
    shellSplit: (line: unknown) => shellSplit(String(line)),
    print: say,
    alert: say,
  });
  // Flamenco runs scripts in strict mode; on the first line, so that line numbers stay true.
  new Script(`'use strict';${script.source}`, { filename: script.filename }).runInContext(realm, {
    timeout: scriptTimeoutMs,
  });
  return realm;
}

function evaluate(realm: Context, code: string): unknown {
  return new Script(code).runInContext(realm, { timeout: scriptTimeoutMs });
}

function readType(script: JobScript, options: CompilerOptions): JobType | null {
  try {
    return typeIn(runScript(script, options), script);
  } catch (error) {
    // One bad script must not hide the other types.
    options.say(`job type ${script.typeName} cannot be used: ${thrownText(error)}`);
    return null;
  }
}

function typeIn(realm: Context, script: JobScript): JobType {
  const declared = evaluate(realm, "typeof JOB_TYPE === 'undefined' ? null : JOB_TYPE");
  if (declared === null) throw new Error(`script (${script.filename}) does not define a JOB_TYPE object`);
  const { label, description, settings } = plain(declared);
  const type = {
    name: script.typeName,
    label: String(label ?? ''),
    settings: Array.isArray(settings) ? settings : [],
    ...(typeof description === 'string' ? { description } : {}),
  };
  return { ...type, etag: createHash('sha1').update(JSON.stringify(type)).digest('hex') };
}

/** What was thrown, as words: scripts throw plain strings, and errors of another realm are no `Error` here. */
function thrownText(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : String(thrown);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}
