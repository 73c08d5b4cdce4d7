import { isLetIn, type LetIn } from '../let-in.ts';
import { type Answer, type Asked, json, type Server, startServer } from '../server.ts';
import { readBody } from './bodies.ts';
import type { Cluster } from './cluster.ts';
import { discover } from './discovery.ts';
import { baseOf, fitsFields, fitsLabels, KINDS, type Kind, type KubeObject, patched } from './objects.ts';

interface Options {
  readonly clock: { now(): number };
  readonly cluster: Cluster;
  readonly token: LetIn;
  /** Where the pod behind a service answers; `null` = none is ready. */
  readonly upstream: () => string | null;
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'AlreadyExists',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
};

/** Kubernetes' API over http on 127.0.0.1: what our adapters and kubectl ask of it, and the proxy to services. */
export async function startKube({
  clock,
  cluster,
  token,
  upstream,
}: Options): Promise<Server & { url: string }> {
  async function answer(asked: Asked): Promise<Answer> {
    const { headers, url, method } = asked;
    // Go's client sends no token over plain HTTP.
    const isHelm = headers['user-agent']?.startsWith('Helm/') ?? false;
    if (!isHelm && !isLetIn(token, headers.authorization)) return failure(401);
    const discovered = discover(url.pathname);
    if (discovered !== null) return json(200, discovered);
    const proxied = /^(\/api\/v1\/namespaces\/[^/]+\/services\/[^/]+\/proxy)(\/.*)?$/.exec(url.pathname);
    if (proxied !== null) return proxy(asked, proxied[1] ?? '', proxied[2] ?? '/');
    const found =
      /^(\/api\/v1|\/apis\/[^/]+\/v1)(?:\/namespaces\/([^/]+)(?=\/))?\/([a-z]+)(?:\/([^/]+))?$/.exec(
        url.pathname,
      );
    const kind = KINDS.find(({ group, plural }) => baseOf(group) === found?.[1] && plural === found[3]);
    if (found === null || kind === undefined) return failure(404, 'the server could not find the resource');
    const [, , namespace = '', , name] = found;
    if (name !== undefined) return one(kind, namespace, decodeURIComponent(name), asked);
    if (method === 'POST') return create(kind, namespace, asked);
    const [labels, fields] = [url.searchParams.get('labelSelector'), url.searchParams.get('fieldSelector')];
    const items = cluster
      .all(kind.plural, namespace)
      .filter((object) => fitsLabels(object, labels ?? '') && fitsFields(object, fields ?? ''));
    return json(200, {
      ...{ kind: `${kind.kind}List`, apiVersion: kind.group, metadata: { resourceVersion: '1' } },
      items: items.map((object) => typed(kind, object)),
    });
  }

  function one(kind: Kind, namespace: string, name: string, asked: Asked): Answer {
    const { method, headers, body } = asked;
    const object = cluster.get(kind.plural, namespace, name);
    // Server-side apply makes what is not there.
    if (object === undefined && headers['content-type']?.includes('apply-patch'))
      return create(kind, namespace, asked);
    if (object === undefined) return failure(404, `${kind.plural} "${name}" not found`);
    if (method === 'GET') return json(200, typed(kind, object));
    if (method === 'PATCH')
      return json(200, typed(kind, cluster.replace(kind.plural, patched(object, readBody(headers, body)))));
    if (method === 'PUT') {
      const { metadata, ...rest } = readBody(headers, body);
      const merged = { ...rest, metadata: { ...object.metadata, ...metadata } };
      return json(200, typed(kind, cluster.replace(kind.plural, merged)));
    }
    if (method !== 'DELETE') return failure(405);
    cluster.remove(kind.plural, object);
    return json(200, { kind: 'Status', apiVersion: 'v1', status: 'Success' });
  }

  function create(kind: Kind, namespace: string, { headers, body }: Asked): Answer {
    const object = readBody(headers, body);
    const { name } = object.metadata;
    if (object.kind !== undefined && object.kind !== kind.kind) return failure(400, 'another kind');
    if (!/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(name)) return failure(422, `metadata.name: ${name}`);
    if (cluster.get(kind.plural, namespace, name) !== undefined)
      return failure(409, `${kind.plural} "${name}" already exists`);
    const metadata = { ...object.metadata, ...(namespace !== '' && { namespace }) };
    return json(201, typed(kind, cluster.create(kind.plural, { ...object, metadata })));
  }

  /** What the pod says comes through as it is, but the API server rewrites absolute links of pages and redirects. */
  async function proxy({ method, url, headers, body }: Asked, prefix: string, path: string): Promise<Answer> {
    const at = upstream();
    if (at === null) return failure(503, `no endpoints available for service "${prefix.split('/')[6]}"`);
    const { authorization: _, host: __, connection: ___, 'content-length': ____, ...passed } = headers;
    const response = await fetch(`${at}${path}${url.search}`, {
      method,
      headers: passed as Record<string, string>,
      ...(body.length > 0 && { body: new Uint8Array(body) }),
      redirect: 'manual',
    });
    const type = response.headers.get('content-type') ?? 'text/plain';
    const location = response.headers.get('location');
    const text = Buffer.from(await response.arrayBuffer());
    return {
      status: response.status,
      headers: {
        'content-type': type,
        ...(location !== null && { location: location.startsWith('/') ? `${prefix}${location}` : location }),
      },
      body: type.startsWith('text/html')
        ? text.toString().replaceAll(/(href|src)="\//g, `$1="${prefix}/`)
        : text,
    };
  }

  const server = await startServer({ clock, answer, failure: (status) => failure(status) });
  return Object.assign(server, { url: `http://${server.host}` });
}

function typed({ group, kind }: Kind, object: KubeObject): KubeObject {
  return { ...object, apiVersion: group, kind };
}

function failure(code: number, message = REASONS[code] ?? 'error'): Answer {
  const reason = REASONS[code] ?? 'InternalError';
  return json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message });
}
