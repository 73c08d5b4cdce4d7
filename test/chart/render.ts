import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Tools } from '../tools/tools.ts';

/** A Kubernetes object; tests look into it freely. */
// biome-ignore lint/suspicious/noExplicitAny: manifests are what the tests are about.
export type Manifest = any;

export const chartFolder = join(import.meta.dirname, '../../charts/flamenco');
export const valueSets = ['minimal', 'cpu', 'gpu'] as const;
export type ValueSet = (typeof valueSets)[number];

export const valuesFile = (set: ValueSet) => join(import.meta.dirname, 'values', `${set}.yaml`);

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** Runs Helm with folders of its own, so that the machine's settings do not matter. */
export function helm(tools: Tools, args: readonly string[]): Ended {
  const home = mkdtempSync(join(tmpdir(), 'tablao-helm-'));
  const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  const ended = spawnSync(tools.helm, args, { env, encoding: 'utf8' });
  rmSync(home, { recursive: true, force: true });
  return { code: ended.status, out: `${ended.stdout}${ended.stderr}` };
}

interface Rendering {
  readonly release?: string;
  readonly namespace?: string;
  /** The chart's own folder, when absent. */
  readonly chart?: string;
  /** Values on top of the set's. */
  readonly also?: Readonly<Record<string, unknown>>;
}

/** `helm template`, as it ended. */
export function template(tools: Tools, set: ValueSet, options: Rendering = {}): Ended {
  const { release = 'tablao', namespace = 'tablao', chart = chartFolder, also = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tablao-values-'));
  const file = join(folder, 'also.json');
  writeFileSync(file, JSON.stringify(also));
  const files = ['-f', valuesFile(set), '-f', file];
  const ended = helm(tools, ['template', release, chart, '--namespace', namespace, ...files]);
  rmSync(folder, { recursive: true, force: true });
  return ended;
}

/** Every object of the chart; the workers' Jobs are among them, each with a name as the service would give it. */
export function render(tools: Tools, set: ValueSet, options: Rendering = {}): readonly Manifest[] {
  const { code, out } = template(tools, set, options);
  if (code !== 0) throw new Error(out);
  const objects: Manifest[] = parseAllDocuments(out)
    .map((document) => document.toJS())
    .filter((object) => object !== null);
  return [...objects, ...Object.values(workerJobs(objects))];
}

/** By node pool. */
export function workerJobs(objects: readonly Manifest[]): Readonly<Record<string, Manifest>> {
  const { data } = objects.find(({ metadata }) => metadata.name.endsWith('-worker-jobs'));
  const jobs = Object.entries<string>(data).map(([key, text]) => {
    const job = JSON.parse(text);
    const name = key.replace(/\.json$/, '');
    return [name, { ...job, metadata: { ...job.metadata, name: `w-${name}` } }];
  });
  return Object.fromEntries(jobs);
}

/** Pod templates of everything that runs. */
export function podTemplates(objects: readonly Manifest[]): readonly Manifest[] {
  return objects.flatMap(({ spec }) => spec?.template ?? []);
}

export function find(objects: readonly Manifest[], kind: string, name: string): Manifest {
  return objects.find((object) => object.kind === kind && object.metadata.name === name);
}
