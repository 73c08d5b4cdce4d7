import { z } from 'zod';
import { type Gpus, gpuProblem } from './machine-gpus.ts';

const machineType = z.string().regex(/^[a-z]\d?[-a-z0-9]+$/);
const price = z.number().positive().max(1000);
const vcpu = z.int().min(2).max(512);
/** Below 8 GiB hardly anything is left after Kubernetes and the sidecar that mounts the buckets. */
const memoryGiB = z.number().min(8).max(12_288);

const gpu = z.strictObject({ type: z.string().regex(/^[a-z][-a-z0-9]+$/), count: z.int().min(1).max(16) });

const fallback = z.strictObject({
  machineType: machineType.optional(),
  vcpu: vcpu.optional(),
  memoryGiB: memoryGiB.optional(),
  zone: z
    .string()
    .regex(/^[a-z]+-[a-z]+\d+-[a-z]$/)
    .optional(),
  gpu: gpu.optional(),
  onDemand: z.boolean().default(false),
  spotPricePerHour: price.optional(),
  onDemandPricePerHour: price.optional(),
});

const pool = z.strictObject({
  name: z.string().regex(/^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/),
  machineType,
  vcpu,
  memoryGiB,
  gpu: gpu.optional(),
  device: z.enum(['cpu', 'cuda', 'optix']).default('cpu'),
  spotPricePerHour: price,
  onDemandPricePerHour: price.optional(),
  max: z.int().min(1).max(1000),
  fallbacks: z.array(fallback).max(8).default([]),
});

type Pool = z.output<typeof pool>;

/** One kind of machine that a pool's workers run on: a GKE node pool. */
export interface MachineSettings {
  /** The node pool's name. */
  readonly name: string;
  readonly machineType: string;
  readonly vcpu: number;
  readonly memoryGiB: number;
  /** `null` = the cluster's own. */
  readonly zone: string | null;
  readonly isSpot: boolean;
  readonly gpu: Gpus | null;
  /** Dollars, as it is ordered. */
  readonly pricePerHour: number;
  /** Dollars; `null` = not given. */
  readonly onDemandPricePerHour: number | null;
}

/** A pool of workers as POOLS says it. */
export interface PoolSettings {
  readonly name: string;
  readonly max: number;
  readonly device: 'cpu' | 'cuda' | 'optix';
  /** In the order in which they are wanted; the first is spot. */
  readonly machines: readonly [MachineSettings, ...MachineSettings[]];
}

/** POOLS: JSON; `''` = none. Everything that cannot be right is an issue with words for people. */
export function poolsText(): z.ZodType<readonly PoolSettings[], string> {
  return z.string().transform((text, context) => {
    if (text === '') return [];
    const read = z.array(pool).min(1).max(20).safeParse(parsed(text));
    const problems = read.success ? contradictions(read.data) : read.error.issues.map(issueText);
    for (const problem of problems) context.addIssue(problem);
    return read.success && problems.length === 0 ? read.data.map(poolSettings) : z.NEVER;
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function issueText({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? 'it is no JSON list of pools' : `${path.join('.')}: ${message}`;
}

function contradictions(pools: readonly Pool[]): readonly string[] {
  const names = pools.map(({ name }) => name);
  return pools.flatMap((one, index) => [
    ...(names.indexOf(one.name) < index ? [`${one.name}: two pools have this name`] : []),
    ...gpuProblems(one),
    ...one.fallbacks.flatMap((each, at) =>
      fallbackProblems(one, each).map((problem) => `${one.name}.fallbacks.${at}: ${problem}`),
    ),
  ]);
}

function gpuProblems({ name, gpu, device, machineType }: Pool): readonly string[] {
  if (gpu === undefined && device !== 'cpu')
    return [`${name}: device ${device} without gpu: no machine would have one, and every frame would fail`];
  if (gpu !== undefined && device === 'cpu')
    return [`${name}: gpu with device cpu: it would be paid for and not used`];
  const problem = gpuProblem(machineType, gpu ?? null);
  return problem === null ? [] : [`${name}: ${problem}`];
}

function fallbackProblems(of: Pool, each: z.output<typeof fallback>): readonly string[] {
  const problems: string[] = [];
  const isOther = each.machineType !== undefined;
  const isSized = each.vcpu !== undefined && each.memoryGiB !== undefined;
  if (!isOther && each.zone === undefined && !each.onDemand)
    problems.push('it names neither machineType, zone nor onDemand, so it is the same again');
  if (isOther && !isSized)
    problems.push(`machineType ${each.machineType} without vcpu and memoryGiB: workers might not fit on it`);
  if (isOther && each.spotPricePerHour === undefined && !each.onDemand)
    problems.push(`machineType ${each.machineType} without spotPricePerHour: nobody could count its money`);
  const onDemandPrice = each.onDemandPricePerHour ?? (isOther ? undefined : of.onDemandPricePerHour);
  if (each.gpu !== undefined && of.gpu === undefined)
    problems.push('gpu in a pool without: it would be paid for and not used');
  const gpuWrong = gpuProblem(each.machineType ?? of.machineType, each.gpu ?? of.gpu ?? null);
  if ((isOther || each.gpu !== undefined) && gpuWrong !== null) problems.push(gpuWrong);
  if (each.onDemand && onDemandPrice === undefined)
    problems.push('onDemand without onDemandPricePerHour: nobody could count its money');
  return problems;
}

function poolSettings(of: Pool): PoolSettings {
  const first: MachineSettings = {
    ...{ name: `${of.name}-spot`, machineType: of.machineType, vcpu: of.vcpu, memoryGiB: of.memoryGiB },
    ...{ zone: null, isSpot: true, gpu: of.gpu ?? null, pricePerHour: of.spotPricePerHour },
    onDemandPricePerHour: of.onDemandPricePerHour ?? null,
  };
  const others = of.fallbacks.map((each, index) => fallbackMachine(first, each, `${of.name}-${index + 2}`));
  const { name, max, device } = of;
  return { name, max, device, machines: [first, ...others] };
}

function fallbackMachine(
  first: MachineSettings,
  each: z.output<typeof fallback>,
  name: string,
): MachineSettings {
  const isOther = each.machineType !== undefined;
  const onDemandPrice = each.onDemandPricePerHour ?? (isOther ? null : first.onDemandPricePerHour);
  const spotPrice = each.spotPricePerHour ?? first.pricePerHour;
  return {
    name,
    machineType: each.machineType ?? first.machineType,
    vcpu: each.vcpu ?? first.vcpu,
    memoryGiB: each.memoryGiB ?? first.memoryGiB,
    zone: each.zone ?? null,
    isSpot: !each.onDemand,
    gpu: each.gpu ?? first.gpu,
    pricePerHour: each.onDemand ? (onDemandPrice ?? spotPrice) : spotPrice,
    onDemandPricePerHour: onDemandPrice,
  };
}
