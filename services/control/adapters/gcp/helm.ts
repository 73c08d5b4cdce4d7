import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PortError } from '../../ports/errors.ts';
import type { ManagerOnCluster } from './farm.ts';
import type { AccessToken } from './kube.ts';

interface Options {
  /** Helm 4, by its path. */
  readonly program: string;
  /** The folder of `charts/flamenco`. */
  readonly chart: string;
  readonly release: string;
  readonly namespace: string;
  /** The chart's values; values.schema.json says what they must be. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly token: AccessToken;
  /** The address of a cluster's API. */
  readonly serverOf: (endpoint: string) => string;
  readonly timeoutMs?: number;
}

/** Longer than any other call, since it is many requests; a lease lasts longer still. */
const TIMEOUT_MS = 25_000;

const statusText = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.object({ info: z.object({ status: z.string(), description: z.string().default('') }) }));
type Release = z.output<typeof statusText>['info'];

/** How Helm ended; `null` = it was killed when its time was up. */
interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly words: string;
}

/**
 * Installs our chart with Helm. The release's description carries a hash of what the chart renders to, so that a repeat
 * changes nothing. It does not wait for the pods: the next pass looks. A Helm that was killed half-way leaves its release
 * pending, and then refuses every further step: what was being installed is taken out, what was being upgraded back.
 */
export function createHelmInstall(options: Options): ManagerOnCluster['install'] {
  const { chart, release, namespace, serverOf } = options;

  async function findRelease(run: Run): Promise<Release | null> {
    const ended = await run(['status', release, '-o', 'json']);
    if (/release: not found/.test(ended.words)) return null;
    const doing = 'asking Helm for the release';
    const { data, error } = statusText.safeParse(succeeded(ended, doing));
    if (data === undefined) throw new PortError('transient', doing, { cause: error });
    return data.info;
  }

  async function recover(run: Run, { status }: Release): Promise<void> {
    if (status === 'pending-upgrade' || status === 'pending-rollback')
      succeeded(await run(['rollback', release]), 'taking a half upgrade back');
    else if (status.startsWith('pending') || status === 'uninstalling')
      succeeded(await run(['uninstall', release, '--no-hooks']), 'taking a half installation out');
  }

  return async ({ endpoint }) => {
    const home = await mkdtemp(join(tmpdir(), 'tablao-helm-'));
    try {
      const valuesFile = join(home, 'values.json');
      await writeFile(valuesFile, JSON.stringify(options.values));
      const run = runner(options, home, { HELM_KUBEAPISERVER: serverOf(endpoint ?? '') });
      const rendered = await run(['template', release, chart, '-f', valuesFile]);
      if (rendered.code === 1)
        throw new PortError('invalid', 'rendering the chart', { cause: new Error(rendered.words) });
      const hash = createHash('sha256').update(succeeded(rendered, 'rendering the chart')).digest('hex');
      const description = `tablao ${hash.slice(0, 16)}`;
      const before = await findRelease(run);
      if (before?.status === 'deployed' && before.description === description) return;
      if (before !== null) await recover(run, before);
      const install = ['upgrade', '--install', release, chart, '--create-namespace', '-f', valuesFile];
      const keep = ['--history-max', '3', '--description', description, '-o', 'json'];
      succeeded(await run([...install, ...keep]), `installing the chart in ${namespace}`);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  };
}

type Run = (args: readonly string[]) => Promise<Ended>;

/** Nothing of the machine's own Helm or kubectl settings counts; the token is on no command line. */
function runner(
  { program, namespace, token, timeoutMs = TIMEOUT_MS }: Options,
  home: string,
  more: Readonly<Record<string, string>>,
): Run {
  const endsAt = performance.now() + timeoutMs;
  return async (args) => {
    const env = {
      // HELM may be a plain name.
      PATH: process.env.PATH ?? '',
      HOME: home,
      KUBECONFIG: join(home, 'none'),
      HELM_CACHE_HOME: join(home, 'cache'),
      HELM_CONFIG_HOME: join(home, 'config'),
      HELM_DATA_HOME: join(home, 'data'),
      HELM_NAMESPACE: namespace,
      HELM_KUBETOKEN: await token(),
      ...more,
    };
    const timeout = Math.max(1, Math.ceil(endsAt - performance.now()));
    try {
      const ran = await promisify(execFile)(program, args, {
        ...{ env, timeout, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024 },
      });
      return { code: 0, out: ran.stdout, words: ran.stderr };
    } catch (error) {
      const {
        code,
        stderr = '',
        stdout = '',
      } = error as { code?: unknown; stderr?: string; stdout?: string };
      // A code that is a word (ENOENT): it was never started.
      if (typeof code === 'string') throw new PortError('invalid', `starting ${program}`, { cause: error });
      return { code: typeof code === 'number' ? code : null, out: stdout, words: stderr };
    }
  };
}

function succeeded({ code, out, words }: Ended, doing: string): string {
  if (code === 0) return out;
  const said = code === null ? 'Helm did not end in time' : words.trim().slice(-1000);
  throw new PortError('transient', doing, { cause: new Error(said) });
}
