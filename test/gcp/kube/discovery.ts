import { baseOf, KINDS, type Kind } from './objects.ts';

const GROUPS = [...new Set(KINDS.map(({ group }) => group))];
const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update'];
/** Parameters by which a client sees that the server validates fields and applies by itself. */
const PATCH_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'force'];

/** What a client asks first: which kinds there are. `null` = the path is about something else. */
export function discover(path: string): unknown {
  if (path === '/version') return { major: '1', minor: '35', gitVersion: 'v1.35.1-gke.100' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups() };
  if (path === '/openapi/v3') return { paths: Object.fromEntries(GROUPS.map((group) => openApiPath(group))) };
  const described = GROUPS.find((group) => path === `/openapi/v3${baseOf(group)}`);
  if (described !== undefined) return openApi(described);
  const group = GROUPS.find((each) => baseOf(each) === path);
  if (group === undefined) return null;
  return {
    ...{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group },
    resources: KINDS.filter((kind) => kind.group === group).map(({ plural, kind, isNamespaced }) => ({
      ...{ name: plural, singularName: kind.toLowerCase(), kind, namespaced: isNamespaced, verbs: VERBS },
    })),
  };
}

function groups(): readonly unknown[] {
  return GROUPS.filter((group) => group !== 'v1').map((groupVersion) => {
    const [name, version] = groupVersion.split('/');
    const preferredVersion = { groupVersion, version };
    return { name, versions: [preferredVersion], preferredVersion };
  });
}

function openApiPath(group: string): readonly [string, unknown] {
  const path = baseOf(group);
  return [path.slice(1), { serverRelativeURL: `/openapi/v3${path}?hash=1` }];
}

function openApi(group: string): unknown {
  const kinds = KINDS.filter((kind) => kind.group === group);
  const parameters = PATCH_PARAMETERS.map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.35.1' },
    paths: Object.fromEntries(
      kinds.map((kind) => [
        `${baseOf(group)}/${kind.plural}/{name}`,
        { patch: { 'x-kubernetes-group-version-kind': typeOf(kind), responses: {}, parameters } },
      ]),
    ),
    components: {
      schemas: Object.fromEntries(
        kinds.map((kind) => [
          kind.kind,
          {
            type: 'object',
            'x-kubernetes-group-version-kind': [typeOf(kind)],
            'x-kubernetes-preserve-unknown-fields': true,
          },
        ]),
      ),
    },
  };
}

function typeOf({ group, kind }: Kind) {
  const parts = group.split('/');
  return { group: parts.length === 1 ? '' : parts[0], version: parts.at(-1), kind };
}
