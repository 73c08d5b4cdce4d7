import { join } from 'node:path';

export const ROOT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../..');
export const TERRAFORM = 'infra/terraform';
/** The value of the label `tablao` on everything of a farm. */
export const FARM = 'tablao';
/** A cluster that is only there for minutes, so that Google makes the project's identity pool. */
export const IDENTITY_CLUSTER = 'tablao-identity';
export const IMAGES = ['control', 'manager', 'worker'];

/** What infra/terraform calls things; these are needed before it ran, and after it is gone. */
export function namesOf(project, region) {
  return {
    buckets: {
      scenes: `${project}-tablao-scenes`,
      renders: `${project}-tablao-renders`,
      state: `${project}-tablao-state`,
      terraform: `${project}-tablao-terraform`,
    },
    registry: `${region}-docker.pkg.dev/${project}/tablao`,
    buildAccount: `projects/${project}/serviceAccounts/tablao-build@${project}.iam.gserviceaccount.com`,
  };
}
