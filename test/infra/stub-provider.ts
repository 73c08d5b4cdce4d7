import { protocol } from './plugin-protocol.ts';
import type { Block, ProviderSchema } from './provider-schema.ts';
import { loadTool } from './terraform-tools.ts';

type Value = Record<string, unknown> | null;

export interface StubProvider {
  /** Makes Terraform use this provider in place of the real one: no download, no process of its own. */
  readonly env: Readonly<Record<string, string>>;
  /** `create|update|delete google_storage_bucket NAME` of each change, in order. */
  readonly changes: readonly string[];
  /** The next change of this kind of resource is refused with these words. */
  fail(type: string, words: string): void;
  /** Somebody else changes these attributes of each resource of this type and name. */
  change(type: string, name: string, attributes: Readonly<Record<string, unknown>>): void;
  close(): void;
}

interface Dynamic {
  readonly msgpack: Buffer;
}
interface Asked {
  readonly type_name: string;
  readonly id: string;
  readonly config: Dynamic | null;
  readonly prior_state: Dynamic | null;
  readonly planned_state: Dynamic | null;
  readonly current_state: Dynamic | null;
  readonly proposed_new_state: Dynamic | null;
  readonly raw_state: { readonly json: Buffer } | null;
}

const NESTING = { single: 1, list: 2, set: 3 };
const ERROR = 1;

/**
 * A provider `google` with the real schema and no cloud behind it: what Terraform plans becomes its state, and what Google
 * would tell (addresses, numbers) is made up from the names, so that a repeat gives the same.
 */
export async function startStubProvider(schema: ProviderSchema): Promise<StubProvider> {
  const grpc = loadTool<Grpc>('@grpc/grpc-js');
  const { encode, decode } = loadTool<MsgPack>('@msgpack/msgpack');
  const { fromJSON } = loadTool<ProtoLoader>('@grpc/proto-loader');
  const loaded = grpc.loadPackageDefinition(fromJSON(protocol(), { keepCase: true, defaults: true }));
  const changes: string[] = [];
  const refusals = new Map<string, string>();
  const changed = new Map<string, Readonly<Record<string, unknown>>>();
  let project = '';
  const toldOf = (type: string, value: Record<string, unknown>) =>
    told(type, value, { block: blockOf(type), project });
  const pack = (value: Value): Dynamic => ({ msgpack: Buffer.from(encode(value)) });
  const unpack = (given: Dynamic | null) => (given?.msgpack.length ? (decode(given.msgpack) as Value) : null);
  const blockOf = (type: string) => schema.resources.get(type) ?? schema.dataSources.get(type);

  const methods: Readonly<Record<string, (asked: Asked) => object>> = {
    GetSchema: () => ({
      provider: wire(schema.provider),
      resource_schemas: allWire(schema.resources),
      data_source_schemas: allWire(schema.dataSources),
    }),
    PrepareProviderConfig: ({ config }) => ({ prepared_config: config }),
    Configure: ({ config }) => {
      project = String(unpack(config)?.project);
      return {};
    },
    ValidateResourceTypeConfig: () => ({}),
    ValidateDataSourceConfig: () => ({}),
    UpgradeResourceState: ({ raw_state }) => ({ value: pack(JSON.parse(String(raw_state?.json))) }),
    ReadResource: ({ type_name, current_state }) => {
      const current = unpack(current_state);
      const others = current === null ? undefined : changed.get(`${type_name} ${nameOf(current)}`);
      return { value: others === undefined ? current_state : pack({ ...current, ...others }) };
    },
    PlanResourceChange: ({ type_name, proposed_new_state }) => {
      const proposed = unpack(proposed_new_state);
      return { planned_state: pack(proposed && toldOf(type_name, proposed)) };
    },
    ApplyResourceChange: ({ type_name, prior_state, planned_state }) => {
      const [prior, planned] = [unpack(prior_state), unpack(planned_state)];
      const words = refusals.get(type_name);
      refusals.delete(type_name);
      if (words !== undefined)
        return { new_state: pack(prior), diagnostics: [{ severity: ERROR, summary: words }] };
      const kind = prior === null ? 'create' : planned === null ? 'delete' : 'update';
      const whole = planned && toldOf(type_name, planned);
      changes.push(`${kind} ${type_name} ${nameOf(whole ?? prior ?? {})}`);
      return { new_state: pack(whole) };
    },
    ImportResourceState: ({ type_name, id }) => {
      const block = blockOf(type_name);
      const empty = Object.fromEntries([
        ...(block?.attributes ?? []).map(({ name }) => [name, null]),
        ...(block?.blocks ?? []).map(({ name, nesting }) => [name, nesting === 'single' ? null : []]),
      ]);
      return { imported_resources: [{ type_name, state: pack({ ...empty, id, name: id }) }] };
    },
    ReadDataSource: ({ type_name, config }) => ({
      value: pack(toldOf(type_name, unpack(config) ?? {})),
    }),
    Stop: () => ({}),
  };

  const server = new grpc.Server();
  server.addService(
    loaded.tfplugin5.Provider.service,
    Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        ({ request }: { request: Asked }, answer: (error: Error | null, value?: object) => void) => {
          try {
            answer(null, method(request));
          } catch (error) {
            answer(error instanceof Error ? error : new Error(String(error)));
          }
        },
      ]),
    ),
  );
  const port = await new Promise<number>((done, failed) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? done(bound) : failed(error),
    ),
  );
  const attach = {
    'hashicorp/google': {
      ...{ Protocol: 'grpc', ProtocolVersion: 5, Pid: process.pid, Test: true },
      Addr: { Network: 'tcp', String: `127.0.0.1:${port}` },
    },
  };
  return {
    env: { TF_REATTACH_PROVIDERS: JSON.stringify(attach), CHECKPOINT_DISABLE: '1' },
    changes,
    fail: (type, words) => void refusals.set(type, words),
    change: (type, name, attributes) => void changed.set(`${type} ${name}`, attributes),
    close: () => server.forceShutdown(),
  };
}

