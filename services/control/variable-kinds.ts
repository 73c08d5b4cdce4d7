import { delimiter } from 'node:path';
import { z } from 'zod';

/** One environment variable: how it is read, and what people are told about it (README, errors). */
export interface Variable<T> {
  readonly schema: z.ZodType<T, string>;
  /** The value when it is not set, as people would write it; `''` = there is none. */
  readonly byDefault: string;
  /** The default on Google Cloud, where it is another one. */
  readonly inCloud?: string;
  /** What it may be: "seconds, 0 to 3600". */
  readonly range: string;
  /** What it decides, so that a reader knows the consequence of a value. */
  readonly help: string;
  /** A value that is wrong is not shown either. */
  readonly isSecret?: true;
}

interface NumberRange {
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly byDefault: number;
  readonly isWhole?: boolean;
}

export function variable<T>(
  schema: z.ZodType<T, string>,
  byDefault: string,
  range: string,
  text: { readonly help: string },
): Variable<T> {
  return { schema, byDefault, range, help: text.help };
}

export function number(range: NumberRange, help: string): Variable<number> {
  return { schema: numberSchema(range), byDefault: String(range.byDefault), range: rangeText(range), help };
}

/** A number that may be left out: `null` then. */
export function optionalNumber(range: Omit<NumberRange, 'byDefault'>, help: string): Variable<number | null> {
  const schema = z.string().transform((text, context) => {
    if (text === '') return null;
    const parsed = numberSchema(range).safeParse(text);
    if (parsed.success) return parsed.data;
    context.addIssue('is no number in the range');
    return z.NEVER;
  });
  return { schema, byDefault: '', range: rangeText(range), help };
}

/** Plain decimal notation only: `1e3`, `0x10` and `Infinity` are more likely slips than intentions. */
function numberSchema(range: Omit<NumberRange, 'byDefault'>): z.ZodType<number, string> {
  const limits = z.number().min(range.min).max(range.max);
  return z
    .string()
    .regex(range.isWhole === true ? /^\d+$/ : /^\d+(\.\d+)?$/)
    .transform(Number)
    .pipe(range.isWhole === true ? limits.int() : limits);
}

function rangeText(range: Omit<NumberRange, 'byDefault'>): string {
  return `${range.unit}, ${range.min} to ${range.max}`;
}

/** `inCloud` left out = the same default. */
export function flag(byDefault: boolean, help: string, inCloud?: boolean): Variable<boolean> {
  const schema = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
  const cloud = inCloud === undefined ? {} : { inCloud: String(inCloud) };
  return { schema, byDefault: String(byDefault), ...cloud, range: 'true or false', help };
}

export function choice<const T extends string>(
  values: readonly T[],
  byDefault: T,
  text: { readonly help: string },
): Variable<T> {
  const schema = z.string().pipe(z.enum(values));
  return { schema: schema as z.ZodType<T, string>, byDefault, range: values.join(', '), help: text.help };
}

export function pathList(): z.ZodType<readonly string[], string> {
  return z.string().transform((text) => text.split(delimiter).filter((path) => path !== ''));
}

/** Commas inside braces belong to the glob: `{lib,libs}` is one. */
export function globs(): z.ZodType<readonly string[], string> {
  return z.string().transform((text) => {
    if (text === 'none') return [];
    const parts = text.match(/(?:\{[^}]*\}|[^,{])+/g) ?? [];
    return parts.map((part) => part.trim()).filter((part) => part !== '');
  });
}

/** Text of one form; `''` = not given. */
export function text(pattern: RegExp, byDefault: string, range: string, help: string): Variable<string> {
  const schema = z.string().refine((value) => value === '' || pattern.test(value));
  return { schema, byDefault, range, help };
}

/** Several of one form with "," between. */
export function list(
  pattern: RegExp,
  byDefault: string,
  range: string,
  help: string,
): Variable<readonly string[]> {
  const schema = z
    .string()
    .transform((value) => value.split(',').flatMap((part) => part.trim() || []))
    .refine((parts) => parts.every((part) => pattern.test(part)));
  return { schema, byDefault, range, help };
}

/** An address that lets in whoever knows it, so nobody may read it in a log. One with a name and a password in it is none. */
export function secretUrl(range: string, help: string): Variable<string> {
  const isUrl = (value: string) => /^https?:\/\/[^\s/@]+(\/\S*)?$/.test(value) && URL.canParse(value);
  const schema = z.string().refine((value) => value === '' || isUrl(value));
  return { schema, byDefault: '', range, help, isSecret: true };
}

/** Text that nobody may read in a log. */
export function secret(pattern: RegExp, range: string, help: string): Variable<string> {
  return { ...text(pattern, '', range, help), isSecret: true };
}
