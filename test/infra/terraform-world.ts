import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProviderSchema, readProviderSchema } from './provider-schema.ts';
import { startStubProvider } from './stub-provider.ts';
import { installTerraformTools, TERRAFORM_DIR } from './terraform-tools.ts';

/** What Terraform said and how it ended. */
export interface Said {
  readonly code: number;
  readonly text: string;
}

/** The schema of everything that our configuration uses. */
export function schemaInUse(): ProviderSchema {
  const text = globSync(join(TERRAFORM_DIR, '*.tf'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const names = (kind: string) => [
    ...new Set([...text.matchAll(new RegExp(`^${kind} "(\\w+)"`, 'gm'))].map(([, name = '']) => name)),
  ];
  return readProviderSchema(installTerraformTools(), {
    resources: names('resource'),
    dataSources: names('data'),
  });
}

/** The real Terraform on a copy of our configuration, with the stub of the provider. */
export async function terraformWorld(t: { after(fn: () => unknown): void }) {
  const provider = await startStubProvider(schemaInUse());
  t.after(() => provider.close());
  const dir = mkdtempSync(join(tmpdir(), 'tablao-terraform-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  cpSync(TERRAFORM_DIR, dir, { recursive: true });
  const { TF_CLI_CONFIG_FILE: _, ...own } = process.env;
  const env = { ...own, ...provider.env };
  const terraform = (...args: readonly string[]) =>
    new Promise<Said>((done) => {
      execFile('terraform', args, { cwd: dir, env, maxBuffer: 64e6 }, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
      });
    });
  return { dir, env, provider, terraform };
}
