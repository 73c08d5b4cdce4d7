import { Misuse } from './arguments.mjs';

/**
 * What is known of a bucket of ours: `null` = there is none. Throws `Misuse` when it is in another region: nothing of a
 * deployment can move, and Terraform would delete and make anew what the service remembers and the dead-man's switch.
 * @param {{isVersioned: boolean} | null} instead In a dry run.
 */
export function findBucket({ find }, { region }, bucket, instead = null) {
  const found = find(
    instead === null ? null : `${region}\t${instead.isVersioned}`,
    ...['gcloud', 'storage', 'buckets', 'describe', `gs://${bucket}`],
    '--format=value(location,versioning_enabled)',
  );
  if (found === null) return null;
  const [location = '', versioned = ''] = found.split('\t');
  if (location !== '' && location.toLowerCase() !== region)
    throw new Misuse(
      `gs://${bucket} is in ${location.toLowerCase()}, so Tablao is there: say --region ${location.toLowerCase()}. It cannot move; to have it in ${region}, take a project of its own.`,
    );
  return { isVersioned: /true/i.test(versioned) };
}
