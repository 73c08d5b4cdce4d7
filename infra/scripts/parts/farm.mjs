import { FARM, IDENTITY_CLUSTER } from './names.mjs';
import { ProgramFailed } from './programs.mjs';

const OF_FARM = `resourceLabels.tablao=${FARM}`;
/** A deploy that was killed may have left the other one, which has no label (the service would take it for a farm). */
const ALL_OURS = `${OF_FARM} OR name=${IDENTITY_CLUSTER}`;

/** The farm's clusters: `[{name, zone, status}]`. */
export function findClusters({ ask }, project, instead = '', filter = OF_FARM) {
  const lines = ask(
    instead,
    ...['gcloud', 'container', 'clusters', 'list', `--project=${project}`],
    `--filter=${filter}`,
    '--format=value(name,location,status)',
  );
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name, zone, status] = line.split('\t');
      return { name, zone, status };
    });
}

/** What a person types to end everything that costs by the hour, whatever the state of the rest. */
export function killCommand(project, region) {
  return [
    `gcloud run services delete tablao-control --project=${project} --region=${region} --quiet`,
    `gcloud container clusters list --project=${project} --filter='${ALL_OURS}' --format='value(name,location)' |`,
    `  while read -r name zone; do gcloud container clusters delete "$name" --project=${project} --zone="$zone" --quiet; done`,
  ].join('\n');
}

const AGAIN_MS = 15_000;
/** A creation that found no machines holds its cluster for 35 minutes. */
const PATIENCE_MS = 60 * 60_000;

/** Deletes our clusters and waits for their end, then what they left behind. Throws when something stays. */
export async function deleteFarm(programs, project, { wait, now = Date.now, againMs = AGAIN_MS }) {
  const endsAt = now() + PATIENCE_MS;
  let instead = 'CLUSTER\tZONE\tRUNNING';
  for (;;) {
    const clusters = findAll(programs, project, instead);
    instead = '';
    if (clusters?.length === 0) break;
    for (const { name, zone, status } of clusters ?? [])
      if (status !== 'STOPPING') await deleteCluster(programs, project, name, zone);
    if (now() > endsAt)
      throw new Error('the clusters do not go, or Google does not tell: look at them in the console');
    if (!programs.isDry) await wait(againMs);
  }
  deleteDisks(programs, project);
}

/** All our clusters; `null` = Google is busy and does not tell. */
function findAll(programs, project, instead) {
  try {
    return findClusters(programs, project, instead, ALL_OURS);
  } catch (error) {
    if (!BUSY.test(error.said ?? '')) throw error;
    programs.show('Google does not tell which clusters there are; again soon');
    return null;
  }
}

/**
 * Whether what keeps the service from making farms went well. Else that is said: the machines must not wait for it, so the
 * farm is ended first and it is tried again then.
 */
export function attempt({ show }, act) {
  try {
    act();
    return true;
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error;
    show(`${error.message}\nThe farm is ended all the same; this is tried again at the end.`);
    return false;
  }
}

const BUSY = /UNAVAILABLE|\bcode=(429|5\d\d)\b|HTTPError (429|5\d\d)/i;
/** What is no answer yet: another operation runs on the cluster (it is being made), it has gone, or Google is busy. */
const AGAIN = new RegExp(`incompatible operation|not.?found|FAILED_PRECONDITION|${BUSY.source}`, 'i');

/** Begins and returns. */
async function deleteCluster({ run, show }, project, name, zone) {
  const at = [name, `--project=${project}`, `--zone=${zone}`, '--quiet', '--async'];
  try {
    await run('gcloud', 'container', 'clusters', 'delete', ...at);
  } catch (error) {
    if (!AGAIN.test(error.said ?? '')) throw error;
    show(`${name} cannot be deleted yet; again soon`);
  }
}

function deleteDisks({ ask }, project) {
  const disks = ask(
    '/zones/ZONE/disks/DISK',
    ...['gcloud', 'compute', 'disks', 'list', `--project=${project}`],
    ...[`--filter=labels.tablao=${FARM} AND -users:*`, '--format=value(selfLink)'],
  );
  for (const [, zone, name] of disks.matchAll(/\/zones\/([^/]+)\/disks\/(\S+)/g))
    ask(
      '',
      'gcloud',
      'compute',
      'disks',
      'delete',
      name,
      `--project=${project}`,
      `--zone=${zone}`,
      '--quiet',
    );
}

/** Whatever is still ours, by Google's own list; `[]` = nothing. */
export function findLeftovers(programs, project) {
  const list = (kind) =>
    programs
      .ask(
        '',
        ...['gcloud', 'compute', kind, 'list', `--project=${project}`],
        ...[`--filter=labels.tablao=${FARM}`, '--format=value(name,zone.basename())'],
      )
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${kind.replace(/s$/, '')} ${line.replace('\t', ' in ')}`);
  const clusters = findClusters(programs, project, '', ALL_OURS).map(
    ({ name, zone }) => `cluster ${name} in ${zone}`,
  );
  return [...clusters, ...list('instances'), ...list('disks')];
}
