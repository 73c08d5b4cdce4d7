import { Misuse } from './arguments.mjs';

/** What is not given counts four times the spot price, as the service reckons. */
const SPOT_TO_ON_DEMAND = 4;
/** Dollars an hour. */
const DISK_PRICE = 0.02;
/** Three frames are rendered by no more. */
const WORKERS = 2;
/** Gigabytes: the manager's machine's and a worker's. */
const DISKS = 30 + 50;
/** Families whose processors count as plain CPUS; each other one has a metric of its own, which may not be listed. */
const PLAIN_FAMILIES = ['e2', 'n1', 'f1', 'g1'];

/**
 * @typedef {object} Machine
 * @property {string} machineType
 * @property {number} vcpu
 * @property {boolean} isSpot
 * @property {{type: string, count: number} | null} gpu
 *
 * @typedef {object} Pool
 * @property {string} name
 * @property {Machine[]} machines In the order in which the service wants them.
 * @property {Machine} manager
 * @property {number} worstPerHour Dollars: the farm with two workers on its dearest machines, none of them spot.
 */

/**
 * The pool of this name that the control service is told of; without a name the first, on which runs are that ask for
 * nothing special. Throws `Misuse` where there is none.
 * @param {Record<string, string>} env The service's variables.
 * @returns {Pool}
 */
export function findPool(env, name) {
  const pools = JSON.parse(env.POOLS ?? '[]');
  const found = name === null ? pools[0] : pools.find((pool) => pool.name === name);
  if (found === undefined)
    throw new Misuse(
      pools.length === 0
        ? 'The service tablao-control is told of no pools: npm run deploy'
        : `--pool ${name}: there is none of this name. There are: ${pools.map((pool) => pool.name).join(', ')}.`,
    );
  const kinds = [{}, ...(found.fallbacks ?? [])];
  const prices = kinds.map((kind) => worstPrice(found, kind) + DISK_PRICE);
  return {
    name: found.name,
    machines: kinds.map((kind) => machineOf(found, kind)),
    manager: managerOf(env.MANAGER_MACHINE_TYPE ?? 'e2-standard-2'),
    worstPerHour:
      Number(env.FIXED_PRICE_PER_HOUR ?? 0.2) + Math.min(found.max, WORKERS) * Math.max(...prices),
  };
}

function worstPrice(pool, { machineType, onDemandPricePerHour, spotPricePerHour }) {
  const own = machineType === undefined ? pool.onDemandPricePerHour : undefined;
  return onDemandPricePerHour ?? own ?? SPOT_TO_ON_DEMAND * (spotPricePerHour ?? pool.spotPricePerHour);
}

function machineOf(pool, kind) {
  const { machineType, vcpu, gpu = null } = { ...pool, ...kind };
  return { machineType, vcpu, gpu, isSpot: kind.onDemand !== true };
}

/** The last number of a predefined type is how many processors it has; of those without one two count. */
function managerOf(machineType) {
  return { machineType, vcpu: Number(/-(\d+)$/.exec(machineType)?.[1] ?? 2), gpu: null, isSpot: false };
}

/**
 * What the manager's machine and one worker on this machine take of the quotas, by metric.
 * @param {ReadonlySet<string>} inForce The metrics of which there are any.
 * @returns {Map<string, number>}
 */
export function quotaNeeds(manager, worker, inForce) {
  const needs = new Map([
    ['INSTANCES', 2],
    ['SSD_TOTAL_GB', DISKS],
  ]);
  const add = (metric, count) => needs.set(metric, (needs.get(metric) ?? 0) + count);
  for (const machine of [manager, worker]) {
    const metric = cpuMetric(machine, inForce);
    add(metric, machine.vcpu);
    if (metric !== 'PREEMPTIBLE_CPUS') add('CPUS_ALL_REGIONS', machine.vcpu);
  }
  if (worker.gpu !== null) {
    add(gpuMetric(worker, inForce), worker.gpu.count);
    add('GPUS_ALL_REGIONS', worker.gpu.count);
  }
  return needs;
}

/** Spot machines count as ordinary ones until the project has a quota for them. */
function cpuMetric({ machineType, isSpot }, inForce) {
  if (isSpot && inForce.has('PREEMPTIBLE_CPUS')) return 'PREEMPTIBLE_CPUS';
  const [family] = machineType.split('-');
  return PLAIN_FAMILIES.includes(family) ? 'CPUS' : `${family.toUpperCase()}_CPUS`;
}

/** `nvidia-tesla-t4` is counted as NVIDIA_T4_GPUS. */
function gpuMetric({ gpu, isSpot }, inForce) {
  const metric = `${gpu.type.replace('-tesla-', '-').replaceAll('-', '_').toUpperCase()}_GPUS`;
  return isSpot && inForce.has(`PREEMPTIBLE_${metric}`) ? `PREEMPTIBLE_${metric}` : metric;
}
