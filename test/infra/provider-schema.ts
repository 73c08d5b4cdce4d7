import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A type as Terraform's protocol writes it. */
type CtyType = 'string' | 'number' | 'bool' | readonly ['list' | 'set' | 'map', CtyType];

interface Attribute {
  readonly name: string;
  readonly type: CtyType;
  readonly required: boolean;
  readonly optional: boolean;
  readonly computed: boolean;
}

interface NestedBlock {
  readonly name: string;
  readonly nesting: 'single' | 'list' | 'set';
  readonly min: 0 | 1;
  /** 0 = any number. */
  readonly max: 0 | 1;
  readonly block: Block;
}

/** What may stand between the braces of a resource or of a block in it. */
export interface Block {
  readonly attributes: readonly Attribute[];
  readonly blocks: readonly NestedBlock[];
}

export interface ProviderSchema {
  readonly provider: Block;
  readonly resources: ReadonlyMap<string, Block>;
  readonly dataSources: ReadonlyMap<string, Block>;
}

/** The names of what a configuration uses: `google_storage_bucket`. */
interface Used {
  readonly resources: readonly string[];
  readonly dataSources: readonly string[];
}

const GETTERS: Readonly<Record<string, CtyType>> = {
  String: 'string',
  Number: 'number',
  Boolean: 'bool',
  List: ['list', 'string'],
  NumberList: ['list', 'number'],
  StringMap: ['map', 'string'],
};

/**
 * The google provider's schema, read from the bindings that are generated from it for JavaScript (@cdktf/provider-google).
 * What is optional there may be computed, too; the bindings do not tell.
 */
export function readProviderSchema(toolsFolder: string, used: Used): ProviderSchema {
  const lib = join(toolsFolder, 'node_modules/@cdktf/provider-google/lib');
  const read = (folder: string) => {
    const file = join(lib, folder, 'index.js');
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  };
  const all = (names: readonly string[], prefix: string) =>
    new Map(
      names.flatMap((name) => {
        const source = read(`${prefix}${name.replace(/^google_/, '').replaceAll('_', '-')}`);
        return source === null ? [] : [[name, resourceBlock(source)] as const];
      }),
    );
  return {
    provider: providerBlock(read('provider') ?? ''),
    resources: all(used.resources, ''),
    dataSources: all(used.dataSources, 'data-google-'),
  };
}

function resourceBlock(source: string): Block {
  const classes = classesOf(source);
  const main = [...classes.entries()].find(([, { base }]) => /^Terraform(Resource|DataSource)$/.test(base));
  if (main === undefined) throw new Error('no resource among the bindings');
  return blockOf(main[1].body, classes);
}

type Classes = ReadonlyMap<string, { readonly base: string; readonly body: string }>;

function classesOf(source: string): Classes {
  const parts = source.split(/^class /m).slice(1);
  return new Map(
    parts.map((body) => {
      const [, name = '', base = ''] = /^(\w+) extends cdktf\.(\w+)/.exec(body) ?? [];
      return [name, { base, body }];
    }),
  );
}

function blockOf(body: string, classes: Classes): Block {
  return { attributes: attributesOf(body), blocks: nestedOf(body, classes) };
}

function attributesOf(body: string): readonly Attribute[] {
  const getters = body.matchAll(
    /^ {4}get (\w+)\(\) \{\s+return (cdktf\.Fn\.tolist\()?this\.get(\w+)Attribute\('(\w+)'\)/gm,
  );
  const found = [...getters].map(([, property = '', isSet, kind = '', name = '']): Attribute => {
    const type = GETTERS[kind];
    if (type === undefined) throw new Error(`${name}: no type for get${kind}Attribute`);
    const set: CtyType = ['set', kind === 'NumberList' ? 'number' : 'string'];
    return { name, type: isSet === undefined ? type : set, ...standingOf(property, body) };
  });
  const maps = body.matchAll(/new cdktf\.StringMap\(this, "(\w+)"\)/g);
  const computed = { required: false, optional: false, computed: true };
  for (const [, name = ''] of maps) found.push({ name, type: ['map', 'string'], ...computed });
  return found;
}

/** What can be set is required unless it can be unset again; the rest is told by Google. */
function standingOf(property: string, body: string): Pick<Attribute, 'required' | 'optional' | 'computed'> {
  const isSettable = new RegExp(`^ {4}set ${property}\\(`, 'm').test(body);
  const reset = `reset${property.charAt(0).toUpperCase()}${property.slice(1)}()`;
  const optional = isSettable && body.includes(`    ${reset} {`);
  return { required: isSettable && !optional, optional, computed: !isSettable || optional };
}

function nestedOf(body: string, classes: Classes): readonly NestedBlock[] {
  const fields = body.matchAll(
    /\/\/ (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\s+this\._\w+ = new (\w+)\(this, "\w+"(?:, (true|false))?\)/g,
  );
  return [...fields]
    .filter(([, , computed]) => computed === 'false')
    .map(([, name = '', , , required, type = '', isSet]): NestedBlock => {
      const isMany = classes.get(type)?.base === 'ComplexList';
      const inner = classes.get(isMany ? type.replace(/List$/, 'OutputReference') : type);
      if (inner === undefined) throw new Error(`no class ${type} for the block ${name}`);
      return {
        name,
        nesting: name === 'timeouts' ? 'single' : isSet === 'true' ? 'set' : 'list',
        min: required === 'true' ? 1 : 0,
        max: isMany || name === 'timeouts' ? 0 : 1,
        block: blockOf(inner.body, classes),
      };
    });
}

/** The provider's own settings: all may be left out. */
function providerBlock(source: string): Block {
  const simple = source.matchAll(
    /^ {12}(\w+): \{\s+value: .*\s+isBlock: false,\s+type: "simple",\s+storageClassType: "(string|number|boolean)"/gm,
  );
  const attributes = [...simple].map(([, name = '', kind]): Attribute => {
    const type = kind === 'boolean' ? 'bool' : kind === 'number' ? 'number' : 'string';
    return { name, type, required: false, optional: true, computed: false };
  });
  return { attributes, blocks: [] };
}
