import { Misuse } from './arguments.mjs';

/** What three frames need at most: the manager's node and one worker, their disks. */
const NEEDED = { CPUS: 18, CPUS_ALL_REGIONS: 18, SSD_TOTAL_GB: 80, INSTANCES: 2 };
/** Where there is a quota of its own for spot machines, the worker counts there. */
const SPOT = { PREEMPTIBLE_CPUS: 16 };

/** Looks at the deployment without changing anything. Throws `Misuse` with all that would keep a farm from rendering. */
export function checkProject(programs, { project, region }) {
  const problems = [
    ...servicesThere(programs, project, region),
    ...jobsReady(programs, project, region),
    ...rolesGiven(programs, project),
    ...quotasEnough(programs, project, region),
  ];
  if (problems.length === 0) return;
  throw new Misuse(
    `It would not work:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nNothing was done.`,
  );
}

function servicesThere({ find }, project, region) {
  const at = [`--project=${project}`, `--region=${region}`];
  return ['tablao-control', 'tablao-page'].flatMap((name) => {
    const text = find(
      '{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}',
      ...['gcloud', 'run', 'services', 'describe', name, ...at, '--format=json(status.conditions)'],
    );
    if (text === null) return [`the service ${name} is not there: npm run deploy`];
    const ready = JSON.parse(text).status.conditions.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True') return [];
    return [`the service ${name} does not start: gcloud run services logs read ${name} ${at.join(' ')}`];
  });
}

function jobsReady({ find }, project, region) {
  const wanted = { 'tablao-tick': ['ENABLED'], 'tablao-deadman': ['ENABLED', 'PAUSED'] };
  return Object.entries(wanted).flatMap(([name, states]) => {
    const state = find(
      states[0],
      ...['gcloud', 'scheduler', 'jobs', 'describe', name],
      ...[`--project=${project}`, `--location=${region}`, '--format=value(state)'],
    );
    if (state === null) return [`the job ${name} is not there: npm run deploy`];
    return states.includes(state)
      ? []
      : [
          `the job ${name} is ${state}: gcloud scheduler jobs resume ${name} --location=${region} --project=${project}`,
        ];
  });
}

function rolesGiven({ ask }, project) {
  const wanted = {
    control: 'tablaoControl',
    page: 'tablaoPage',
    deadman: 'tablaoDeadman',
    nodes: 'container.defaultNodeServiceAccount',
  };
  const instead = Object.entries(wanted)
    .map(([name, role]) => `roles/${role}\tserviceAccount:tablao-${name}@`)
    .join('\n');
  const lines = ask(
    instead,
    ...['gcloud', 'projects', 'get-iam-policy', project, '--flatten=bindings[].members'],
    ...['--filter=bindings.members:serviceAccount:tablao-', '--format=value(bindings.role,bindings.members)'],
  ).split('\n');
  return Object.entries(wanted).flatMap(([name, role]) =>
    lines.some((line) => line.includes(`${role}\t`) && line.includes(`serviceAccount:tablao-${name}@`))
      ? []
      : [`the account tablao-${name} lacks the role ${role}: npm run deploy`],
  );
}

function quotasEnough({ ask, show }, project, region) {
  const quotasOf = (...what) => {
    const flags = [`--project=${project}`, '--format=json(quotas)'];
    return JSON.parse(ask('{"quotas": []}', 'gcloud', 'compute', ...what, ...flags)).quotas ?? [];
  };
  const quotas = [...quotasOf('regions', 'describe', region), ...quotasOf('project-info', 'describe')];
  const room = new Map(quotas.map(({ metric, limit, usage }) => [metric, limit - usage]));
  const hasOwnSpot = quotas.some(({ metric, limit }) => metric === 'PREEMPTIBLE_CPUS' && limit > 0);
  const cpus = hasOwnSpot ? { CPUS: 2, CPUS_ALL_REGIONS: 2, ...SPOT } : {};
  const needed = { ...NEEDED, ...cpus };
  return Object.entries(needed).flatMap(([metric, need]) => {
    const left = room.get(metric);
    if (left === undefined) return [];
    const where = metric.endsWith('_ALL_REGIONS') ? 'all regions' : region;
    show(`quota ${metric} in ${where}: ${left} free, ${need} needed`);
    return left >= need
      ? []
      : [
          `the quota ${metric} has ${left} free and ${need} are needed: https://console.cloud.google.com/iam-admin/quotas?project=${project}`,
        ];
  });
}
