/** A Kubernetes object as it is sent. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  metadata: Metadata;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  readonly data?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface Kind {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
}

export const KINDS: readonly Kind[] = [
  { group: 'v1', plural: 'configmaps', kind: 'ConfigMap', isNamespaced: true },
  { group: 'v1', plural: 'events', kind: 'Event', isNamespaced: true },
  { group: 'v1', plural: 'namespaces', kind: 'Namespace', isNamespaced: false },
  { group: 'v1', plural: 'pods', kind: 'Pod', isNamespaced: true },
  { group: 'v1', plural: 'secrets', kind: 'Secret', isNamespaced: true },
  { group: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', isNamespaced: true },
  { group: 'v1', plural: 'services', kind: 'Service', isNamespaced: true },
  { group: 'apps/v1', plural: 'deployments', kind: 'Deployment', isNamespaced: true },
  { group: 'batch/v1', plural: 'jobs', kind: 'Job', isNamespaced: true },
  { group: 'networking.k8s.io/v1', plural: 'networkpolicies', kind: 'NetworkPolicy', isNamespaced: true },
];

/** `/api/v1` or `/apis/batch/v1`. */
export function baseOf(group: string): string {
  return group === 'v1' ? '/api/v1' : `/apis/${group}`;
}

/** `a=b,c==d`, on labels. */
export function fitsLabels({ metadata }: KubeObject, selector: string): boolean {
  return parts(selector).every(([key, value]) => metadata.labels?.[key] === value);
}

/** `involvedObject.kind=Pod,reason=FailedScaleUp`, on fields. */
export function fitsFields(object: KubeObject, selector: string): boolean {
  return parts(selector).every(([path, value]) => fieldAt(object, path.split('.')) === value);
}

/** A JSON patch of additions, or a merge patch. */
export function patched(object: KubeObject, patch: KubeObject | readonly unknown[]): KubeObject {
  if (!Array.isArray(patch)) return merge(object, patch) as KubeObject;
  let after: unknown = object;
  for (const { path, value } of patch as readonly { path: string; value: unknown }[]) {
    const nested = path
      .split('/')
      .slice(1)
      .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    after = merge(after, nested);
  }
  return after as KubeObject;
}

function parts(selector: string): readonly (readonly [string, string])[] {
  return selector
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [key = '', value = ''] = part.split(/==?/);
      return [key, value] as const;
    });
}

function fieldAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
}

function merge(before: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const after: Record<string, unknown> =
    typeof before === 'object' && before !== null && !Array.isArray(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete after[key];
    else after[key] = merge(after[key], value);
  }
  return after;
}
