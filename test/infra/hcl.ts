import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Block, ProviderSchema } from './provider-schema.ts';
import { loadTool, TERRAFORM_DIR } from './terraform-tools.ts';

/** A block's contents as hcl2json gives them: blocks are arrays, expressions are `${…}`. */
type Body = Readonly<Record<string, unknown>>;

/** A `resource` or `data` block of our configuration. */
export interface Declared {
  readonly kind: 'resource' | 'data';
  readonly type: string;
  readonly name: string;
  readonly body: Body;
}

/** All of `infra/terraform/*.tf`, read without Terraform. Throws at what is no HCL. */
export async function readDeclared(): Promise<readonly Declared[]> {
  const { parse } = loadTool<Hcl2Json>('@cdktf/hcl2json');
  const found: Declared[] = [];
  for (const file of globSync(join(TERRAFORM_DIR, '*.tf')).sort()) {
    const parsed = await parse(basename(file), readFileSync(file, 'utf8'));
    for (const kind of ['resource', 'data'] as const)
      for (const [type, named] of Object.entries(parsed[kind] ?? {}))
        for (const [name, bodies] of Object.entries(named))
          for (const body of bodies) found.push({ kind, type, name, body });
  }
  return found;
}

const META = new Set(['for_each', 'count', 'depends_on', 'lifecycle', 'provider']);

/** What the provider would refuse: unknown types and names, and what is missing; `[]` = nothing. */
export function faultsOf({ kind, type, name, body }: Declared, schema: ProviderSchema): readonly string[] {
  const block = (kind === 'resource' ? schema.resources : schema.dataSources).get(type);
  const at = `${type}.${name}`;
  if (block === undefined) return [`${at}: there is no ${type}`];
  return faultsIn(body, block, at);
}

function faultsIn(body: Body, block: Block, at: string): readonly string[] {
  const own = Object.entries({ ...body, ...dynamicIn(body) }).filter(
    ([key]) => key !== 'dynamic' && !META.has(key),
  );
  const given = new Set(own.map(([key]) => key));
  const missing = [
    ...block.attributes.filter((each) => each.required),
    ...block.blocks.filter((each) => each.min > 0),
  ].filter((each) => !given.has(each.name));
  return [...missing.map((each) => `${at}: ${each.name} is missing`), ...own.flatMap(faultsOfOne)];

  function faultsOfOne([key, value]: readonly [string, unknown]): readonly string[] {
    if (block.attributes.some((each) => each.name === key && (each.required || each.optional))) return [];
    const nested = block.blocks.find((each) => each.name === key);
    if (nested === undefined) return [`${at}: ${key} cannot be set`];
    const bodies = value as readonly Body[];
    const tooMany = nested.max > 0 && bodies.length > nested.max ? [`${at}: ${key} is given twice`] : [];
    return [...tooMany, ...bodies.flatMap((each) => faultsIn(each, nested.block, `${at}.${key}`))];
  }
}

/** `dynamic "env" { content {…} }` stands for blocks `env`. */
function dynamicIn(body: Body): Body {
  const dynamic = (body.dynamic ?? {}) as Readonly<Record<string, readonly { content: readonly Body[] }[]>>;
  return Object.fromEntries(
    Object.entries(dynamic).map(([name, blocks]) => [
      name,
      [...((body[name] as readonly Body[] | undefined) ?? []), ...blocks.flatMap(({ content }) => content)],
    ]),
  );
}

/** What we use of the package. */
interface Hcl2Json {
  parse(
    file: string,
    text: string,
  ): Promise<Partial<Record<string, Record<string, Record<string, readonly Body[]>>>>>;
}
