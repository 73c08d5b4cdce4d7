import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { googleWorld, PROJECT, REGION } from './google-world.ts';
import { gcloudAbsent, type Ran, runScript } from './scripts.ts';
import { startStubProvider } from './stub-provider.ts';
import { TERRAFORM_DIR, terraformAbsent } from './terraform-tools.ts';
import { schemaInUse } from './terraform-world.ts';

/** Why deploys cannot be tried here; `false` = they can. */
export const deployAbsent = gcloudAbsent || terraformAbsent;

const AT = ['--project', PROJECT, '--region', REGION];
const IMAGES = ['control', 'manager', 'worker'].flatMap((name) => [
  '--image',
  `${name}=host.example/${name}@sha256:1`,
]);

/** A thing that Terraform made. */
interface Made {
  readonly address: string;
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Our scripts with the real gcloud and the real Terraform, whose state is in the stand-in for Cloud Storage. */
export async function deployWorld(t: { after(fn: () => unknown): void }) {
  const google = await googleWorld(t);
  const provider = await startStubProvider(schemaInUse());
  t.after(() => provider.close());
  const env = { ...google.env, ...provider.env };
  const deploy = (more: readonly string[] = [], images = IMAGES): Promise<Ran> =>
    runScript('deploy', [...AT, '--monthly-dollars', '200', ...images, ...more], env);
  return {
    ...google,
    provider,
    env,
    deploy,
    destroy: (...more: string[]) => runScript('destroy', [...AT, '--yes', ...more], env),
    verify: (...more: string[]) => runScript('verify', [...AT, ...more], env),
    /** What Terraform's state holds. */
    made: () => madeOf(env),
    /** Requests to Google that change something, but for Terraform's own state and lock. */
    writes: () => [...google.project.asked, ...google.storage.asked].filter(isWrite),
  };
}

function isWrite(line: string): boolean {
  return !line.startsWith('GET ') && !/default\.tf(state|lock)/.test(line);
}

/** Not by `spawnSync`: Terraform asks its provider, which is in this process. */
async function madeOf(env: NodeJS.ProcessEnv): Promise<readonly Made[]> {
  const show = [`-chdir=${TERRAFORM_DIR}`, 'show', '-json'];
  const { stdout } = await promisify(execFile)('terraform', show, { env, maxBuffer: 64e6 });
  const resources: readonly (Made & { readonly mode: string })[] =
    JSON.parse(stdout).values?.root_module?.resources ?? [];
  return resources.filter(({ mode }) => mode === 'managed');
}
