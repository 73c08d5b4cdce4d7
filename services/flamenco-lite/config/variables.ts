export type Audience = 'workers' | 'users';

interface VariableValue {
  readonly audience: Audience | 'all';
  readonly platforms: readonly string[];
  readonly value: string;
}

interface Variable {
  readonly isTwoWay: boolean;
  readonly values: readonly VariableValue[];
}

export type Variables = ReadonlyMap<string, Variable>;

export interface ResolvedVariable {
  readonly value: string;
  readonly isTwoWay: boolean;
}

/** Reads the `variables` of the configuration; throws when their shape is not that of flamenco.md §4.2. */
export function parseVariables(raw: unknown): Variables {
  if (raw === undefined || raw === null) return new Map();
  return new Map(
    Object.entries(asObject(raw, 'variables')).map(([name, spec]) => [name, parseVariable(name, spec)]),
  );
}

/** The variables of an audience on a platform; a value for the platform itself beats one for all. */
export function resolveVariables(
  variables: Variables,
  audience: Audience,
  platform: string,
  jobStorage: string,
): ReadonlyMap<string, ResolvedVariable> {
  const resolved = new Map<string, ResolvedVariable>();
  for (const [name, variable] of variables) {
    const value = valueFor(variable, audience, platform) ?? valueFor(variable, audience, 'all');
    if (value !== null) resolved.set(name, { value, isTwoWay: variable.isTwoWay });
  }
  // Flamenco's one implicit variable; a configured one of that name is dropped.
  resolved.set('jobs', { value: jobStorage, isTwoWay: false });
  return resolved;
}

/** Replaces each `{name}` in the texts of a value, one level deep in lists; unknown names stay. */
export function expandVariables(value: unknown, variables: ReadonlyMap<string, ResolvedVariable>): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (typeof item === 'string' ? expandVariables(item, variables) : item));
  }
  if (typeof value !== 'string') return value;
  let expanded = value;
  for (const [name, variable] of variables) expanded = expanded.replaceAll(`{${name}}`, () => variable.value);
  return expanded;
}

/** Turns a value that begins with a two-way variable's value into `{name}…`; case does not matter. */
export function recogniseTwoWay(value: string, variables: ReadonlyMap<string, ResolvedVariable>): string {
  let result = value;
  for (const [name, variable] of variables) {
    if (!variable.isTwoWay || !result.toLowerCase().startsWith(variable.value.toLowerCase())) continue;
    result = `{${name}}${result.slice(variable.value.length)}`;
  }
  return result;
}

function parseVariable(name: string, raw: unknown): Variable {
  const spec = asObject(raw, `variables.${name}`);
  const isTwoWay = spec.is_twoway === true;
  const values = spec.values;
  if (!Array.isArray(values)) throw new Error(`variables.${name}.values must be a list`);
  return { isTwoWay, values: values.map((value: unknown) => parseValue(name, value, isTwoWay)) };
}

function parseValue(name: string, raw: unknown, isTwoWay: boolean): VariableValue {
  const { audience, platform, platforms, value } = asObject(raw, `variables.${name}.values`);
  const text = String(value ?? '');
  return {
    audience: audience === 'workers' || audience === 'users' ? audience : 'all',
    platforms: [platform, ...(Array.isArray(platforms) ? platforms : [])].filter(
      (entry) => typeof entry === 'string',
    ),
    // `/path/to/apps/blender` must become `{apps}/blender`, so the value may not end in a slash.
    value: isTwoWay ? text.replace(/[\\/]+$/, '') : text,
  };
}

function valueFor(variable: Variable, audience: Audience, platform: string): string | null {
  const matching = variable.values.filter(
    (value) =>
      (value.audience === 'all' || value.audience === audience) && value.platforms.includes(platform),
  );
  return matching.at(-1)?.value ?? null;
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${what} must be a set of keys and values`);
  }
  return { ...value };
}
