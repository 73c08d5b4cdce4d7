/** What GKE's own programs on a node (network, metrics, logs, drivers of the disks and buckets) ask for. */
const SYSTEM_PODS = { cpu: 0.5, memoryGiB: 0.75 };
/** The sidecar that mounts the buckets, as the chart asks for it. */
const SIDECAR = { cpu: 0.25, memoryGiB: 1 };
/** A machine's memory as Kubernetes sees it: the kernel keeps some for itself. */
const SEEN_SHARE = 0.98;
/** The kubelet begins to evict below this. */
const EVICTION_GIB = 0.1;

/** GKE keeps a share of each further GiB: `[up to, share]`, from its documentation of node sizes. */
const MEMORY_KEPT = [
  [4, 0.25],
  [8, 0.2],
  [16, 0.1],
  [128, 0.06],
  [Number.POSITIVE_INFINITY, 0.02],
] as const;
/** The same for processors. */
const CPU_KEPT = [
  [1, 0.06],
  [2, 0.01],
  [4, 0.005],
  [Number.POSITIVE_INFINITY, 0.0025],
] as const;

/**
 * What a machine has left for a worker's own container. A little too little is safe: a pod that asks for more than the
 * node has waits for ever. `cpu` in processors (one decimal), memory in whole GiB.
 */
export function roomForWorker({ vcpu, memoryGiB }: { readonly vcpu: number; readonly memoryGiB: number }): {
  readonly cpu: number;
  readonly memoryGiB: number;
} {
  const cpu = vcpu - kept(vcpu, CPU_KEPT) - SYSTEM_PODS.cpu - SIDECAR.cpu;
  const seen = memoryGiB * SEEN_SHARE;
  const memory =
    seen - kept(memoryGiB, MEMORY_KEPT) - EVICTION_GIB - SYSTEM_PODS.memoryGiB - SIDECAR.memoryGiB;
  return { cpu: Math.floor(cpu * 10) / 10, memoryGiB: Math.floor(memory) };
}

function kept(size: number, steps: readonly (readonly [number, number])[]): number {
  let sum = 0;
  let from = 0;
  for (const [to, share] of steps) {
    sum += Math.max(0, Math.min(size, to) - from) * share;
    from = to;
  }
  return sum;
}
