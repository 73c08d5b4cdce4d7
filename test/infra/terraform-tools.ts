import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installLocked } from '../tools/locked.ts';

export const TERRAFORM_DIR = join(import.meta.dirname, '../../infra/terraform');

/** Where the provider's bindings and what speaks Terraform's protocol are installed. */
export function installTerraformTools(): string {
  return installLocked({
    from: join(import.meta.dirname, '../tools/terraform'),
    name: 'terraform-tools',
  });
}

/** A package of theirs; none has its types here, so the caller says what he uses of it. */
export function loadTool<Package>(name: string): Package {
  return createRequire(join(installTerraformTools(), 'package.json'))(name);
}

/** Why Terraform itself cannot take part; `false` = it can. Neither npm nor Debian offers it. */
export const terraformAbsent =
  spawnSync('terraform', ['version']).error === undefined ? false : 'terraform is not installed';
