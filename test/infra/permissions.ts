import type { Asked } from '../gcp/server.ts';

/** Who may do what: a role's permissions on one thing, and where a condition holds. */
export interface Grant {
  readonly member: string;
  /** A bucket's name, or `project`. */
  readonly on: string;
  readonly permissions: readonly string[];
  /** Of the names of objects; `null` = all. */
  readonly holds: ((object: string) => boolean) | null;
}

/** What Google asks for before it does one thing. */
export interface Needed {
  readonly permission: string;
  readonly on: string;
  /** The object concerned. */
  readonly object?: string;
}

/** Google's roles that we use on buckets, as far as it is about objects. */
export const STORAGE_ROLES: Readonly<Record<string, readonly string[]>> = {
  'roles/storage.objectViewer': ['get', 'list'],
  'roles/storage.objectCreator': ['create'],
  'roles/storage.objectUser': ['create', 'delete', 'get', 'list', 'update'],
};

/** What one of our requests to Google needs; `[]` = nothing. Throws at one that is not known here. */
export function neededFor({ method, url, headers }: Asked): readonly Needed[] {
  const path = url.pathname;
  const inProject = (...permissions: string[]) =>
    permissions.map((permission) => ({ permission, on: 'project' }));
  if (/\/storage\/v1\/b\//.test(path)) return neededForObject(method, url);
  if (/\/locations\/[^/]+\/jobs/.test(path)) return inProject(`cloudscheduler.jobs.${jobVerb(method, path)}`);
  if (path.startsWith('/compute/v1/')) return inProject(computePermission(method, path));
  if (/^\/v1\/projects\/[^/]+\/locations\/[^/]+\/(clusters|operations)/.test(path))
    return inProject(`container.${clusterVerb(method, path)}`);
  if (/^\/(api|apis|openapi|version)(\/|$)/.test(path))
    return inProject(...kubePermissions(method, path, headers));
  throw new Error(`what does this need? ${method} ${url.pathname}`);
}

function neededForObject(method: string, url: URL): readonly Needed[] {
  // The address of a resumable session is its own credential.
  if (url.searchParams.has('upload_id')) return [];
  const [, bucket = '', escaped = ''] = /\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(url.pathname) ?? [];
  const object = decodeURIComponent(escaped) || (url.searchParams.get('name') ?? '');
  const of = (...verbs: string[]) =>
    verbs.map((verb) => ({ permission: `storage.objects.${verb}`, on: bucket, ...(object && { object }) }));
  if (method === 'GET') return of(escaped === '' ? 'list' : 'get');
  if (method === 'DELETE') return of('delete');
  if (method !== 'POST') throw new Error(`what does this need? ${method} ${url.pathname}`);
  // Whatever may overwrite wants the right to delete, too.
  return url.searchParams.get('ifGenerationMatch') === '0' ? of('create') : of('create', 'delete');
}

function jobVerb(method: string, path: string): string {
  const [, custom] = /:(\w+)$/.exec(path) ?? [];
  if (custom !== undefined) return custom === 'resume' ? 'enable' : custom;
  return { GET: 'get', POST: 'create', PATCH: 'update', DELETE: 'delete' }[method] ?? method;
}

function computePermission(method: string, path: string): string {
  const [, aggregated] = /\/aggregated\/(\w+)$/.exec(path) ?? [];
  if (aggregated !== undefined) return `compute.${aggregated}.list`;
  if (method === 'DELETE' && /\/disks\/[^/]+$/.test(path)) return 'compute.disks.delete';
  return /\/regions\/[^/]+$/.test(path) ? 'compute.regions.get' : 'compute.projects.get';
}

function clusterVerb(method: string, path: string): string {
  const [, kind, one] = /\/(clusters|operations)(\/[^/]+)?$/.exec(path) ?? [];
  const read = one === undefined ? 'list' : 'get';
  return `${kind}.${{ GET: read, POST: 'create', DELETE: 'delete' }[method] ?? method}`;
}

/** As GKE's IAM names what Kubernetes has: `networkpolicies` are `networkPolicies`, a patch is an update. */
const KINDS = [
  ...['configMaps', 'deployments', 'events', 'jobs', 'namespaces', 'networkPolicies', 'pods'],
  ...['replicaSets', 'secrets', 'serviceAccounts', 'services'],
];

function kubePermissions(method: string, path: string, headers: Asked['headers']): readonly string[] {
  // Google's front end asks this first, whatever follows.
  const connect = 'container.clusters.connect';
  if (/\/services\/[^/]+\/proxy(\/|$)/.test(path)) return [connect, 'container.services.proxy'];
  // Every account may ask which kinds there are.
  if (/^\/(version|api(\/v1)?|apis(\/[^/]+){0,2}|openapi\/.*)$/.test(path)) return [connect];
  const [, plural, one] =
    /^\/(?:api\/v1|apis\/[^/]+\/v1)(?:\/namespaces\/[^/]+(?=\/))?\/([a-z]+)(\/[^/]+)?$/.exec(path) ?? [];
  const kind = KINDS.find((each) => each.toLowerCase() === plural);
  if (kind === undefined) throw new Error(`what does this need? ${method} ${path}`);
  const isApply = headers['content-type']?.includes('apply-patch') === true;
  const read = one === undefined ? ['list'] : ['get'];
  const verbs = {
    ...{ GET: read, POST: ['create'], PUT: ['update'], DELETE: ['delete'] },
    PATCH: isApply ? ['create', 'update'] : ['update'],
  }[method];
  return [connect, ...(verbs ?? [method]).map((verb) => `container.${kind}.${verb}`)];
}
