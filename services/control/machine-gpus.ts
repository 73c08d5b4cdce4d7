export interface Gpus {
  /** Google's name: `nvidia-l4`. */
  readonly type: string;
  readonly count: number;
}

/** Machine types that have GPUs of one kind (Compute Engine's list, November 2026), by how their names begin. */
const BUILT_IN: readonly (readonly [start: string, type: string])[] = [
  ['g2-', 'nvidia-l4'],
  ['g4-', 'nvidia-rtx-pro-6000'],
  ['a2-ultragpu-', 'nvidia-a100-80gb'],
  ['a2-', 'nvidia-tesla-a100'],
  ['a3-highgpu-', 'nvidia-h100-80gb'],
  ['a3-megagpu-', 'nvidia-h100-mega-80gb'],
  ['a3-ultragpu-', 'nvidia-h200-141gb'],
  ['a4-highgpu-', 'nvidia-b200'],
];

/** Of families whose names do not end in their number of GPUs (`-8g`), by processors; others of them have one. */
const COUNT_BY_VCPU: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  g2: { 24: 2, 48: 4, 96: 8 },
  g4: { 96: 2, 192: 4, 384: 8 },
};

/** Families that take no GPU; of N1 alone it is free to choose, and of what is newer than this list nothing is known. */
const WITHOUT = /^(?:e2|n2d?|n4[ad]?|c2d?|c3d?|c4[ad]?|t2[ad]|m[1-4]|x4|h3|h4d|z3)-/;

/** What GKE would refuse, and no cluster would be made with: GPUs that a machine type does not have. `null` = nothing is known to be wrong. */
export function gpuProblem(machineType: string, gpu: Gpus | null): string | null {
  if (WITHOUT.test(machineType)) return gpu === null ? null : `machineType ${machineType} takes no GPU`;
  const has = builtIn(machineType);
  if (has === null || (has.type === gpu?.type && has.count === gpu.count)) return null;
  const given = gpu === null ? 'none' : `${gpu.count} of type ${gpu.type}`;
  return `machineType ${machineType} has ${has.count} of type ${has.type}, and gpu says ${given}`;
}

function builtIn(machineType: string): Gpus | null {
  const type = BUILT_IN.find(([start]) => machineType.startsWith(start))?.[1];
  if (type === undefined) return null;
  const named = /-(\d+)g$/.exec(machineType)?.[1];
  const [family = '', , vcpu = ''] = machineType.split('-');
  return { type, count: named === undefined ? (COUNT_BY_VCPU[family]?.[vcpu] ?? 1) : Number(named) };
}
