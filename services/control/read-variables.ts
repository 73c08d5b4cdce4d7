import type { z } from 'zod';
import type { CommandLine } from './command-line.ts';
import type { Variable } from './variable-kinds.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

type Variables = Readonly<Record<string, Variable<unknown>>>;
type ValuesOf<V extends Variables> = { readonly [K in keyof V]: z.output<V[K]['schema']> };

/** Where a value was taken from, so that an error names what the person wrote. */
interface Given {
  readonly label: string;
  readonly text: string;
}

interface Sources {
  readonly env: Environment;
  readonly line: CommandLine;
  /** Some defaults are others there. */
  readonly isCloud: boolean;
}

/** A long text (POOLS) would hide what is said about it. */
const MAX_SHOWN = 60;

/** `null` when a value is bad; the reasons are then in `problems`. */
export function readValues<V extends Variables>(
  variables: V,
  sources: Sources,
  problems: string[],
): ValuesOf<V> | null {
  const values: Record<string, unknown> = {};
  const before = problems.length;
  for (const [name, variable] of Object.entries(variables)) {
    const given = findGiven(name, variable, sources);
    const byDefault = (sources.isCloud ? variable.inCloud : undefined) ?? variable.byDefault;
    const parsed = variable.schema.safeParse(given?.text ?? byDefault);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push(badValue(given ?? { label: name, text: '' }, { ...variable, byDefault }, parsed.error));
  }
  return problems.length > before ? null : (values as ValuesOf<V>);
}

function findGiven(name: string, { isSecret }: Variable<unknown>, { env, line }: Sources): Given | null {
  const onLine = onCommandLine(name, line);
  if (onLine !== null) return onLine;
  const text = env[name]?.trim();
  if (!text) return null;
  return { label: isSecret === true || text.length > MAX_SHOWN ? name : `${name}=${text}`, text };
}

function onCommandLine(name: string, line: CommandLine): Given | null {
  if (name === 'PORT' && line.port !== null) return { label: `--port ${line.port}`, text: line.port };
  if (name === 'IDLE_TEARDOWN_SECONDS' && line.idleSeconds !== null)
    return { label: `--idle-seconds ${line.idleSeconds}`, text: line.idleSeconds };
  return null;
}

function badValue({ label }: Given, variable: Variable<unknown>, error: z.core.$ZodError): string {
  const otherwise = variable.byDefault === '' ? 'leave it out' : `leave it out for ${variable.byDefault}`;
  // Only what we say ourselves is meant for people.
  const words = error.issues.filter(({ code, message }) => code === 'custom' && message !== 'Invalid input');
  const why = words.length === 0 ? '' : ` (${words.map(({ message }) => message).join('; ')})`;
  return `${label} cannot be used${why}. It decides: ${variable.help}. Allowed: ${variable.range}; or ${otherwise}.`;
}
