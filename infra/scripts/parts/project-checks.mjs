import { Misuse } from './arguments.mjs';
import { quotaNeeds } from './pool.mjs';

/** What the service is told in a dry run. */
const DRY_POOLS =
  '[{"name": "cpu", "machineType": "c3d-standard-16", "vcpu": 16, "spotPricePerHour": 0.29, "onDemandPricePerHour": 0.73, "max": 10}]';

/**
 * A service of Cloud Run: whether it starts, and the variables that it is given; `null` = it is not there.
 * @returns {{isReady: boolean, env: Record<string, string>} | null}
 */
export function findService({ find }, { project, region }, name) {
  const dry = {
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
    spec: { template: { spec: { containers: [{ env: [{ name: 'POOLS', value: DRY_POOLS }] }] } } },
  };
  const text = find(
    JSON.stringify(dry),
    ...['gcloud', 'run', 'services', 'describe', name, `--project=${project}`, `--region=${region}`],
    '--format=json(status.conditions,spec.template.spec.containers)',
  );
  if (text === null) return null;
  const { status, spec } = JSON.parse(text);
  const variables = spec.template.spec.containers[0].env ?? [];
  return {
    isReady: status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
    env: Object.fromEntries(variables.map(({ name: key, value }) => [key, value])),
  };
}

/** Looks at the deployment without changing anything. Throws `Misuse` with all that would keep a farm from rendering. */
export function checkProject(programs, given, { control, pool }) {
  const { project, region } = given;
  const services = { 'tablao-control': control, 'tablao-page': findService(programs, given, 'tablao-page') };
  const problems = [
    ...servicesThere(services, project, region),
    ...jobsReady(programs, project, region),
    ...rolesGiven(programs, project),
    ...(pool === null ? [] : quotasEnough(programs, project, region, pool)),
  ];
  if (problems.length === 0) return;
  throw new Misuse(
    `It would not work:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nNothing was done.`,
  );
}

function servicesThere(services, project, region) {
  return Object.entries(services).flatMap(([name, service]) => {
    if (service === null) return [`the service ${name} is not there: npm run deploy`];
    if (service.isReady) return [];
    return [
      `the service ${name} does not start: gcloud run services logs read ${name} --project=${project} --region=${region}`,
    ];
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

/** It is enough where one of the pool's machines can be had: the service tries them in turn. */
function quotasEnough({ ask, show }, project, region, { name, machines, manager }) {
  const quotasOf = (...what) => {
    const flags = [`--project=${project}`, '--format=json(quotas)'];
    return JSON.parse(ask('{"quotas": []}', 'gcloud', 'compute', ...what, ...flags)).quotas ?? [];
  };
  const quotas = [...quotasOf('regions', 'describe', region), ...quotasOf('project-info', 'describe')];
  const room = new Map(quotas.map(({ metric, limit, usage }) => [metric, limit - usage]));
  const inForce = new Set(quotas.filter(({ limit }) => limit > 0).map(({ metric }) => metric));
  const shortOf = (machine) => {
    const needs = [...quotaNeeds(manager, machine, inForce)].filter(([metric]) => room.has(metric));
    return needs.flatMap(([metric, need]) => {
      const left = room.get(metric);
      const where = metric.endsWith('_ALL_REGIONS') ? 'all regions' : region;
      show(`pool ${name}, ${machine.machineType}: quota ${metric} in ${where}: ${left} free, ${need} needed`);
      if (left >= need) return [];
      return [
        `the quota ${metric} has ${left} free and ${need} are needed: https://console.cloud.google.com/iam-admin/quotas?project=${project}`,
      ];
    });
  };
  let problems = null;
  for (const machine of machines) {
    const short = shortOf(machine);
    if (short.length === 0) return [];
    problems ??= short;
  }
  return problems;
}