/** What Google tells of a thing, made up. What is not known yet, since it follows from others, stays so. */
function told(
  type: string,
  value: Record<string, unknown>,
  { block, project }: { readonly block: Block | undefined; readonly project: string },
): Record<string, unknown> {
  const name = nameOf(value);
  const email = `${name}@${project}.iam.gserviceaccount.com`;
  const made: Readonly<Record<string, string>> = {
    id: name,
    number: '123456789',
    email,
    email_address: 'storage-agent@gs.iam.gserviceaccount.com',
    member: `serviceAccount:${type === 'google_service_account' ? email : 'storage-agent@gs.iam.gserviceaccount.com'}`,
  };
  const computed = (block?.attributes ?? []).filter(
    (each) => each.computed && each.type === 'string' && value[each.name] === null,
  );
  const names = computed.filter((each) => !each.optional || each.name === 'id').map((each) => each.name);
  return {
    ...value,
    ...Object.fromEntries(names.map((each) => [each, made[each] ?? `${type}/${name}/${each}`])),
  };
}

const NAMES = ['account_id', 'role_id', 'repository_id', 'service', 'display_name', 'name', 'role', 'topic'];

function nameOf(value: Record<string, unknown>): string {
  const found = NAMES.map((name) => value[name]).find((name) => typeof name === 'string');
  return String(found ?? value.id ?? '');
}

function allWire(blocks: ReadonlyMap<string, Block>): object {
  return Object.fromEntries([...blocks].map(([name, block]) => [name, wire(block)]));
}

function wire(block: Block): object {
  return { version: 0, block: wireBlock(block) };
}

function wireBlock({ attributes, blocks }: Block): object {
  return {
    version: 0,
    attributes: attributes.map(({ type, ...attribute }) => ({
      ...attribute,
      type: Buffer.from(JSON.stringify(type)),
    })),
    block_types: blocks.map(({ name, nesting, min, max, block }) => ({
      ...{ type_name: name, nesting: NESTING[nesting], min_items: min, max_items: max },
      block: wireBlock(block),
    })),
  };
}

/** What we use of the packages. */
interface ProtoLoader {
  fromJSON(json: object, options: object): unknown;
}
interface MsgPack {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}
interface Grpc {
  loadPackageDefinition(definition: unknown): { tfplugin5: { Provider: { service: unknown } } };
  ServerCredentials: { createInsecure(): unknown };
  Server: new () => {
    addService(service: unknown, methods: object): void;
    bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
    forceShutdown(): void;
  };
}
